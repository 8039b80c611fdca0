import { nodeProgram, runAlone } from "../child.js";
import { createFigure } from "../figure.js";
import type { Plan } from "../plan.js";
import type { RingOptions } from "../program/ring-main.js";
import { buildRingAddon } from "../rival/ring-addon.js";
import { interleave } from "../statistics.js";
import type { Outcome, Suite } from "../suite.js";

/** Messages in one run. */
const COUNTS = [1, 8, 64] as const;

async function run(plan: Plan): Promise<Outcome> {
  buildRingAddon();
  const measure = (way: RingOptions["way"], count: number) => async () => {
    const options: RingOptions = { way, count, windowMs: plan.windowMs };
    return (await runAlone<{ readonly messageNs: number }>(nodeProgram("ring", options, { core: 0 }))).messageNs;
  };
  const figures = [];
  for (const count of COUNTS) {
    const found = await interleave(plan.runs, { script: measure("script", count), native: measure("native", count) });
    figures.push(
      createFigure({
        ...{ name: `run of ${count} records, typed arrays / one call into C`, unit: "ns/message" },
        ...{ values: found.script, baselines: found.native },
      }),
    );
  }
  return { figures };
}

/** Two designs of the hot path, side by side. */
export const ring: Suite = { name: "ring", run };
