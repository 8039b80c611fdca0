import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { createProgram } from "../../src/cli/program.js";

const fixture = join(import.meta.dirname, "../fixtures/dbc/everything.dbc");
const golden = join(import.meta.dirname, "../gen/golden/everything.ts");
let folder: string;
let printed: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "intercell-dbc-"));
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

const run = (...parameters: readonly string[]) => createProgram().parseAsync([...parameters], { from: "user" });

/** A file whose signal in line 2 lies outside its message, and which has no nodes and no sender. */
function writeFaulty(): string {
  const path = join(folder, "faulty.dbc");
  writeFileSync(path, 'BO_ 1 M: 8\n SG_ S : 60|8@1+ (1,0) [0|0] ""\n');
  return path;
}

describe("intercell dbc lint", () => {
  test("dbc lint prints nothing and ends well when a file is as it should be", async () => {
    await run("dbc", "lint", fixture);
    expect(printed).toBe("");
    await run("dbc", "lint", fixture, "--strict", "--json");
    expect(printed).toBe("[]\n");
  });

  test("dbc lint prints a line for each finding, by line, and fails when there is an error", async () => {
    const path = writeFaulty();
    await expect(run("dbc", "lint", fixture, path)).rejects.toThrow("1 errors in 1 of 2 files");
    expect(printed.split("\n")).toEqual([
      `${path}:1: warning: message M names no sender, nor Vector__XXX (no-sender)`,
      `${path}:1: info: message M has no sender (no-sender)`,
      `${path}:2: error: signal S needs 9 bytes and message M has 8; it is left out (signal-outside-message)`,
      "",
    ]);
  });

  test("dbc lint --json prints the findings as objects", async () => {
    const path = writeFaulty();
    await expect(run("dbc", "lint", path, "--json", "--strict")).rejects.toThrow(
      "2 errors and warnings in 1 of 1 files",
    );
    expect(JSON.parse(printed)).toContainEqual({
      ...{ path, line: 2, severity: "error", code: "signal-outside-message" },
      message: "signal S needs 9 bytes and message M has 8; it is left out",
    });
  });

  test("dbc lint fails with the line when a file cannot be read as one", async () => {
    const path = join(folder, "broken.dbc");
    writeFileSync(path, "BO_ 1 M: 8 A\n SG_ S : x\n");
    await expect(run("dbc", "lint", path)).rejects.toMatchObject({ code: "ERR_CONFIG" });
    await expect(run("dbc", "lint", path)).rejects.toThrow(`Cannot read ${path}, line 2: wanted a start bit`);
    await expect(run("dbc", "lint", `${path}.gone`)).rejects.toMatchObject({ code: "ENOENT" });
  });
});

describe("intercell gen ts", () => {
  const generate = (...more: readonly string[]) => run("gen", "ts", fixture, "-o", join(folder, "out"), ...more);

  test("gen ts writes the types of each file and says so when they are not there", async () => {
    await generate();
    expect(printed).toBe("everything.ts: written\n");
    expect(readFileSync(join(folder, "out/everything.ts"), "utf8")).toBe(readFileSync(golden, "utf8"));
    await generate();
    expect(printed).toBe("everything.ts: written\neverything.ts: unchanged\n");
  });

  test("gen ts --check passes in silence when all is up to date, and fails with a line when it is not", async () => {
    await expect(generate("--check")).rejects.toThrow("1 of 1 files of types in");
    expect(printed).toBe(`${join(folder, "out/everything.ts")}: is missing\n`);
    await generate();
    printed = "";
    await generate("--check");
    expect(printed).toBe("");
    const path = join(folder, "out/everything.ts");
    writeFileSync(path, readFileSync(path, "utf8").replace("Speed: number", "Speed: string"));
    await expect(generate("--check")).rejects.toMatchObject({ name: "CommandFailure" });
    expect(printed).toMatch(/everything\.ts:\d+: wanted " {2}Speed: number;", found " {2}Speed: string;"\n$/);
  });

  test("gen ts leaves a file alone that it did not write, and refuses two files of one name", async () => {
    writeFileSync(join(folder, "everything.ts"), "export const precious = 1;\n");
    await expect(run("gen", "ts", fixture, "-o", folder)).rejects.toMatchObject({ code: "ERR_IN_USE" });
    const other = join(folder, "everything.dbc");
    copyFileSync(fixture, other);
    await expect(generate(other)).rejects.toThrow("Two of the files would become everything.ts");
  });
});
