import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Histogram } from "../../bench/histogram.js";

function filled(values: readonly number[]): Histogram {
  const histogram = new Histogram();
  for (const value of values) histogram.record(value);
  return histogram;
}

/** What bench/c/bench.h makes of the same durations. */
function printByC(values: readonly number[]): string {
  const program = `#define _GNU_SOURCE
#include "bench.h"
static struct bench_histogram histogram;
int main(void)
{
	unsigned long long value;

	while (scanf("%llu", &value) == 1)
		bench_histogram_record(&histogram, value);
	bench_histogram_print(&histogram);
	return 0;
}
`;
  const folder = mkdtempSync(join(tmpdir(), "intercell-histogram-"));
  try {
    const path = join(folder, "program");
    const include = join(import.meta.dirname, "../../bench/c");
    execFileSync("cc", ["-Wall", "-Wextra", "-Werror", `-I${include}`, "-x", "c", "-", "-o", path], { input: program });
    return execFileSync(path, { input: values.join(" "), encoding: "utf8" });
  } finally {
    rmSync(folder, { recursive: true });
  }
}

describe("Histogram", () => {
  test("quantile() is within a bucket above the true one when any durations are recorded", () => {
    const durations = fc.array(fc.integer({ min: 0, max: 0x7fff_ffff }), { minLength: 1, maxLength: 300 });
    fc.assert(
      fc.property(durations, fc.double({ min: 0, max: 1, noNaN: true }), (values, fraction) => {
        const sorted = [...values].sort((a, b) => a - b);
        const exact = sorted[Math.max(1, Math.ceil(sorted.length * fraction)) - 1] ?? 0;
        const found = filled(values).quantile(fraction);
        expect(found).toBeGreaterThanOrEqual(exact);
        expect(found).toBeLessThanOrEqual(exact * (1 + 1 / 64) + 1);
      }),
    );
  });

  test("quantile() gives small durations as they are when each has a bucket of its own", () => {
    const histogram = filled([1, 2, 3, 63]);
    expect([0, 0.25, 0.5, 0.75, 1].map((fraction) => histogram.quantile(fraction))).toEqual([1, 1, 2, 3, 63]);
  });

  test("record() takes what is too long for the longest when it is beyond two seconds", () => {
    const histogram = filled([1e12, -5]);
    expect(histogram.max).toBe(0x7fff_ffff);
    expect(histogram.quantile(1)).toBe(0x7fff_ffff);
    expect(histogram.quantile(0.5)).toBe(0);
  });

  test("from() gives the same histogram when it went through JSON", () => {
    const values = [5, 70, 70, 123_456, 9_999_999];
    const copy = Histogram.from(JSON.parse(JSON.stringify(filled(values))));
    expect(copy.toJSON()).toEqual(filled(values).toJSON());
    expect(copy.count).toBe(values.length);
  });

  test("toJSON() is what the C programs print when both recorded the same durations", () => {
    const values = Array.from({ length: 3000 }, (_, index) => Math.floor(1.0075 ** index)).concat(0, 0x7fff_ffff);
    expect(JSON.parse(printByC(values))).toEqual(JSON.parse(JSON.stringify(filled(values))));
  });

  test("from() throws when a bucket does not exist", () => {
    expect(() => Histogram.from({ buckets: [[99_999, 1]], max: 1 })).toThrow(/not one of/);
  });

  test("merge() counts both when two histograms are put together", () => {
    const both = filled([1, 1000]);
    both.merge(filled([5, 2_000_000]));
    expect(both.toJSON()).toEqual(filled([1, 5, 1000, 2_000_000]).toJSON());
  });
});
