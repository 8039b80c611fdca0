import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { addNs, elapsedNs, formatTimestamp, parseTimestamp, timestampOfMs } from "../../src/can/timestamp.js";

const timestamps = fc.record({
  seconds: fc.integer({ min: 0, max: 4_000_000_000 }),
  nanoseconds: fc.integer({ min: 0, max: 999_999_999 }),
});

describe("Timestamp", () => {
  test("addNs() and elapsedNs() undo each other", () => {
    fc.assert(
      fc.property(timestamps, fc.integer({ min: -(2 ** 50), max: 2 ** 50 }), (timestamp, ns) => {
        const moved = addNs(timestamp, ns);
        expect(moved.nanoseconds).toBeGreaterThanOrEqual(0);
        expect(moved.nanoseconds).toBeLessThan(1e9);
        expect(elapsedNs(timestamp, moved)).toBe(ns);
      }),
    );
  });

  test("parseTimestamp() reads what formatTimestamp() gives", () => {
    fc.assert(
      fc.property(timestamps, (timestamp) => {
        const [seconds = "", fraction = ""] = formatTimestamp(timestamp, 9).split(".");
        expect(parseTimestamp(seconds, fraction)).toEqual(timestamp);
      }),
    );
  });

  test("formatTimestamp() cuts off what its digits do not show", () => {
    expect(formatTimestamp({ seconds: 1, nanoseconds: 999_999_999 }, 6)).toBe("1.999999");
    expect(formatTimestamp({ seconds: 1, nanoseconds: 7 }, 9)).toBe("1.000000007");
  });

  test("parseTimestamp() takes a fraction of any length", () => {
    expect(parseTimestamp("3", "5")).toEqual({ seconds: 3, nanoseconds: 500_000_000 });
    expect(parseTimestamp("3", "123456789999")).toEqual({ seconds: 3, nanoseconds: 123_456_789 });
  });

  test("timestampOfMs() is the moment that Date.now() means", () => {
    expect(timestampOfMs(1_436_509_052_249)).toEqual({ seconds: 1_436_509_052, nanoseconds: 249_000_000 });
    expect(timestampOfMs(0.5)).toEqual({ seconds: 0, nanoseconds: 500_000 });
  });
});
