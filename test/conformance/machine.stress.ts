import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe } from "vitest";
import { bundleSource } from "../../scripts/bundle-source.mjs";
import { startMachine } from "../../src/sim/index.js";
import { skipUnless } from "../support/skip.js";
import { buildInmate, hasGcc } from "./build.js";
import { MachineStage } from "./machine-stage.js";
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

  for (const languages of LANGUAGES) {
    const commands = () => ({ TypeScript: [process.execPath, bundle], C: [inmate] });
    const makeStage = async () => new MachineStage(await startMachine(), commands());
    describeConformance("as processes", languages, makeStage, { fewLies: true });
  }
});
