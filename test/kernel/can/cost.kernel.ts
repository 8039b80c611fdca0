import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";
import { addVcan, remove } from "./interfaces.js";
import { Companion } from "./process.js";

const VCAN = "vcan8";

/** Frames of each measurement; for figures that are worth something: `INTERCELL_CAN_COST_FRAMES=50000`. */
const FRAMES = Number(process.env["INTERCELL_CAN_COST_FRAMES"] ?? 3000);

/** Folder in which `npm install socketcan` was run. Without it that package is left out. */
const RIVAL = process.env["INTERCELL_CAN_RIVAL"] ?? "";

/** Clock ticks of /proc/<pid>/stat in a second (`getconf CLK_TCK`). */
const TICKS = 100;

/** Room for all frames of a run in the socket of any receiver, some 770 bytes for each. */
const BUFFER_BYTES = 256 * 2 ** 20;
const DEFAULT_BUFFER = "/proc/sys/net/core/rmem_default";

/** What a processor holds back of what came in, in packets: a flood fills the 1000 of the default when the machine is busy. */
const BACKLOG = "/proc/sys/net/core/netdev_max_backlog";

/** A receiver that has nothing new for so long has lost frames. */
const STALLED_MS = 20_000;

/** Frames that come one by one; the programs tell each time that so many are there. */
const PACED_FRAMES = FRAMES / 10;

type Program = readonly [command: string, ...words: string[]];

const path = (name: string): string => fileURLToPath(new URL(`./programs/${name}`, import.meta.url));
const node = process.execPath;
const python = "/usr/bin/python3";
const hasRival = existsSync(join(RIVAL, "node_modules", "socketcan"));

const receivers: Readonly<Record<string, Program>> = {
  intercell: [node, path("receive.mjs"), VCAN, `${PACED_FRAMES}`],
  "intercell, gatherMs 20": [node, path("receive.mjs"), VCAN, `${PACED_FRAMES}`, "20"],
  "python-can": [python, path("measure.py"), "receive", VCAN, `${PACED_FRAMES}`],
  ...(hasRival && { socketcan: [node, path("rival.mjs"), "receive", VCAN, `${PACED_FRAMES}`, RIVAL] as const }),
  "candump -L": ["candump", "-L", VCAN],
};

let folder = "";
let flood = "";
let defaults: readonly (readonly [path: string, value: string])[] = [];

beforeAll(() => {
  addVcan(VCAN);
  folder = mkdtempSync(join(tmpdir(), "intercell-cost-"));
  flood = join(folder, "flood");
  execFileSync("gcc", ["-O2", "-Wall", "-Werror", "-o", flood, path("flood.c")]);
  defaults = [DEFAULT_BUFFER, BACKLOG].map((each) => [each, readFileSync(each, "utf8")]);
  writeFileSync(DEFAULT_BUFFER, `${BUFFER_BYTES}`);
  writeFileSync(BACKLOG, `${FRAMES}`);
  if (!hasRival) console.log("npm's socketcan is left out: INTERCELL_CAN_RIVAL names no folder that has it");
});

afterAll(() => {
  for (const [each, value] of defaults) writeFileSync(each, value);
  rmSync(folder, { recursive: true });
  remove(VCAN);
});

test.each(Object.entries(receivers))(
  "%s gets all frames; what one costs is printed",
  { timeout: 300_000 },
  async (name, program) => {
    const receiver = new Receiver(name, program);
    await receiver.start();
    // The first are for code to be compiled.
    for (let round = 0; round < 2; round++) await receiver.take(FRAMES, () => sendAll(FRAMES));
    const streamed = await receiver.take(FRAMES, () => sendAll(FRAMES));
    const held = await receiver.takeHeld(FRAMES);
    const paced = await receiver.take(PACED_FRAMES, () => cangen(PACED_FRAMES, "0.3"));
    await receiver.stop();
    const each = ({ cpuMs }: Taken, frames: number) => `${((cpuMs * 1000) / frames).toFixed(1)} µs`;
    console.log(
      `${name}: CPU for a received frame ${each(streamed, FRAMES)} in a stream, ${each(held, FRAMES)} of a full buffer, ` +
        `${each(paced, PACED_FRAMES)} one by one; ${Math.round((FRAMES / held.ms) * 1000)} frames received a second`,
    );
  },
);

test("each sender sends all frames, none of which is lost; its rate is printed", { timeout: 300_000 }, () => {
  const senders: Readonly<Record<string, Program>> = {
    intercell: [node, path("send.mjs"), VCAN, `${FRAMES}`],
    "python-can": [python, path("measure.py"), "send", VCAN, `${FRAMES}`],
    ...(hasRival && { socketcan: [node, path("rival.mjs"), "send", VCAN, `${FRAMES}`, RIVAL] as const }),
    "sendmmsg() in C": [flood, VCAN, `${FRAMES}`],
  };
  for (const [name, [command, ...words]] of Object.entries(senders)) {
    const before = sentFrames();
    const { ms, congestions = 0 } = JSON.parse(execFileSync(command, words, { encoding: "utf8" }));
    console.log(`${name}: ${Math.round((FRAMES / ms) * 1000)} frames sent a second, no room ${congestions} times`);
    expect(sentFrames() - before).toBe(command === flood ? FRAMES : 2 * FRAMES);
  }
});

interface Taken {
  readonly ms: number;
  readonly cpuMs: number;
}

/** A receiving program: candump, which prints a line for each frame, or one that prints how many it has. */
class Receiver {
  readonly #program: Companion;
  readonly #printsEach: boolean;
  #taken = 0;

  constructor(name: string, [command, ...words]: Program) {
    this.#program = new Companion(command, words);
    this.#printsEach = name.startsWith("candump");
  }

  async start(): Promise<void> {
    if (!this.#printsEach) return await this.#program.line("ready");
    await this.#wait(() => readFileSync("/proc/net/can/rcvlist_all", "utf8").includes(VCAN));
  }

  /** Waits until it has the frames that `send` sends. */
  async take(frames: number, send: () => void): Promise<Taken> {
    const [begin, before] = [performance.now(), this.#cpuMs()];
    send();
    return await this.#finish(frames, begin, before);
  }

  /** As {@link take}, while it is stopped: what the frames take once all of them lie in the buffer of its socket. */
  async takeHeld(frames: number): Promise<Taken> {
    this.#program.kill("SIGSTOP");
    sendAll(frames);
    const [begin, before] = [performance.now(), this.#cpuMs()];
    this.#program.kill("SIGCONT");
    return await this.#finish(frames, begin, before);
  }

  async stop(): Promise<void> {
    await this.#program.stop();
  }

  async #finish(frames: number, begin: number, before: number): Promise<Taken> {
    this.#taken += frames;
    const { lines } = this.#program;
    if (this.#printsEach) await this.#wait(() => lines.length >= this.#taken);
    else {
      await this.#wait(() => lines.at(-1)?.startsWith(`${this.#taken} `) === true);
      expect(lines.at(-1)).toBe(`${this.#taken} 0`);
    }
    return { ms: performance.now() - begin, cpuMs: this.#cpuMs() - before };
  }

  async #wait(condition: () => boolean): Promise<void> {
    const { lines } = this.#program;
    for (let count = lines.length, since = performance.now(); !condition(); ) {
      if (lines.length > count) [count, since] = [lines.length, performance.now()];
      if (performance.now() > since + STALLED_MS) throw new Error(this.#describeStall());
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }

  #describeStall(): string {
    const losses = readFileSync("/proc/net/softnet_stat", "utf8").trimEnd().split("\n");
    // The second number of each processor's line is what its backlog had no room for (net/core/net-procfs.c).
    const lost = losses.map((line) => Number.parseInt(line.split(" ")[1] as string, 16));
    const found = `its last line of ${this.#program.lines.length} is ${JSON.stringify(this.#program.lines.at(-1))}`;
    return `Waited in vain for ${this.#taken} frames: ${found}; the processors' backlogs lost ${lost.join(" and ")} packets`;
  }

  /** Of all its threads. */
  #cpuMs(): number {
    const fields = readFileSync(`/proc/${this.#program.pid}/stat`, "utf8").split(") ")[1]?.split(" ") ?? [];
    // utime and stime are fields 14 and 15 (proc(5)); the third is the first after the name.
    return ((Number(fields[11]) + Number(fields[12])) / TICKS) * 1000;
  }
}

function sendAll(frames: number): void {
  execFileSync(flood, [VCAN, `${frames}`], { stdio: ["ignore", "ignore", "inherit"] });
}

function cangen(frames: number, gapMs: string): void {
  execFileSync("cangen", [VCAN, "-g", gapMs, "-i", "-n", `${frames}`, "-L", "8"]);
}

function sentFrames(): number {
  return Number(readFileSync(`/sys/class/net/${VCAN}/statistics/tx_packets`, "utf8"));
}
