import { expect, test } from "vitest";
import { JitterStatistics } from "../../src/cli/jitter-statistics.js";

test("JitterStatistics keeps the least and the greatest when ticks are added", () => {
  const statistics = new JitterStatistics();
  expect(statistics.summary).toEqual({ ticks: 0, lastTick: 0, minNs: 0, maxNs: 0 });
  expect(statistics.add(50)).toEqual({ ticks: 1, lastTick: 1, minNs: 50, maxNs: 50 });
  expect(statistics.add(70)).toEqual({ ticks: 2, lastTick: 2, minNs: 50, maxNs: 70 });
  expect(statistics.add(0)).toEqual({ ticks: 3, lastTick: 3, minNs: 0, maxNs: 70 });
});

test("JitterStatistics gives what was and counts ticks on when it is reset", () => {
  const statistics = new JitterStatistics();
  statistics.add(50);
  statistics.add(10);
  expect(statistics.reset()).toEqual({ ticks: 2, lastTick: 2, minNs: 10, maxNs: 50 });
  expect(statistics.add(30)).toEqual({ ticks: 1, lastTick: 3, minNs: 30, maxNs: 30 });
});
