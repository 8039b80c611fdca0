import { describe, expect, test } from "vitest";
import { decodeStMin, encodeStMin } from "../../../src/can/isotp/st-min.js";

describe("decodeStMin()", () => {
  test.each([
    [0x00, 0],
    [0x01, 1000],
    [0x7f, 127_000],
    [0xf1, 100],
    [0xf5, 500],
    [0xf9, 900],
  ])("reads %i", (byte, us) => {
    expect(decodeStMin(byte)).toBe(us);
    expect(encodeStMin(us)).toBe(byte);
  });

  test.each([0x80, 0xf0, 0xfa, 0xff])("takes the reserved %i for the longest gap", (byte) => {
    expect(decodeStMin(byte)).toBe(127_000);
  });
});

describe("encodeStMin()", () => {
  test.each([
    [1, 0xf1],
    [150, 0xf2],
    [901, 0x01],
    [1001, 0x02],
    [126_500, 0x7f],
  ])("rounds %i µs up", (us, byte) => {
    expect(encodeStMin(us)).toBe(byte);
  });

  test.each([-1, 127_001, Number.NaN, Number.POSITIVE_INFINITY])("refuses %d", (us) => {
    expect(() => encodeStMin(us)).toThrow(RangeError);
  });
});
