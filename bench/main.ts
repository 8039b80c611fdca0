/** The program behind `npm run bench`: runs the suites, prints the figures, writes JSON and SVG. */
import { writeFileSync } from "node:fs";
import { parseBenchOptions } from "./options.js";
import { createPlan } from "./plan.js";
import { codec } from "./suite/codec.js";
import { dbc } from "./suite/dbc.js";
import { growth } from "./suite/growth.js";
import { heap } from "./suite/heap.js";
import { latency } from "./suite/latency.js";
import { load } from "./suite/load.js";
import { nativeCall } from "./suite/native-call.js";
import { net } from "./suite/net.js";
import { packaging } from "./suite/package.js";
import { payload } from "./suite/payload.js";
import { ring } from "./suite/ring.js";
import { throughput } from "./suite/throughput.js";
import type { Outcome, Suite } from "./suite.js";
import { drawLatencies } from "./svg.js";
import { formatTable } from "./table.js";

const suites: readonly Suite[] = [
  ...[throughput, latency, load, heap, payload, codec, dbc],
  ...[packaging, nativeCall, ring, growth, net],
];

function chooseSuites(only: RegExp | undefined): readonly Suite[] {
  const chosen = suites.filter(({ name, onRequest }) => (only === undefined ? onRequest !== true : only.test(name)));
  if (chosen.length > 0) return chosen;
  throw new RangeError(`No suite matches ${only}: there are ${suites.map(({ name }) => name).join(", ")}`);
}

/** Runs the suites in turn. One that fails does not keep the others from running. */
async function runSuites(chosen: readonly Suite[], quick: boolean): Promise<readonly Outcome[]> {
  const plan = createPlan(quick);
  const outcomes: Outcome[] = [];
  for (const suite of chosen) {
    const begin = performance.now();
    try {
      outcomes.push(await suite.run(plan));
      console.error(`bench: ${suite.name} done (${((performance.now() - begin) / 1000).toFixed(1)} s)`);
    } catch (error) {
      console.error(`bench: ${suite.name} failed: ${error instanceof Error ? error.message : String(error)}`);
      process.exitCode = 1;
    }
  }
  return outcomes;
}

async function main(): Promise<void> {
  const { quick, only, json, svg } = parseBenchOptions(process.argv.slice(2));
  const outcomes = await runSuites(chooseSuites(only), quick);
  const figures = outcomes.flatMap((outcome) => outcome.figures);
  console.log(formatTable(figures));
  if (quick) console.log("\nOne short run of each: these figures show that the measurements work, no more.");
  if (json !== undefined) writeFileSync(json, `${JSON.stringify(figures, undefined, 2)}\n`);
  if (svg !== undefined) writeFileSync(svg, drawLatencies(outcomes.flatMap(({ curves = [] }) => curves)));
}

try {
  await main();
} catch (error) {
  console.error(error instanceof Error ? error.message : String(error));
  process.exitCode = 1;
}
