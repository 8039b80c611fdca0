import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  createReplay,
  elapsedNs,
  formatFrame,
  type LogRecord,
  openSocketCan,
  parseFrame,
  readCandumpLog,
  writeCandumpLog,
} from "../../../src/can/index.js";
import { collect, textOf } from "../../can/log/support.js";

const NAMES = ["vcan8", "vcan9"] as const;
const READY = "7FF#0123";

/** Every kind of frame that candump and canplayer of Debian 12 know. */
const texts = [
  "123#DEADBEEF",
  "000#",
  "1FFFFFFF#1122334455667788",
  "00000123#11",
  "123#R",
  "123#R5",
  "12345678#R8",
  "123##4",
  "1ABCDEF0##5112233445566778899AABBCC",
  `7FF##7${"5A".repeat(64)}`,
  "20000004#0004000000000000",
];

let folder = "";
const dumps: ChildProcess[] = [];

/** Runs candump on these interfaces, error frames included, and waits until it hears; gives what it has printed. */
async function startDump(...names: readonly string[]): Promise<() => string> {
  const filters = names.map((name) => `${name},0:0,#FFFFFFFF`);
  const dump = spawn("stdbuf", ["-oL", "candump", "-L", ...filters], { stdio: ["ignore", "pipe", "inherit"] });
  dumps.push(dump);
  let printed = "";
  dump.stdout.setEncoding("utf8").on("data", (text: string) => {
    printed += text;
  });
  while (!names.every((name) => printed.includes(`${name} ${READY}`))) {
    // Repeated, as nothing tells when candump listens.
    for (const name of names) execFileSync("cansend", [name, READY]);
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  return () => printed;
}

/** Lines of a dump but for those of the wait for its start, once there are so many. */
async function linesOf(printed: () => string, count: number): Promise<string[]> {
  const wanted = () =>
    printed()
      .split("\n")
      .filter((line) => line !== "" && !line.includes(READY));
  await expect.poll(() => wanted().length, { timeout: 30_000 }).toBeGreaterThanOrEqual(count);
  return wanted();
}

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "intercell-log-"));
  for (const name of NAMES) {
    execFileSync("ip", ["link", "add", name, "type", "vcan"]);
    execFileSync("ip", ["link", "set", name, "mtu", "72", "up"]);
  }
});

afterAll(async () => {
  for (const dump of dumps) {
    dump.kill();
    if (dump.exitCode === null && dump.signalCode === null) await once(dump, "exit");
  }
  for (const name of NAMES) execFileSync("ip", ["link", "del", name]);
  rmSync(folder, { recursive: true });
});

describe("logs of can-utils", () => {
  test("readCandumpLog() reads what candump -L prints of frames of all kinds, and formatFrame() gives its words", async () => {
    const printed = await startDump("vcan8", "vcan9");
    const before = Date.now() / 1000;
    for (const text of texts) execFileSync("cansend", ["vcan8", text.replace(/^(\w+##)4/, "$10")]);
    execFileSync("cansend", ["vcan9", "321#01"]);
    const lines = await linesOf(printed, texts.length + 1);
    const records = await collect(readCandumpLog([lines.join("\n")]));
    expect(records.map(({ frame }) => formatFrame(frame))).toEqual([...texts, "321#01"]);
    expect(records.map(({ interfaceName }) => interfaceName)).toEqual([...texts.map(() => "vcan8"), "vcan9"]);
    for (const { timestamp } of records) expect(Math.abs(timestamp.seconds - before)).toBeLessThan(120);
  });

  test("canplayer replays what writeCandumpLog() gives, each frame once and in order", async () => {
    const printed = await startDump("vcan8");
    const records = Array.from({ length: 10 }, () => texts)
      .flat()
      .map(
        (text, index): LogRecord => ({
          timestamp: { seconds: 1_500_000_000, nanoseconds: index * 1_000_000 },
          interfaceName: "can3",
          frame: parseFrame(text),
        }),
      );
    const path = join(folder, "written.log");
    writeFileSync(path, await textOf(writeCandumpLog(records)));
    execFileSync("canplayer", ["-I", path, "vcan8=can3"]);
    const lines = await linesOf(printed, records.length);
    const read = await collect(readCandumpLog([lines.join("\n")]));
    expect(read.map(({ frame }) => frame)).toEqual(records.map(({ frame }) => frame));
  });

  test("createReplay() replays a log of candump onto an interface, each frame once, in order and in its time", async () => {
    const printed = await startDump("vcan9");
    const log = texts.map((text, index) => `(1500000000.${String(index * 20_000).padStart(6, "0")}) can3 ${text}\n`);
    const bus = await openSocketCan("vcan9", { ownFrames: false });
    const report = await createReplay(readCandumpLog(log), bus, { errorFrames: true }).run();
    bus.close();
    const lines = await linesOf(printed, texts.length);
    const read = await collect(readCandumpLog([lines.join("\n")]));
    expect(read.map(({ frame }) => formatFrame(frame))).toEqual(texts);
    expect(report).toMatchObject({ sentFrames: texts.length, skippedFrames: 0 });
    // As the kernel saw them: none before its time, but for what a timer is early.
    const first = read[0]?.timestamp ?? { seconds: 0, nanoseconds: 0 };
    for (const [index, { timestamp }] of read.entries()) {
      const lateNs = elapsedNs(first, timestamp) - index * 20e6 + report.latenessNs.max;
      expect(lateNs).toBeGreaterThan(-2e6);
    }
  });
});
