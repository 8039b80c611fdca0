import { describe, expect, test } from "vitest";
import { Histogram } from "../../bench/histogram.js";
import { drawLatencies } from "../../bench/svg.js";

function histogramOf(...values: number[]): Histogram {
  const histogram = new Histogram();
  for (const value of values) histogram.record(value);
  return histogram;
}

describe("drawLatencies()", () => {
  test("draws a line and a name for each curve when they have values", () => {
    const svg = drawLatencies([
      { name: "a < b & c", histogram: histogramOf(400, 500, 90_000) },
      { name: "other", histogram: histogramOf(...Array.from({ length: 1000 }, (_, index) => 1000 + index)) },
      { name: "empty", histogram: histogramOf() },
    ]);
    expect(svg.match(/<polyline /g)).toHaveLength(2);
    expect(svg).toContain("a &lt; b &amp; c");
    expect(svg).not.toContain("empty");
    expect(svg).not.toMatch(/NaN|Infinity|undefined/);
  });

  test("keeps all points within the drawing, slow ones above fast ones, when values span decades", () => {
    const svg = drawLatencies([{ name: "wide", histogram: histogramOf(1, 50, 3000, 2_000_000_000) }]);
    const points = /points="([^"]*)"/.exec(svg)?.[1]?.split(" ") ?? [];
    const heights = points.map((point) => Number(point.split(",")[1]));
    expect(heights.length).toBeGreaterThan(3);
    expect(Math.min(...heights)).toBeGreaterThanOrEqual(0);
    expect(Math.max(...heights)).toBeLessThanOrEqual(480);
    expect(heights).toEqual([...heights].sort((a, b) => b - a));
  });

  test("is a whole drawing when there is nothing to draw", () => {
    const svg = drawLatencies([]);
    expect(svg).toMatch(/^<svg .*<\/svg>\n$/s);
    expect(svg).not.toMatch(/NaN|Infinity/);
  });
});
