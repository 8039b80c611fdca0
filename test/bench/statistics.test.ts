import { describe, expect, test } from "vitest";
import { interleave, median } from "../../bench/statistics.js";

describe("median()", () => {
  test.each([
    [[3], 3],
    [[10, 9, 100], 10],
    [[4, 1, 3, 2], 2.5],
  ])("of %j is %d when they are in any order", (values, middle) => {
    expect(median(values)).toBe(middle);
  });

  test("throws RangeError when there are no values", () => {
    expect(() => median([])).toThrow(RangeError);
  });
});

describe("interleave()", () => {
  test("runs every case once before any case again when there are several runs", async () => {
    const order: string[] = [];
    const note = (name: string) => () => Promise.resolve(order.push(name));
    const results = await interleave(2, { a: note("a"), b: note("b") });
    expect(order).toEqual(["a", "b", "a", "b"]);
    expect(results).toEqual({ a: [1, 3], b: [2, 4] });
  });
});
