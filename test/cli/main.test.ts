import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, test } from "vitest";
import { program, runCommand } from "./command.js";

/** The text of a module and of all that it imports statically from its own package. */
function loadedWith(path: string, seen = new Map<string, string>()): ReadonlyMap<string, string> {
  if (seen.has(path)) return seen;
  const text = readFileSync(path, "utf8");
  seen.set(path, text);
  for (const [, specifier = ""] of text.matchAll(/^(?:import|export)\b[^;]*?from\s*["'](\.[^"']+)["']/gm)) {
    loadedWith(join(dirname(path), specifier), seen);
  }
  return seen;
}

describe("intercell", () => {
  test("intercell prints the package's version when it is asked to", async () => {
    const manifest = JSON.parse(readFileSync("package.json", "utf8")) as { version: string };
    expect(await runCommand("--version")).toEqual({
      code: 0,
      signal: null,
      stdout: `${manifest.version}\n`,
      stderr: "",
    });
  });

  test("intercell names its subcommands when it is asked for help", async () => {
    const { code, stdout } = await runCommand("--help");
    expect(code).toBe(0);
    expect(stdout).toMatch(/^Commands:\n {2}bridge [\s\S]*^ {2}can [\s\S]*^ {2}demo [\s\S]*^ {2}sim /m);
  });

  test.each([
    ["nothing to do", [], /Usage: intercell/],
    ["an unknown subcommand", ["fly"], /^intercell: unknown command 'fly'\n$/],
    ["a subcommand that is nearly one", ["simm"], /^intercell: unknown command 'simm'\n\(Did you mean sim\?\)\n$/],
    ["too little", ["gen", "c"], /^intercell: missing required argument 'module'\n$/],
    ["an unknown option", ["demo", "--fast"], /^intercell: unknown option '--fast'\n$/],
    [
      "an unknown inmate",
      ["demo", "--inmate", "cobol"],
      /^intercell: There is no inmate "cobol": the demo has c, ts\b/,
    ],
    ["a size that is none", ["sim", "--output", "much"], /--output.*written like 8192, 0x2000, 8K or 1M/s],
    ["a size that is no page", ["sim", "--output", "100"], /^intercell: .*outputBytes is a multiple of 0x1000/],
    ["too many peers", ["sim", "--peers", "13"], /^intercell: .*peers is an integer from 2 to 12, not 13\n$/],
    [
      "a frame that is none",
      ["can", "send", "virtual:nobody", "123#1", "12"],
      /^intercell: Cannot read "123#1" as a CAN frame; write it as id#data, .*\n$/,
    ],
    ["a name that is none", ["sim", "--name", "my machine"], /^intercell: A machine's name is .*\n$/],
  ])("intercell ends with 2 and says why when it is given %s", async (_, parameters, message) => {
    const { code, stdout, stderr } = await runCommand(...parameters);
    expect(stderr).toMatch(message);
    expect([code, stdout]).toEqual([2, ""]);
  });

  test("intercell loads neither the addon nor the simulator when no subcommand runs", () => {
    const loaded = [...loadedWith(program)].filter(([, text]) => /node-gyp-build|broker-main/.test(text));
    expect(loaded.map(([path]) => path)).toEqual([]);
  });
});
