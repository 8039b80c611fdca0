import fc from "fast-check";
import { expect, test } from "vitest";
import { percentile } from "../../src/cli/round-trips.js";

test.each([
  [50, 50],
  [99, 99],
  [100, 100],
  [0, 1],
])("percentile() of 1 to 100 at %i is %i", (percent, wanted) => {
  const values = Array.from({ length: 100 }, (_, index) => 100 - index);
  expect(percentile(values, percent)).toBe(wanted);
});

test("percentile() is a value that as many values do not exceed when there are any", () => {
  fc.assert(
    fc.property(fc.array(fc.nat(), { minLength: 1 }), fc.integer({ min: 1, max: 100 }), (values, percent) => {
      const found = percentile(values, percent);
      expect(values).toContain(found);
      const atMost = values.filter((value) => value <= found).length;
      const below = values.filter((value) => value < found).length;
      expect(atMost * 100 >= percent * values.length && below * 100 < percent * values.length).toBe(true);
    }),
  );
});

test("percentile() refuses to make a value up when there is none", () => {
  expect(() => percentile([], 50)).toThrow(RangeError);
});
