import { expect, test } from "vitest";
import { PeriodicTimer } from "../../src/cli/periodic-timer.js";

test("PeriodicTimer never fires before its deadline and tells how late it is", async () => {
  const firings: { atNs: bigint; jitterNs: number }[] = [];
  const begunNs = process.hrtime.bigint();
  await new Promise<void>((resolve) => {
    const timer = new PeriodicTimer(5, (jitterNs) => {
      firings.push({ atNs: process.hrtime.bigint(), jitterNs });
      if (firings.length === 10) {
        timer.stop();
        resolve();
      }
    });
    timer.start();
    timer.start();
  });
  let beforeNs = begunNs;
  for (const { atNs, jitterNs } of firings) {
    expect(Number.isInteger(jitterNs) && jitterNs >= 0).toBe(true);
    expect(Number(atNs - beforeNs)).toBeGreaterThanOrEqual(5_000_000 + jitterNs);
    beforeNs = atNs;
  }
});

test("PeriodicTimer fires no more once it is stopped", async () => {
  let firings = 0;
  const timer = new PeriodicTimer(1, () => {
    firings += 1;
  });
  timer.start();
  timer.stop();
  timer.stop();
  await new Promise((resolve) => setTimeout(resolve, 20));
  expect(firings).toBe(0);
});
