import { readdirSync, readlinkSync } from "node:fs";
import { afterEach, beforeEach, describe, expect, onTestFinished, test } from "vitest";
import {
  autosarProfile1,
  elapsedNs,
  type MappedMessage,
  openMappedReceiver,
  openMappedSender,
  openSocketCan,
  type SocketCanBus,
  standardId,
  structLayout,
  type Timestamp,
} from "../../../src/can/index.js";
import { i16, struct, u8 } from "../../../src/schema/index.js";
import { until } from "../../channel/until.js";
import { addVcan, ip, remove } from "./interfaces.js";

const VCAN = "vcan3";
const CYCLE_MS = 10;

// The first two bytes are those of the protection.
const Guarded = struct("Guarded", { checksum: u8, counter: u8, rpm: i16 });

type GuardedValue = { checksum: number; counter: number; rpm: number };

const guarded: MappedMessage<GuardedValue> = {
  id: standardId(0x123),
  layout: structLayout(Guarded),
  mode: "cyclic",
  cycleMs: CYCLE_MS,
  // A receiver that is blocked itself misses nothing.
  timeoutCycles: 1000,
  protection: autosarProfile1({ dataId: 0x123 }),
};
const value = (rpm: number) => ({ checksum: 0, counter: 0, rpm });

let near: SocketCanBus;
let far: SocketCanBus;

beforeEach(async () => {
  addVcan(VCAN);
  near = await openSocketCan(VCAN, { reopen: true });
  far = await openSocketCan(VCAN, { reopen: true });
});

afterEach(() => {
  near.close();
  far.close();
  remove(VCAN);
});

/** A receiver at the far end, with the times and counters of what it got. */
function receive(message: MappedMessage<GuardedValue> = guarded) {
  const receiver = openMappedReceiver(far, message);
  onTestFinished(() => receiver.close());
  const times: Timestamp[] = [];
  const counters: number[] = [];
  const values: number[] = [];
  receiver.events.on("message", ({ counter, rpm }, timestamp) => {
    times.push(timestamp);
    counters.push(counter & 0x0f);
    values.push(rpm);
  });
  return { receiver, times, counters, values };
}

const clean = { withheld: { length: 0, decode: 0, checksum: 0, repeated: 0, sequence: 0 }, lost: 0 };

function block(milliseconds: number): void {
  const end = performance.now() + milliseconds;
  while (performance.now() < end);
}

function countSockets(): number {
  return readdirSync("/proc/self/fd").filter((fd) => {
    try {
      return readlinkSync(`/proc/self/fd/${fd}`).startsWith("socket:");
    } catch {
      return false;
    }
  }).length;
}

describe("openMappedSender() of a cyclic message on an interface", () => {
  test("keeps the cycle and its counter while JavaScript is blocked", async () => {
    const { receiver, times } = receive();
    const sender = openMappedSender(near, guarded);
    expect(sender.timing).toBe("kernel");
    sender.set(value(1));
    await until(() => times.length >= 20, "the cycle runs");
    const before = times.length;
    block(500);
    await until(() => times.length >= before + 40, "what was sent meanwhile has arrived");
    const gaps = times.slice(1).map((time, index) => elapsedNs(times[index] as Timestamp, time) / 1e6);
    // A cycle that JavaScript keeps would have a gap of 500 ms; the kernel's own jitter is that of an emulated machine.
    expect(Math.max(...gaps)).toBeLessThan(400);
    const median = [...gaps].sort((a, b) => a - b)[gaps.length >> 1];
    expect(median).toBeGreaterThan(CYCLE_MS / 2);
    expect(median).toBeLessThan(CYCLE_MS * 2);
    expect(receiver.statistics).toMatchObject(clean);
    sender.close();
  });

  test("counts on without a gap when the value changes", async () => {
    const { receiver, values, counters } = receive();
    const sender = openMappedSender(near, guarded);
    for (let rpm = 0; rpm < 60; rpm++) {
      sender.set(value(rpm));
      block(rpm % 7);
      if (rpm % 3 === 0) await until(() => values.at(-1) === rpm, "the value has arrived");
    }
    await until(() => values.at(-1) === 59, "the last value has arrived");
    expect(receiver.statistics).toMatchObject(clean);
    expect(new Set(counters).size).toBe(15);
    expect([...values].sort((a, b) => a - b)).toEqual(values);
    sender.close();
  });

  test("sends a change and a demand at once, beside the cycle", async () => {
    const message: MappedMessage<GuardedValue> = { ...guarded, mode: "cyclic-and-change", cycleMs: 60_000 };
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
    expect(receiver.statistics).toMatchObject(clean);
    sender.close();
  });

  test("goes on when the interface was down, and when it was removed and is back", async () => {
    const { values } = receive();
    const sender = openMappedSender(near, guarded);
    sender.set(value(1));
    await until(() => values.length > 0, "the cycle runs");
    ip(`link set ${VCAN} down`);
    await until(() => near.status === "down" && far.status === "down", "the handles know");
    sender.set(value(2));
    await expect(sender.send()).rejects.toMatchObject({ code: "ENETDOWN" });
    ip(`link set ${VCAN} up`);
    await until(() => values.at(-1) === 2, "the cycle goes on with the newest value");
    remove(VCAN);
    sender.set(value(3));
    await until(() => near.status === "removed" && far.status === "removed", "the handles know");
    sender.set(value(4));
    addVcan(VCAN);
    await until(() => values.at(-1) === 4, "the cycle is back with the newest value");
    expect(sender.timing).toBe("kernel");
    sender.close();
  });

  test("shares one socket among the cycles of a handle, and closes it with the last", async () => {
    const before = countSockets();
    const heard = receive();
    const first = openMappedSender(near, guarded);
    const second = openMappedSender(near, { ...guarded, id: standardId(0x124) });
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
    const third = openMappedSender(near, { ...guarded, mode: "demand", id: standardId(0x125) });
    const late = receive({ ...guarded, id: standardId(0x125) });
    block(5 * CYCLE_MS);
    await third.send(value(3));
    await until(() => late.values.length === 1, "what was sent after the cycles has arrived");
    // One may have been under way.
    expect(far.statistics.receivedFrames - frames).toBeLessThanOrEqual(3);
    third.close();
  });

  test("leaves the cycle to this process when it is told to", async () => {
    const { receiver, values } = receive();
    const sender = openMappedSender(near, guarded, { timing: "process" });
    expect(sender.timing).toBe("process");
    sender.set(value(1));
    await until(() => values.length > 5, "the cycle runs");
    expect(sender.statistics.sentFrames).toBeGreaterThan(5);
    expect(receiver.statistics).toMatchObject(clean);
    sender.close();
  });

  test("ends with its bus", async () => {
    const { values } = receive();
    const sender = openMappedSender(near, guarded);
    sender.set(value(1));
    await until(() => values.length > 0, "the cycle runs");
    const sockets = countSockets();
    near.close();
    expect(() => sender.set(value(2))).toThrow(expect.objectContaining({ code: "ERR_CLOSED" }));
    expect(countSockets()).toBe(sockets - 2);
  });
});
