import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, describe, expect, test } from "vitest";
import { formatFrame, openVirtualCan, type VirtualCan } from "../../src/can/index.js";
import { RunningCommand, runCommand } from "./command.js";

const folder = mkdtempSync(join(tmpdir(), "intercell-replay-"));
const log = join(folder, "a.log");
writeFileSync(
  log,
  [
    "(10.000000) can0 001#11 R",
    "(10.002000) can1 002##5AB T",
    "(10.002000) can0 20000004#0004000000000000",
    "(10.004000) can0 003#R4 R",
    "",
  ].join("\n"),
);

const opened: VirtualCan[] = [];

afterEach(() => {
  for (const can of opened.splice(0)) can.close();
});
afterAll(() => rmSync(folder, { recursive: true }));

/** A bus that no other test has, and the frames that a handle on it hears. */
async function listenOnBus(): Promise<{ name: string; heard: string[] }> {
  const name = `replay-${randomBytes(6).toString("hex")}`;
  const can = await openVirtualCan(name, { node: "listener" });
  opened.push(can);
  const heard: string[] = [];
  can.listen(({ frame }) => heard.push(formatFrame(frame)), { errorMask: 0x1fff_ffff });
  return { name, heard };
}

describe("intercell can replay", () => {
  test("intercell can replay reports nothing of a log that is not there", async () => {
    const { code, stdout, stderr } = await runCommand("can", "replay", join(folder, "none.log"), "virtual:nobody");
    expect(stderr).toMatch(/^intercell: Cannot read the log: .*none\.log'\n$/);
    expect([code, stdout]).toEqual([1, ""]);
  });

  test("intercell can replay sends all frames in their order to one bus, and prints statistics", async () => {
    const { name, heard } = await listenOnBus();
    const { code, stdout, stderr } = await runCommand("can", "replay", log, `virtual:${name}`);
    expect([code, stderr]).toEqual([0, ""]);
    expect(stdout).toMatch(/^3 frames sent, 1 left out, 1 rounds\nlate by \d+\.\d{3} ms on average, /);
    await expect.poll(() => heard, { timeout: 10_000 }).toEqual(["001#11", "002##5AB", "003#R4"]);
  });

  test("intercell can replay maps interfaces, chooses frames, and prints JSON", async () => {
    const [first, second] = [await listenOnBus(), await listenOnBus()];
    const targets = [`virtual:${first.name}=can0`, `virtual:${second.name}=can1`];
    const options = ["--speed", "0", "--rounds", "2", "--only", "received", "--json"];
    const { code, stdout } = await runCommand("can", "replay", log, ...targets, ...options);
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ sentFrames: 4, skippedFrames: 4, rounds: 2, latenessNs: { max: 0 } });
    await expect.poll(() => first.heard, { timeout: 10_000 }).toEqual(["001#11", "003#R4", "001#11", "003#R4"]);
    expect(second.heard).toEqual([]);
  });

  test("intercell can replay sends error frames when asked, and frames of other interfaces nowhere", async () => {
    const { name, heard } = await listenOnBus();
    const { stdout } = await runCommand("can", "replay", log, `virtual:${name}=can0`, "--gap", "0", "--error-frames");
    expect(stdout).toContain("3 frames sent, 1 left out");
    await expect.poll(() => heard, { timeout: 10_000 }).toEqual(["001#11", "20000004#0004000000000000", "003#R4"]);
  });

  test("intercell can replay prints what it did and ends when it gets SIGINT", async () => {
    const { name, heard } = await listenOnBus();
    const parameters = ["can", "replay", log, `virtual:${name}`, "--rounds", "0", "--gap", "20"];
    const command = new RunningCommand(parameters);
    await expect.poll(() => heard.length, { timeout: 15_000 }).toBeGreaterThan(4);
    const { code, stdout, stderr } = await command.interrupt("SIGINT");
    expect([code, stderr]).toEqual([130, ""]);
    expect(stdout).toMatch(/^\d+ frames sent, \d+ left out, \d+ rounds$/m);
  });

  test.each<[string, string[], number, RegExp]>([
    ["a log that is not there", [join(folder, "none.log"), "virtual:x"], 1, /ENOENT/],
    ["a speed that is none", [log, "virtual:x", "--speed", "fast"], 2, /--speed takes a number/],
    ["a direction that is none", [log, "virtual:x", "--only", "both"], 2, /sent or received/],
    ["rounds of the standard input", ["-", "virtual:x", "--rounds", "2"], 2, /once only/],
    ["two targets for one interface", [log, "virtual:x=can0", "virtual:y=can0"], 2, /Frames of can0 can go/],
    ["a target that is none", [log, "=can0"], 2, /An interface is written as/],
  ])("intercell can replay fails with a line on the standard error for %s", async (_, parameters, code, message) => {
    const ending = await runCommand("can", "replay", ...parameters);
    expect(ending).toMatchObject({ code, stderr: expect.stringMatching(message) });
  });
});
