import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { addVcan, remove } from "./interfaces.js";
import { Companion } from "./process.js";

const VCAN = "vcan10";
const OTHER = "vcan11";
const READY = "7FF#0123";

/** Every kind of frame that candump and cansend of Debian 12 know. */
const texts = [
  "123#DEADBEEF",
  "000#",
  "1FFFFFFF#1122334455667788",
  "123#R",
  "12345678#R8",
  "123##0",
  "1ABCDEF0##1112233445566778899AABBCC",
  "20000004#0004000000000000",
];

/** As candump and `intercell can dump` print them: the kernel marks what it delivers as CAN FD. */
const shown = texts.map((text) => text.replace(/^(\w+##)([0-9])/, (_, id, flags) => `${id}${Number(flags) | 4}`));

const main = fileURLToPath(new URL("../../../dist/cli/main.js", import.meta.url));
const running: Companion[] = [];
let folder = "";

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "intercell-command-"));
  for (const name of [VCAN, OTHER]) addVcan(name);
});

afterAll(() => {
  for (const name of [VCAN, OTHER]) remove(name);
  rmSync(folder, { recursive: true });
});

afterEach(async () => {
  for (const each of running.splice(0)) await each.stop();
});

function start(command: string, ...words: readonly string[]): Companion {
  const companion = new Companion(command, words);
  running.push(companion);
  return companion;
}

/** Runs `intercell can` beside the test. */
function startCan(...words: readonly string[]): Companion {
  return start(process.execPath, main, "can", ...words);
}

/** Runs `intercell can` to its end; gives what it prints. */
function can(...words: readonly string[]): string {
  return execFileSync(process.execPath, [main, "can", ...words], {
    encoding: "utf8",
    stdio: ["ignore", "pipe", "ignore"],
  });
}

/** Waits until a dump of either kind listens on an interface, and forgets what it printed of that. */
async function ready(dump: Companion, name = VCAN): Promise<() => string[]> {
  while (dump.lines.length === 0) {
    if (dump.exitCode !== undefined) throw new Error(`The dump ended with ${dump.exitCode}`);
    execFileSync("cansend", [name, READY]);
    await new Promise((resolve) => setTimeout(resolve, 300));
  }
  return () => dump.lines.filter((line) => !/ 7FF(#0123| {3}\[2\] {2}01 23)$/.test(line));
}

async function linesOf(lines: () => string[], count: number): Promise<string[]> {
  await expect.poll(() => lines().length, { timeout: 30_000 }).toBeGreaterThanOrEqual(count);
  return lines();
}

const frameOf = (line: string): string | undefined => line.split(" ")[2];

describe("intercell can dump", () => {
  test("intercell can dump prints what candump prints of the same frames, and of the same log", async () => {
    const errors = `${VCAN},0:0,#FFFFFFFF`;
    const pairs = [
      [startCan("dump", "-e", "--no-colour", VCAN), start("candump", errors)],
      [startCan("dump", "-e", "--log", VCAN), start("candump", "-L", errors)],
    ] as const;
    const all: (readonly [() => string[], () => string[]])[] = [];
    for (const [own, peer] of pairs) all.push([await ready(own), await ready(peer)]);
    for (const text of texts) execFileSync("cansend", [VCAN, text]);
    for (const [own, peer] of all) {
      const wanted = await linesOf(peer, texts.length);
      expect((await linesOf(own, texts.length)).map((line) => line.trimEnd())).toEqual(
        wanted.map((line) => line.trimEnd()),
      );
    }
    const log = all[1]?.[0]() ?? [];
    expect(log.map(frameOf)).toEqual(shown);
  });

  test("intercell can dump --json prints a frame a line, and -n ends it", async () => {
    const dump = startCan("dump", "--json", "-n", "3", `${VCAN},120:7F0`);
    // Not among those of the filter, so that only what is listened for counts.
    const giveUp = performance.now() + 30_000;
    while (dump.lines.length < 3 && performance.now() < giveUp) {
      for (const text of ["123#DEADBEEF", "321#00"]) execFileSync("cansend", [VCAN, text]);
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    expect(await dump.end()).toBe(0);
    expect(dump.lines).toHaveLength(3);
    for (const line of dump.lines) {
      expect(JSON.parse(line)).toEqual({
        interface: VCAN,
        timestamp: expect.stringMatching(/^\d{10}\.\d{9}$/),
        origin: "local",
        kind: "data",
        id: "123",
        dlc: 4,
        data: "deadbeef",
      });
    }
  });

  test("intercell can dump ends clean on Ctrl-C, with all that came before", async () => {
    const dump = startCan("dump", "--log", VCAN);
    const lines = await ready(dump);
    execFileSync("cangen", [VCAN, "-g", "1", "-n", "200", "-I", "i", "-L", "8"]);
    await linesOf(lines, 200);
    dump.kill("SIGINT");
    expect(await dump.end()).toBe(130);
    expect(lines()).toHaveLength(200);
    expect(lines().every((line) => /^\(\d+\.\d{6}\) vcan10 [0-9A-F]{3}#[0-9A-F]{16}$/.test(line))).toBe(true);
  });

  test("intercell can dump names an interface that is not there, and ends with 1", async () => {
    const dump = startCan("dump", "can77");
    expect(await dump.end()).toBe(1);
    expect(dump.lines).toEqual([]);
  });
});

describe("intercell can send and gen", () => {
  test("candump shows what intercell can send sends, which --confirm and --json tell of", async () => {
    const dump = start("candump", "-L", `${VCAN},0:0,#FFFFFFFF`);
    const lines = await ready(dump);
    expect(can("send", VCAN, ...texts)).toBe("");
    expect((await linesOf(lines, texts.length)).map(frameOf)).toEqual(shown);
    const confirmed = can("send", "--confirm", VCAN, "123#01", "124#02").trimEnd().split("\n");
    expect(confirmed.map(frameOf)).toEqual(["123#01", "124#02"]);
    const [told] = can("send", "--confirm", "--json", VCAN, "123#01").trimEnd().split("\n");
    expect(JSON.parse(told as string)).toEqual({
      interface: VCAN,
      frame: "123#01",
      timestamp: expect.stringMatching(/^\d{10}\.\d{9}$/),
    });
  });

  test("intercell can send sends nothing if one of its words is no frame", async () => {
    const dump = start("candump", "-L", VCAN);
    const lines = await ready(dump);
    expect(() => can("send", VCAN, "123#01", "123#GG")).toThrow();
    execFileSync("cansend", [VCAN, "125#05"]);
    expect((await linesOf(lines, 1)).map(frameOf)).toEqual(["125#05"]);
  });

  test("candump shows the frames of intercell can gen, as many as it tells of", async () => {
    const dump = start("candump", "-L", VCAN);
    const lines = await ready(dump);
    const report = JSON.parse(can("gen", VCAN, "-g", "0", "-n", "500", "-I", "i", "-D", "i", "-L", "2", "--json"));
    expect(report).toMatchObject({ interface: VCAN, sentFrames: 500 });
    const wanted = Array.from({ length: 500 }, (_, number) => {
      const bytes = [number & 0xff, number >> 8].map((byte) => byte.toString(16).padStart(2, "0")).join("");
      return `${number.toString(16).padStart(3, "0")}#${bytes}`.toUpperCase();
    });
    expect((await linesOf(lines, 500)).map(frameOf)).toEqual(wanted);
  });

  test("intercell can gen ends clean on Ctrl-C, and tells how many it sent", async () => {
    const dump = start("candump", "-L", VCAN);
    const lines = await ready(dump);
    const gen = startCan("gen", VCAN, "-g", "5", "-e", "--json");
    await linesOf(lines, 20);
    gen.kill("SIGINT");
    expect(await gen.end()).toBe(130);
    const { sentFrames } = JSON.parse(gen.lines[0] as string) as { sentFrames: number };
    expect((await linesOf(lines, sentFrames)).length).toBe(sentFrames);
  });
});

describe("intercell can replay", () => {
  const logOf = (name: string, gapUs: number): string =>
    shown.map((text, index) => `(1500000000.${String(index * gapUs).padStart(6, "0")}) ${name} ${text}\n`).join("");

  test("candump shows what intercell can replay replays of a log that candump wrote", async () => {
    const log = join(folder, "candump.log");
    const source = start("candump", "-L", `${VCAN},0:0,#FFFFFFFF`);
    const recorded = await ready(source);
    for (const text of texts) execFileSync("cansend", [VCAN, text]);
    writeFileSync(log, `${(await linesOf(recorded, texts.length)).join("\n")}\n`);
    const target = start("candump", "-L", `${OTHER},0:0,#FFFFFFFF`);
    const lines = await ready(target, OTHER);
    const report = JSON.parse(can("replay", log, `${OTHER}=${VCAN}`, "--error-frames", "--json"));
    expect(report).toMatchObject({ sentFrames: texts.length, skippedFrames: 0 });
    expect((await linesOf(lines, texts.length)).map(frameOf)).toEqual(shown);
  });

  test("canplayer replays what intercell can dump --log wrote, and the other way round", async () => {
    const dump = startCan("dump", "-e", "--log", VCAN);
    const lines = await ready(dump);
    const log = join(folder, "played.log");
    writeFileSync(log, logOf("can3", 2000));
    execFileSync("canplayer", ["-I", log, `${VCAN}=can3`]);
    const written = await linesOf(lines, texts.length);
    expect(written.map(frameOf)).toEqual(shown);
    const again = join(folder, "dumped.log");
    writeFileSync(again, `${written.join("\n")}\n`);
    const peer = start("candump", "-L", `${OTHER},0:0,#FFFFFFFF`);
    const heard = await ready(peer, OTHER);
    execFileSync("canplayer", ["-I", again, `${OTHER}=${VCAN}`]);
    expect((await linesOf(heard, texts.length)).map(frameOf)).toEqual(shown);
  });

  test("intercell can replay ends clean on Ctrl-C, with statistics of what was sent", async () => {
    const log = join(folder, "slow.log");
    writeFileSync(log, logOf(VCAN, 100_000));
    const dump = start("candump", "-L", VCAN);
    const lines = await ready(dump);
    const replay = startCan("replay", log, "--rounds", "0", "--json");
    await linesOf(lines, 3);
    replay.kill("SIGINT");
    expect(await replay.end()).toBe(130);
    const { sentFrames } = JSON.parse(replay.lines[0] as string) as { sentFrames: number };
    expect((await linesOf(lines, sentFrames)).length).toBe(sentFrames);
  });
});
