import { describe, expect, test } from "vitest";
import { formatBitRate, formatSamplePoint, parseBitRate, parseSamplePoint } from "../../src/cli/bit-rate.js";

describe("parseBitRate()", () => {
  const written: readonly [string, number][] = [
    ["500000", 500_000],
    ["500k", 500_000],
    ["83.333K", 83_333],
    ["1M", 1_000_000],
    ["0.5m", 500_000],
  ];
  test.each(written)("parseBitRate() reads %s", (text, bitRate) => {
    expect(parseBitRate(text)).toBe(bitRate);
  });

  test.each(["", "k", "500 k", "-1", "1e6", "1G", "0x10"])("parseBitRate() refuses %j", (text) => {
    expect(() => parseBitRate(text)).toThrow(/written like 500000, 500k or 1M/);
  });
});

describe("parseSamplePoint()", () => {
  test("parseSamplePoint() reads percent and parts of a bit's time", () => {
    expect(["87.5%", "0.875", "80%", "66.7%"].map(parseSamplePoint)).toEqual([0.875, 0.875, 0.8, 0.667]);
  });

  test.each(["", "%", "-5%", "87,5%", "1/2"])("parseSamplePoint() refuses %j", (text) => {
    expect(() => parseSamplePoint(text)).toThrow(/written like 87.5% or 0.875/);
  });
});

test("formatBitRate() and formatSamplePoint() choose the unit", () => {
  expect([500, 83_333, 500_000, 1_000_000, 2_500_000].map(formatBitRate)).toEqual([
    "500 bit/s",
    "83.333 kbit/s",
    "500 kbit/s",
    "1 Mbit/s",
    "2.5 Mbit/s",
  ]);
  expect(formatSamplePoint(0.875)).toBe("87.5 %");
});
