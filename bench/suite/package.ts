import { execFileSync, spawnSync } from "node:child_process";
import { createFigure, type Figure } from "../figure.js";
import type { Plan } from "../plan.js";
import { median } from "../statistics.js";
import type { Outcome, Suite } from "../suite.js";

/** Starts of Node in one run. */
const STARTS = 11;

interface PackReport {
  readonly size: number;
  readonly files: readonly { readonly path: string }[];
}

function startMs(source: string): number {
  const begin = performance.now();
  const { status, stderr } = spawnSync(process.execPath, ["--input-type=module", "-e", source], { encoding: "utf8" });
  if (status !== 0) throw new Error(`Node does not run "${source}": ${stderr}`);
  return performance.now() - begin;
}

/** How much longer a start of Node takes with the import, in milliseconds. */
function importMs(quick: boolean): number {
  const starts = Array.from({ length: quick ? 3 : STARTS }, () => ({
    empty: startMs(""),
    importing: startMs('import "intercell";'),
  }));
  return median(starts.map(({ importing }) => importing)) - median(starts.map(({ empty }) => empty));
}

function packFigure(): Figure {
  const output = execFileSync("npm", ["pack", "--dry-run", "--json", "--ignore-scripts"], { encoding: "utf8" });
  const [report] = JSON.parse(output) as [PackReport];
  const binaries = report.files.filter(({ path }) => /^prebuilds\/.*\.node$/.test(path)).length;
  const name = `tarball with ${binaries} prebuilt ${binaries === 1 ? "binary" : "binaries"}`;
  return createFigure({ name, unit: "MB", values: [report.size / 1e6], target: { most: 1 } });
}

function run(plan: Plan): Promise<Outcome> {
  const values = Array.from({ length: plan.runs }, () => importMs(plan.quick));
  const imported = createFigure({ name: 'import "intercell"', unit: "ms", values, target: { most: 40 } });
  return Promise.resolve({ figures: [imported, packFigure()] });
}

/** What the package costs before it does anything. */
export const packaging: Suite = { name: "package", run };
