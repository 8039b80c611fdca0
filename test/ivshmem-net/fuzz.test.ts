import { describe, expect, test, vi } from "vitest";
import { readSeed } from "../support/seed.js";
import { fuzzNet } from "./fuzz-run.js";

vi.mock("../../src/ivshmem-net/access.js", () => import("./hooked-access.js"));

/** `FUZZ_SECONDS=300 npx vitest run test/ivshmem-net/fuzz.test.ts` is the long run. */
const seconds = Number(process.env["FUZZ_SECONDS"] ?? 0);

/** Runs of the short one. */
const RUNS = 300;

describe("an endpoint whose peer rewrites its section between any two accesses", () => {
  test("stands, says what was broken, and carries frames again", { timeout: (seconds + 60) * 1000 }, async () => {
    const endMs = performance.now() + seconds * 1000;
    const totals = { frames: 0, faults: 0, ups: 0 };
    const first = readSeed();
    let runs = 0;
    for (; runs < RUNS || performance.now() < endMs; runs++) {
      const seed = (first + runs) | 0;
      try {
        const outcome = await fuzzNet(seed);
        for (const key of ["frames", "faults", "ups"] as const) totals[key] += outcome[key];
      } catch (error) {
        throw new Error(`The run of seed ${seed} failed; INTERCELL_SEED=${seed} repeats it`, { cause: error });
      }
    }
    console.log(`${runs} runs: ${totals.frames} frames came in, ${totals.faults} breaches, ${totals.ups} times up`);
    // The peer was neither so tame nor so wild that nothing was tried.
    expect(totals.faults).toBeGreaterThan(runs / 4);
    expect(totals.frames).toBeGreaterThan(runs);
  });
});
