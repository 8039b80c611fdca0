import { expect, test } from "vitest";
import { cpuTimeMs } from "../support/processes.js";
import { finish, Stage, sleep } from "./stage.js";

const WINDOWS = 5;
const WINDOW_MS = 2_000;
/** Start-up work of Node, such as compiling and collecting garbage, is over by then. */
const SETTLE_MS = 1_000;

/** The share of a core that each process uses while this one waits. */
async function measureShares(pids: readonly number[]): Promise<number[]> {
  const startMs = performance.now();
  const before = pids.map(cpuTimeMs);
  await sleep(WINDOW_MS);
  const elapsedMs = performance.now() - startMs;
  return pids.map((pid, index) => (cpuTimeMs(pid) - (before[index] ?? 0)) / elapsedMs);
}

test("ShmNode takes less than 1 % of a core when its link is up and nobody sends", async () => {
  const stage = await Stage.open({ lives: 2, warm: 2 });
  try {
    const cells = [await stage.pool.take({ refill: false }), await stage.pool.take({ refill: false })];
    cells.forEach((cell, peer) => {
      cell.tell("go", stage.settings(peer, peer, { peers: [1 - peer], sending: false, batch: 1, pauseMs: 0 }));
    });
    for (const cell of cells) await cell.next("open");
    await sleep(SETTLE_MS);
    const windows: number[][] = [];
    for (let count = 0; count < WINDOWS; count += 1) windows.push(await measureShares(cells.map(({ pid }) => pid)));
    const percent = (values: readonly number[]) => values.map((value) => `${(value * 100).toFixed(2)} %`).join(", ");
    cells.forEach((_, peer) => {
      const shares = windows.map((window) => window[peer] ?? 1);
      console.log(`Idle link, peer ${peer}: ${percent(shares)} of a core`);
      // Node collects garbage once in a window when it has been idle for 8 s (V8, MemoryReducer).
      const [median] = [...shares].sort((one, other) => one - other).slice(Math.floor(WINDOWS / 2));
      expect(median).toBeLessThan(0.01);
    });
    await finish(cells);
  } finally {
    expect(await stage.close()).toEqual({ faults: [], traces: [] });
  }
});
