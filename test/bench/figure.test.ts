import { describe, expect, test } from "vitest";
import { createFigure } from "../../bench/figure.js";

describe("createFigure()", () => {
  const base = { name: "raw", unit: "messages/s" };

  test("takes the median of the ratios of single runs when there are baselines", () => {
    const figure = createFigure({ ...base, values: [10, 40, 90], baselines: [10, 20, 30], target: { least: 2 } });
    expect(figure).toEqual({
      ...base,
      value: 40,
      baseline: 20,
      ratio: 2,
      target: "ratio >= 2",
      met: true,
    });
  });

  test("holds the value against the target when there is no baseline", () => {
    const figure = createFigure({ ...base, values: [41], target: { most: 40 } });
    expect(figure).toEqual({ ...base, value: 41, baseline: null, ratio: null, target: "value <= 40", met: false });
  });

  test("leaves target and verdict empty when none is set", () => {
    expect(createFigure({ ...base, values: [1, 2] })).toMatchObject({ value: 1.5, target: null, met: null });
  });

  test("does not meet a target when there is no number", () => {
    expect(createFigure({ ...base, values: [Number.NaN], target: { most: 1 } }).met).toBe(false);
    expect(createFigure({ ...base, values: [Number.NaN], target: { least: 1 } }).met).toBe(false);
  });

  test("throws when there are no values or too few baselines", () => {
    expect(() => createFigure({ ...base, values: [] })).toThrow(RangeError);
    expect(() => createFigure({ ...base, values: [1, 2], baselines: [1] })).toThrow(/2 values and 1 baselines/);
  });
});
