import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";
import { until } from "../../channel/until.js";
import { addVcan, remove } from "./interfaces.js";
import { Companion } from "./process.js";

const VCAN = "vcan8";

/** Frames of each measurement; for figures that are worth something: `INTERCELL_CAN_COST_FRAMES=50000`. */
const FRAMES = Number(process.env["INTERCELL_CAN_COST_FRAMES"] ?? 3000);

/** Clock ticks of /proc/<pid>/stat in a second (`getconf CLK_TCK`). */
const TICKS = 100;

/** Of a receiver. */
interface Cost {
  readonly frames: number;
  readonly droppedFrames: number;
  readonly cpuUs: number;
}

const path = (name: string): string => fileURLToPath(new URL(`./programs/${name}`, import.meta.url));

beforeAll(() => addVcan(VCAN));

afterAll(() => remove(VCAN));

test("each receiver gets all frames; what one costs is printed", { timeout: 300_000 }, async () => {
  const costs: Record<string, Cost> = {
    intercell: await measure(process.execPath, [path("receive.mjs"), VCAN, `${FRAMES}`]),
    "python-can": await measure("/usr/bin/python3", [path("measure.py"), "receive", VCAN, `${FRAMES}`]),
    "candump -L": await measureCandump(),
  };
  for (const [name, { frames, droppedFrames, cpuUs }] of Object.entries(costs)) {
    console.log(`${name}: ${(cpuUs / frames).toFixed(1)} µs of CPU a received frame, ${FRAMES} frames`);
    expect([frames, droppedFrames]).toEqual([FRAMES, 0]);
  }
});

test("each sender sends all frames, none of which is lost; its rate is printed", { timeout: 300_000 }, () => {
  const senders: Record<string, readonly string[]> = {
    intercell: [process.execPath, path("send.mjs"), VCAN, `${FRAMES}`],
    "python-can": ["/usr/bin/python3", path("measure.py"), "send", VCAN, `${FRAMES}`],
  };
  for (const [name, [command = "", ...words]] of Object.entries(senders)) {
    const before = sentFrames();
    const { frames, ms } = JSON.parse(execFileSync(command, words, { encoding: "utf8" }));
    console.log(`${name}: ${Math.round((frames / ms) * 1000)} frames sent a second`);
    expect(sentFrames() - before).toBe(FRAMES);
  }
});

/** Sends what a receiver, once it is ready, reports on. */
async function measure(command: string, words: readonly string[]): Promise<Cost> {
  const receiver = new Companion(command, words);
  await receiver.line("ready");
  flood();
  expect(await receiver.end()).toBe(0);
  return JSON.parse(receiver.lines.at(-1) as string);
}

/** candump reports nothing itself: what it used is read before it is ended. Its start is part of it. */
async function measureCandump(): Promise<Cost> {
  const receivers = () => readFileSync("/proc/net/can/rcvlist_all", "utf8").includes(VCAN);
  const dump = new Companion("candump", ["-L", "-r", `${64 << 20}`, VCAN]);
  await until(receivers, "candump listens");
  flood();
  while (dump.lines.length < FRAMES) await new Promise((resolve) => setTimeout(resolve, 10));
  const fields = readFileSync(`/proc/${dump.pid}/stat`, "utf8").split(") ")[1]?.split(" ") ?? [];
  // utime and stime are fields 14 and 15 (proc(5)); the third is the first after the name.
  const ticks = Number(fields[11]) + Number(fields[12]);
  await dump.stop();
  return { frames: dump.lines.length, droppedFrames: 0, cpuUs: (ticks / TICKS) * 1e6 };
}

function flood(): void {
  execFileSync("cangen", [VCAN, "-g", "0", "-i", "-n", `${FRAMES}`, "-L", "8"]);
}

function sentFrames(): number {
  return Number(readFileSync(`/sys/class/net/${VCAN}/statistics/tx_packets`, "utf8"));
}
