import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { RateLimit } from "../../src/bridge/rate-limit.js";

describe("RateLimit", () => {
  test("tryPass() lets the first pass, and the next after its part of the second", () => {
    let nowMs = 5;
    const limit = new RateLimit(4, () => nowMs);
    expect([limit.tryPass(), limit.tryPass(), limit.delayMs]).toEqual([true, false, 250]);
    nowMs = 254;
    expect([limit.tryPass(), limit.delayMs]).toEqual([false, 1]);
    nowMs = 255;
    expect([limit.tryPass(), limit.delayMs]).toEqual([true, 250]);
  });

  test("tryPass() always lets pass when there is no limit", () => {
    const limit = new RateLimit(Number.POSITIVE_INFINITY, () => 0);
    expect(Array.from({ length: 10 }, () => limit.tryPass())).toEqual(Array(10).fill(true));
  });

  test("tryPass() never lets two pass closer than their part of the second, whenever they come", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 1000 }), fc.array(fc.nat(50), { maxLength: 200 }), (rate, pausesMs) => {
        let nowMs = 0;
        const limit = new RateLimit(rate, () => nowMs);
        const passed: number[] = [];
        for (const pauseMs of pausesMs) {
          nowMs += pauseMs;
          if (limit.tryPass()) passed.push(nowMs);
        }
        for (const [index, atMs] of passed.entries()) {
          if (index > 0) expect(atMs - (passed[index - 1] ?? 0)).toBeGreaterThanOrEqual(1000 / rate);
        }
      }),
    );
  });
});
