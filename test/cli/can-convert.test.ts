import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { runCommand } from "./command.js";

const folder = mkdtempSync(join(tmpdir(), "intercell-convert-"));
const path = (name: string) => join(folder, name);

afterAll(() => rmSync(folder, { recursive: true }));

const log = "(1436509052.249713) can0 044#2A366C2BBA R\n(1436509052.449847) can1 123##5AB T\n";

describe("intercell can convert", () => {
  test("intercell can convert turns a candump log into an ASC log and back when the names say so", async () => {
    writeFileSync(path("a.log"), log);
    const there = await runCommand("can", "convert", path("a.log"), path("a.asc"), "--utc");
    expect(there).toMatchObject({ code: 0, stdout: "", stderr: "" });
    const asc = readFileSync(path("a.asc"), "utf8");
    expect(asc).toContain("date Fri Jul 10 06:17:32.249 am 2015\nbase hex  timestamps absolute\n");
    expect(asc).toMatch(/^ {3}0\.000713 1 {2}44 +Rx {3}d 5 2A 36 6C 2B BA$/m);
    await runCommand("can", "convert", path("a.asc"), path("b.log"), "--utc", "--direction");
    expect(readFileSync(path("b.log"), "utf8")).toBe(log);
  });

  test("intercell can convert writes to the standard output, with digits and channels as asked", async () => {
    writeFileSync(path("a.log"), log);
    const plain = await runCommand("can", "convert", path("a.log"), "-", "--digits", "9");
    expect(plain.stdout).toBe(log.replace(/(\.\d{6})/g, "$1000").replace(/ [RT]$/gm, ""));
    const asc = await runCommand("can", "convert", path("a.log"), "-", "--to-format", "asc", "--channels", "can1,can0");
    expect(asc.stdout).toMatch(/0\.200847 CANFD {3}1 Tx/);
  });

  test("intercell can convert leaves out malformed lines when asked, and says how many", async () => {
    const lost = "DROPCOUNT: dropped 7 CAN frames on 'can0' socket (total drops 7)\n";
    writeFileSync(path("bad.log"), `${log}(nonsense)\n${lost}`);
    const refused = await runCommand("can", "convert", path("bad.log"), "-");
    expect(refused).toMatchObject({ code: 1, stderr: expect.stringContaining("Cannot read line 3 of the log") });
    const taken = await runCommand("can", "convert", path("bad.log"), "-", "--skip-malformed");
    expect(taken.code).toBe(0);
    expect(taken.stderr).toBe("1 lines could not be read, 7 frames were lost when the log was written\n");
  });

  test.each<[string, string[], number, string]>([
    ["a log that is not there", ["can", "convert", path("none.log"), "-"], 1, "ENOENT"],
    ["a folder that is not there", ["can", "convert", path("a.log"), path("none/b.log")], 1, "ENOENT"],
    ["a format that is none", ["can", "convert", path("a.log"), "-", "--format", "blf"], 2, "candump or asc"],
    ["digits that are none", ["can", "convert", path("a.log"), "-", "--digits", "3"], 2, "4 to 9"],
    ["digits of the other format", ["can", "convert", path("a.log"), "-", "--digits", "7"], 2, "6 or 9"],
  ])("intercell can convert fails with one line for %s", async (_, parameters, code, message) => {
    writeFileSync(path("a.log"), log);
    const ending = await runCommand(...parameters);
    expect(ending).toMatchObject({ code, stderr: expect.stringContaining(message) });
    expect(ending.stderr.trimEnd().split("\n")).toHaveLength(1);
  });
});
