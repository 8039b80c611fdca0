import { describe, expect, test } from "vitest";
import { RoundTripTimes } from "../../../src/ivshmem-net/ping/round-trip-times.js";

describe("RoundTripTimes", () => {
  test("RoundTripTimes gives least, mean, greatest and standard deviation, and nothing before the first", () => {
    const times = new RoundTripTimes();
    expect(times.summary).toBeUndefined();
    times.add(4);
    expect(times.summary).toEqual({ minMs: 4, avgMs: 4, maxMs: 4, mdevMs: 0 });
    for (const timeMs of [2, 4, 4, 5, 5, 7, 9]) times.add(timeMs);
    expect(times.summary).toEqual({ minMs: 2, avgMs: 5, maxMs: 9, mdevMs: 2 });
  });
});
