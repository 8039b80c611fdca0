import { readdirSync, readlinkSync } from "node:fs";
import { afterEach, beforeEach, describe, expect, onTestFinished, test } from "vitest";
import {
  autosarProfile1,
  type MappedMessage,
  openMappedReceiver,
  openMappedSender,
  openSocketCan,
  type SocketCanBus,
  standardId,
  structLayout,
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

/** A receiver at the far end, with the values of what it got. */
function receive(message: MappedMessage<GuardedValue> = guarded) {
  const receiver = openMappedReceiver(far, message);
  onTestFinished(() => receiver.close());
  const values: number[] = [];
  receiver.events.on("message", ({ rpm }) => values.push(rpm));
  return { receiver, values };
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
