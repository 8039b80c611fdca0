import type { ChildProcess } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll } from "vitest";
import { bundleSource } from "../../../scripts/bundle-source.mjs";
import { buildUioOwner } from "../../conformance/build.js";
import type { Language, Languages } from "../../conformance/cell.js";
import { ProcessStage, spawnPiped } from "../../conformance/process-stage.js";
import { describeConformance } from "../../conformance/scenarios.js";
import { addressOf, loadModule, nodeOf, raspberryPi4, type TestMachine, unloadModule } from "./test-module.js";

const folder = mkdtempSync("/tmp/intercell-conformance-");
const owner = join(folder, "owner");
let bundle: string;
/** A process in TypeScript that has started up, as that takes longer here than most tests, and waits for its device. */
let warm: ChildProcess;

/** An emulated processor takes its time to compile. */
const SLOW_MS = 180_000;
/** A process of Node takes seconds to start. INTERCELL_CONFORMANCE=all asks for all scenarios with TypeScript, too. */
const isBrief = process.env["INTERCELL_CONFORMANCE"] !== "all";
/** Slow enough that a cell which waits for the processor is not called stalled. */
const HEARTBEAT_MS = 2000;

/** Both languages are on both sides and on both kinds; two cells in TypeScript are what the other files here are about. */
const machines: readonly { readonly machine: TestMachine; readonly pairs: readonly Languages[] }[] = [
  {
    machine: raspberryPi4,
    pairs: [
      ["TypeScript", "C"],
      ["C", "C"],
    ],
  },
  {
    machine: { ...raspberryPi4, vectors: 2 },
    pairs: [
      ["C", "TypeScript"],
      ["C", "C"],
    ],
  },
];

const startTypeScript = () => spawnPiped([process.execPath, bundle, "uio", `${HEARTBEAT_MS}`]);

beforeAll(async () => {
  await buildUioOwner(owner, HEARTBEAT_MS);
  bundle = await bundleSource(fileURLToPath(new URL("../../conformance/typescript-main.ts", import.meta.url)));
  loadModule(machines.map(({ machine }) => machine));
  warm = startTypeScript();
}, SLOW_MS);

afterAll(() => {
  warm.kill("SIGKILL");
  unloadModule();
  rmSync(folder, { recursive: true });
});

/** Starts the cell of a peer. */
function spawnCell(language: Language, machine: number, peer: number): ChildProcess {
  if (language === "C") return spawnPiped([owner, nodeOf(machine, peer)]);
  const cell = warm;
  warm = startTypeScript();
  cell.stdin?.write(`${addressOf(machine, peer)}\n`);
  return cell;
}

machines.forEach(({ machine, pairs }, number) => {
  const where = `as processes on UIO (${machine.vectors === 0 ? "INTx" : "MSI-X"})`;
  const makeStage = () =>
    new ProcessStage({ spawn: (language, peer) => spawnCell(language, number, peer), close: () => undefined });
  for (const languages of pairs) {
    const brief = isBrief && languages.includes("TypeScript");
    describeConformance(where, languages, makeStage, { lies: "one", brief });
  }
});
