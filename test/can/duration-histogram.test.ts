import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { DurationHistogram } from "../../src/can/duration-histogram.js";

describe("DurationHistogram", () => {
  test("quantileNs() is never too low, and at most an eighth too high", () => {
    const durations = fc.array(fc.oneof(fc.nat(20), fc.nat(100_000), fc.integer({ min: 0, max: 2 ** 46 })), {
      minLength: 1,
    });
    fc.assert(
      fc.property(durations, fc.double({ min: 0.01, max: 1, noNaN: true }), (values, quantile) => {
        const histogram = new DurationHistogram();
        for (const value of values) histogram.add(value);
        const sorted = [...values].sort((one, other) => one - other);
        const exact = sorted[Math.ceil(quantile * values.length) - 1] ?? 0;
        expect(histogram.quantileNs(quantile)).toBeGreaterThanOrEqual(exact);
        expect(histogram.quantileNs(quantile)).toBeLessThanOrEqual(exact * 1.125 + 1);
        expect(histogram.maxNs).toBe(sorted.at(-1));
        expect(histogram.count).toBe(values.length);
        expect(histogram.meanNs).toBeCloseTo(values.reduce((sum, value) => sum + value, 0) / values.length, 0);
      }),
    );
  });

  test("all figures are 0 before the first duration, and a negative one counts as 0", () => {
    const histogram = new DurationHistogram();
    expect([histogram.quantileNs(0.5), histogram.meanNs, histogram.maxNs, histogram.count]).toEqual([0, 0, 0, 0]);
    histogram.add(-5);
    expect([histogram.quantileNs(1), histogram.meanNs, histogram.maxNs, histogram.count]).toEqual([0, 0, 0, 1]);
    histogram.add(2 ** 60);
    expect(histogram.quantileNs(1)).toBe(2 ** 60);
  });
});
