import { describe, expect, test } from "vitest";
import { createFigure } from "../../bench/figure.js";
import { formatNumber, formatTable } from "../../bench/table.js";

describe("formatNumber()", () => {
  test.each([
    [0, "0"],
    [12_345_678.9, "12,345,679"],
    [123.456, "123.5"],
    [10, "10"],
    [0.012345, "0.01235"],
    [-1.5, "-1.5"],
    [Number.NaN, "NaN"],
  ])("of %d is %s when it is to be read by people", (value, text) => {
    expect(formatNumber(value)).toBe(text);
  });
});

describe("formatTable()", () => {
  test("aligns the columns and leaves out what a figure does not have", () => {
    const figures = [
      createFigure({ name: "raw", unit: "messages/s", values: [5000], baselines: [10_000], target: { least: 0.6 } }),
      createFigure({ name: "import", unit: "ms", values: [12], target: { most: 40 } }),
      createFigure({ name: "call", unit: "ns", values: [50] }),
    ];
    expect(formatTable(figures).split("\n")).toEqual([
      "name    value  unit        baseline  ratio  target        met",
      "------  -----  ----------  --------  -----  ------------  ---",
      "raw     5,000  messages/s    10,000    0.5  ratio >= 0.6  NO",
      "import     12  ms                           value <= 40   yes",
      "call       50  ns",
    ]);
  });
});
