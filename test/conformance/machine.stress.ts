import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe } from "vitest";
import { bundleSource } from "../../scripts/bundle-source.mjs";
import { startMachine } from "../../src/sim/index.js";
import { MachineEnvironment } from "../../src/sim/names.js";
import { skipUnless } from "../support/skip.js";
import { buildInmate, hasGcc } from "./build.js";
import type { Language } from "./cell.js";
import { ProcessStage, spawnPiped } from "./process-stage.js";
import { describeConformance, LANGUAGES } from "./scenarios.js";

describe("conformance", skipUnless(hasGcc, "gcc is missing"), () => {
  const folder = mkdtempSync(join(tmpdir(), "intercell-conformance-"));
  const inmate = join(folder, "inmate");
  let bundle: string;

  beforeAll(async () => {
    await buildInmate(inmate);
    bundle = await bundleSource(fileURLToPath(new URL("typescript-main.ts", import.meta.url)));
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  /** A simulated machine, whose cells the environment tells who they are. */
  async function makeStage(): Promise<ProcessStage> {
    const machine = await startMachine();
    const commands = { TypeScript: [process.execPath, bundle], C: [inmate] };
    return new ProcessStage({
      spawn: (language: Language, peer) =>
        spawnPiped(commands[language], {
          [MachineEnvironment.MACHINE]: machine.name,
          [MachineEnvironment.PEER]: String(peer),
        }),
      close: () => machine.close(),
    });
  }

  for (const languages of LANGUAGES) describeConformance("as processes", languages, makeStage, { lies: "few" });
});
