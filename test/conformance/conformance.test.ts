import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe } from "vitest";
import { skipUnless } from "../support/skip.js";
import { buildLibrary, hasGcc } from "./build.js";
import { MemoryStage } from "./memory-stage.js";
import { loadProbeLibrary, type ProbeLibrary } from "./native-cell.js";
import { describeConformance, LANGUAGES } from "./scenarios.js";

describe("conformance", skipUnless(hasGcc, "gcc is missing"), () => {
  const folder = mkdtempSync(join(tmpdir(), "intercell-conformance-"));
  let library: ProbeLibrary;

  beforeAll(async () => {
    const path = join(folder, "probe.so");
    await buildLibrary(path);
    library = loadProbeLibrary(path);
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  for (const languages of LANGUAGES) describeConformance("in memory", languages, () => new MemoryStage(library));
});
