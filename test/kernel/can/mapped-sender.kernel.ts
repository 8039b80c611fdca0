import { execFileSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync, readlinkSync, writeFileSync } from "node:fs";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, onTestFinished, test } from "vitest";
import {
  autosarProfile1,
  type CycleTiming,
  elapsedNs,
  exactFilter,
  type LogRecord,
  type MappedMessage,
  openMappedReceiver,
  openMappedSender,
  openSocketCan,
  parseCandumpLine,
  type SocketCanBus,
  standardId,
  structLayout,
} from "../../../src/can/index.js";
import { i16, struct, u8 } from "../../../src/schema/index.js";
import { describeMappedSender, type SenderStage } from "../../can/mapped/contract.js";
import { restoreOrder } from "../../can/mapped/restore-order.js";
import { until } from "../../channel/until.js";
import { block } from "../../support/block.js";
import { loadKernelModules } from "../kernel-module.js";
import { addVcan, ip, remove } from "./interfaces.js";
import { Companion } from "./process.js";

const VCAN = "vcan5";
/** Made anew for each test that takes it away. */
const OWN = "vcan3";
const protection = autosarProfile1({ dataId: 0x321 });
const speed: MappedMessage<{ checksum: number; counter: number; rpm: number }> = {
  id: standardId(0x321),
  layout: structLayout(struct("Speed", { checksum: u8, counter: u8, rpm: i16 })),
  mode: "cyclic-and-change",
  cycleMs: 10,
  timeoutCycles: 1_000_000,
  maxCounterStep: 1,
  protection,
};
const value = (rpm: number) => ({ checksum: 0, counter: 0, rpm });
const kept = { lost: 0, withheld: { length: 0, decode: 0, checksum: 0, repeated: 0, sequence: 0 } };

beforeAll(() => addVcan(VCAN));

afterAll(() => remove(VCAN));

for (const timing of ["kernel", "process"] as const) {
  describeMappedSender(`openMappedSender() with timing ${timing}`, () => openSenderStage(timing));
}

async function openSenderStage(timing: CycleTiming): Promise<SenderStage> {
  const bus = await openSocketCan(VCAN);
  return {
    bus,
    peer: await openSocketCan(VCAN),
    open: (message) => openMappedSender(bus, message, { timing }),
    setUp: (up) => void ip(`link set ${VCAN} ${up ? "up" : "down"}`),
    close: () => {},
  };
}

describe("a cycle that the kernel keeps", () => {
  test("goes on at its period, with counters and checksums, while JavaScript is blocked for 500 ms", async () => {
    const dump = new Companion("candump", ["-L", VCAN]);
    const [bus, peer] = [await openSocketCan(VCAN), await openSocketCan(VCAN)];
    const receiver = openMappedReceiver(peer, speed);
    const sender = openMappedSender(bus, speed);
    expect(sender.timing).toBe("kernel");
    sender.set(value(1));
    await until(() => dump.lines.length >= 50, "candump shows the cycle");
    const before = dump.lines.length;
    block(500);
    await until(() => dump.lines.length >= before + 50, "candump shows what was sent meanwhile");
    for (let rpm = 0; rpm < 300; rpm++) {
      sender.set(value(rpm));
      if (rpm % 8 === 0) await pause(5);
    }
    await until(() => receiver.latest?.value.rpm === 299, "the last change is there");
    expect(receiver.statistics.withheld).toMatchObject({ checksum: 0, decode: 0, length: 0, repeated: 0 });
    for (const bus of [sender, receiver, peer]) bus.close();
    // What candump did not hear of the first frames, as it came late, it does not show.
    let count = -1;
    for (; count !== dump.lines.length; await pause(100)) count = dump.lines.length;
    await pause(100);
    expect(dump.lines).toHaveLength(count);
    bus.close();
    await dump.stop();
    const records = dump.lines.map((line) => parseCandumpLine(line) as LogRecord);
    const gaps = records.slice(1, before + 50).map(({ timestamp }, index) => {
      return elapsedNs((records[index] as LogRecord).timestamp, timestamp) / 1e6;
    });
    const [calm, blocked] = [gaps.slice(0, before), gaps.slice(before)];
    console.log(`gaps of a mapped cycle of 10 ms: ${summary(calm)} in peace, ${summary(blocked)} while blocked`);
    // A cycle that JavaScript keeps would have a gap of 500 ms; the kernel's own jitter is that of an emulated machine.
    expect(Math.max(...blocked)).toBeLessThan(400);
    expect(median(blocked)).toBeGreaterThan(5);
    expect(median(blocked)).toBeLessThan(20);
    const counters = records.map(({ frame }) => ("data" in frame ? (protection.check(frame.data) ?? -1) : -1));
    restoreOrder(counters, 15);
    expect(counters).toEqual(counters.map((_, index) => ((counters[0] ?? 0) + index) % 15));
  });

  test("goes on when its interface was removed and came back", async () => {
    addVcan("vcan6");
    const bus = await openSocketCan("vcan6", { reopen: true });
    const sender = openMappedSender(bus, speed);
    sender.set(value(1));
    await until(() => sender.statistics.sentFrames >= 3, "the cycle runs");
    remove("vcan6");
    await until(() => bus.status === "removed", "the interface is gone");
    sender.set(value(2));
    const { sentFrames } = sender.statistics;
    await pause(50);
    expect(sender.statistics.sentFrames).toBe(sentFrames);
    expect(sender.statistics.missedCycles).toBeGreaterThan(2);
    addVcan("vcan6");
    await until(() => sender.statistics.sentFrames >= sentFrames + 3, "the cycle goes on");
    bus.close();
    remove("vcan6");
  });

  test("ends with its process, killed as it may be", async () => {
    const bus = await openSocketCan(VCAN);
    const heard: number[] = [];
    bus.listen(({ frame }) => heard.push("id" in frame ? frame.id : 0), { filters: [exactFilter(standardId(0x66))] });
    const path = fileURLToPath(new URL("./programs/cycle.mjs", import.meta.url));
    const program = new Companion(process.execPath, [path, VCAN]);
    await program.line("kernel");
    await until(() => heard.length >= 5, "the cycle runs");
    program.kill("SIGSTOP");
    const { length } = heard;
    await until(() => heard.length >= length + 5, "the cycle runs while the process stands still");
    program.kill("SIGKILL");
    await program.end();
    await pause(50);
    heard.length = 0;
    await pause(100);
    expect(heard).toEqual([]);
    bus.close();
  });

  test("is kept by timers, which is said, when the kernel has no broadcast manager", async () => {
    const loader = readFileSync("/proc/sys/kernel/modprobe", "utf8");
    const bus = await openSocketCan(VCAN);
    if (existsSync("/sys/module/can_bcm")) execFileSync("rmmod", ["can_bcm"]);
    writeFileSync("/proc/sys/kernel/modprobe", "/bin/false");
    try {
      const sender = openMappedSender(bus, speed);
      expect(sender.timing).toBe("process");
      expect(sender.timingFault).toMatchObject({ code: "EPROTONOSUPPORT" });
      sender.set(value(1));
      await until(() => sender.statistics.sentFrames >= 3, "three frames are sent");
      expect(() => openMappedSender(bus, speed, { timing: "kernel" })).toThrow(
        expect.objectContaining({ code: "EPROTONOSUPPORT" }),
      );
    } finally {
      writeFileSync("/proc/sys/kernel/modprobe", loader);
      loadKernelModules("can-bcm");
      bus.close();
    }
  });
});

describe("openMappedSender() of a cyclic message on an interface", () => {
  let near: SocketCanBus;
  let far: SocketCanBus;

  beforeEach(async () => {
    addVcan(OWN);
    near = await openSocketCan(OWN, { reopen: true });
    far = await openSocketCan(OWN, { reopen: true });
  });

  afterEach(() => {
    near.close();
    far.close();
    remove(OWN);
  });

  /** A receiver at the far end, with the values of what it got. */
  function receive(message = speed) {
    const receiver = openMappedReceiver(far, message);
    onTestFinished(() => receiver.close());
    const values: number[] = [];
    receiver.events.on("message", ({ rpm }) => values.push(rpm));
    return { receiver, values };
  }

  test("sends a change and a demand at once, beside the cycle", async () => {
    const message = { ...speed, cycleMs: 60_000 };
    const { receiver, values } = receive(message);
    const sender = openMappedSender(near, message);
    await sender.send(value(7));
    sender.set(value(7));
    sender.set(value(8));
    sender.set(value(8));
    await sender.send();
    await sender.send(value(9));
    await until(() => values.length >= 5, "all have arrived");
    expect(values).toEqual([7, 7, 8, 8, 9]);
    expect(receiver.statistics).toMatchObject(kept);
    sender.close();
  });

  test("goes on when the interface was down, and when it was removed and is back", async () => {
    const { values } = receive();
    const sender = openMappedSender(near, speed);
    sender.set(value(1));
    await until(() => values.length > 0, "the cycle runs");
    ip(`link set ${OWN} down`);
    await until(() => near.status === "down" && far.status === "down", "the handles know");
    sender.set(value(2));
    await expect(sender.send()).rejects.toMatchObject({ code: "ENETDOWN" });
    ip(`link set ${OWN} up`);
    await until(() => values.at(-1) === 2, "the cycle goes on with the newest value");
    remove(OWN);
    sender.set(value(3));
    await until(() => near.status === "removed" && far.status === "removed", "the handles know");
    sender.set(value(4));
    addVcan(OWN);
    await until(() => values.at(-1) === 4, "the cycle is back with the newest value");
    expect(sender.timing).toBe("kernel");
    sender.close();
  });

  test("shares one socket among the cycles of a handle, and closes it with the last", async () => {
    const before = countSockets();
    const heard = receive();
    const first = openMappedSender(near, speed);
    const second = openMappedSender(near, { ...speed, id: standardId(0x124) });
    expect(countSockets()).toBe(before + 1);
    first.set(value(1));
    second.set(value(2));
    await until(() => heard.values.length > 3, "the first runs");
    second.close();
    const sofar = heard.values.length;
    await until(() => heard.values.length > sofar + 3, "the first goes on");
    first.close();
    expect(countSockets()).toBe(before);
    const frames = far.statistics.receivedFrames;
    const third = openMappedSender(near, { ...speed, mode: "demand", id: standardId(0x125) });
    const late = receive({ ...speed, id: standardId(0x125) });
    block(50);
    await third.send(value(3));
    await until(() => late.values.length === 1, "what was sent after the cycles has arrived");
    // One may have been under way.
    expect(far.statistics.receivedFrames - frames).toBeLessThanOrEqual(3);
    third.close();
  });

  test("ends with its bus", async () => {
    const { values } = receive();
    const sender = openMappedSender(near, speed);
    sender.set(value(1));
    await until(() => values.length > 0, "the cycle runs");
    const sockets = countSockets();
    near.close();
    expect(() => sender.set(value(2))).toThrow(expect.objectContaining({ code: "ERR_CLOSED" }));
    expect(countSockets()).toBe(sockets - 2);
  });
});

function countSockets(): number {
  return readdirSync("/proc/self/fd").filter((fd) => {
    try {
      return readlinkSync(`/proc/self/fd/${fd}`).startsWith("socket:");
    } catch {
      return false;
    }
  }).length;
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}

function summary(gaps: readonly number[]): string {
  return `median ${median(gaps).toFixed(2)} ms, most ${Math.max(...gaps).toFixed(2)} ms`;
}
