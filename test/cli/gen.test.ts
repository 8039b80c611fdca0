import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { createProgram } from "../../src/cli/program.js";

const golden = join(import.meta.dirname, "../gen/golden");
let folder: string;
let module: string;
let printed: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "intercell-gen-command-"));
  module = join(folder, "protocol.mjs");
  const source = pathToFileURL(join(import.meta.dirname, "../../src/cli/jitter-protocol.ts")).href;
  writeFileSync(module, `export { jitterProtocol } from "${source}";\n`);
  printed = "";
  vi.spyOn(process.stdout, "write").mockImplementation((text) => {
    printed += text;
    return true;
  });
});
afterEach(() => {
  vi.restoreAllMocks();
  rmSync(folder, { recursive: true, force: true });
});

const run = (...options: readonly string[]) =>
  createProgram().parseAsync(["gen", "c", module, "-o", join(folder, "out"), ...options], { from: "user" });

describe("intercell gen c", () => {
  test("gen c writes the header of each protocol and says so when it is not there", async () => {
    await run();
    expect(printed).toBe("jitter.h: written\n");
    expect(readFileSync(join(folder, "out/jitter.h"), "utf8")).toBe(readFileSync(join(golden, "jitter.h"), "utf8"));
    await run("--name", "jitterProtocol");
    expect(printed).toBe("jitter.h: written\njitter.h: unchanged\n");
  });

  test("gen c --check passes in silence when the headers are up to date", async () => {
    await run();
    printed = "";
    await run("--check");
    expect(printed).toBe("");
  });

  test("gen c --check fails with a line for each difference and writes nothing when a header is stale", async () => {
    const path = join(folder, "out/jitter.h");
    await expect(run("--check")).rejects.toThrow("1 of 1 headers in");
    expect(printed).toBe(`${path}: is missing\n`);
    await run();
    const stale = readFileSync(path, "utf8").replace("#endif", "#endif /* */");
    writeFileSync(path, stale);
    printed = "";
    await expect(run("--check")).rejects.toMatchObject({ name: "CommandFailure" });
    expect(printed).toMatch(/^.*\/jitter\.h:\d+: wanted "#endif", found "#endif \/\* \*\/"\n$/);
    expect(readFileSync(path, "utf8")).toBe(stale);
  });

  test("gen c refuses an export that is no protocol when one is named", async () => {
    await expect(run("--name", "other")).rejects.toBeInstanceOf(TypeError);
  });
});
