import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { createDatabase, parseDbc } from "../../../src/can/dbc/index.js";
import {
  autosarProfile1,
  type CanBus,
  createManualClock,
  createVirtualBus,
  dataFrame,
  j1850Checksum,
  type ManualClock,
  type MappedMessage,
  openMappedReceiver,
  openMappedSender,
  standardId,
  structLayout,
  type VirtualBus,
} from "../../../src/can/index.js";
import { bool, bytes, i16, struct, u8, u32 } from "../../../src/schema/index.js";
import { shown } from "../isotp/bytes.js";

const Speed = struct("Speed", { rpm: i16, gear: u8 });
// The first two bytes are those of the protection.
const Guarded = struct("Guarded", { checksum: u8, counter: u8, rpm: i16 });

const ID = standardId(0x123);
const speed: MappedMessage<{ rpm: number; gear: number }> = { id: ID, layout: structLayout(Speed) };
const guarded: MappedMessage<{ checksum: number; counter: number; rpm: number }> = {
  id: ID,
  layout: structLayout(Guarded),
  mode: "cyclic",
  cycleMs: 10,
  timeoutCycles: 5,
  protection: autosarProfile1({ dataId: 0x123 }),
};
const value = (rpm: number) => ({ checksum: 0, counter: 0, rpm });

let clock: ManualClock;
let bus: VirtualBus;
let left: CanBus;
let right: CanBus;
let heard: string[];

beforeEach(() => {
  clock = createManualClock();
  bus = createVirtualBus({ clock });
  left = bus.open({ node: "left", txQueueFrames: 1 });
  right = bus.open({ node: "right" });
  heard = [];
  right.listen(({ frame }) => {
    if (frame.kind === "data" || frame.kind === "fd") heard.push(shown(frame.data));
  });
});

afterEach(() => {
  left.close();
  right.close();
  bus.close();
});

describe("openMappedSender()", () => {
  test("sends on demand", async () => {
    const sender = openMappedSender(left, speed, { clock });
    await expect(sender.send()).rejects.toThrow(TypeError);
    sender.set({ rpm: -2, gear: 3 });
    await clock.advance(100);
    expect(heard).toEqual([]);
    await clock.runUntil(Promise.all([sender.send(), sender.send({ rpm: 256, gear: 4 })]));
    await clock.advance(1);
    expect(heard).toEqual(["FE FF 03 00", "00 01 04 00"]);
    expect(sender.statistics.sentFrames).toBe(2);
  });

  test("sends on change, and the newest only when the bus had no room", async () => {
    const sender = openMappedSender(left, { ...speed, mode: "change" }, { clock });
    sender.set({ rpm: 1, gear: 0 });
    sender.set({ rpm: 1, gear: 0 });
    sender.set({ rpm: 2, gear: 0 });
    sender.set({ rpm: 3, gear: 0 });
    await clock.advance(1);
    expect(heard).toEqual(["01 00 00 00", "03 00 00 00"]);
    expect(sender.statistics).toMatchObject({ sentFrames: 2, supersededChanges: 1 });
  });

  test("sends in cycles the value of the moment, from the first on", async () => {
    const sender = openMappedSender(left, { ...speed, mode: "cyclic", cycleMs: 20 }, { clock });
    await clock.advance(100);
    expect(heard).toEqual([]);
    sender.set({ rpm: 1, gear: 0 });
    await clock.advance(39);
    sender.set({ rpm: 2, gear: 0 });
    await clock.advance(2);
    expect(heard).toEqual(["01 00 00 00", "01 00 00 00", "02 00 00 00"]);
    sender.close();
    await clock.advance(100);
    expect(heard).toHaveLength(3);
    expect(() => sender.set({ rpm: 1, gear: 0 })).toThrow(expect.objectContaining({ code: "ERR_CLOSED" }));
  });

  test("sends in cycles and at once on change", async () => {
    const sender = openMappedSender(left, { ...speed, mode: "cyclic-and-change", cycleMs: 20 }, { clock });
    sender.set({ rpm: 1, gear: 0 });
    await clock.advance(5);
    sender.set({ rpm: 2, gear: 0 });
    await clock.advance(20);
    expect(heard).toEqual(["01 00 00 00", "02 00 00 00", "02 00 00 00"]);
  });

  test("counts up only with frames that leave", async () => {
    const sender = openMappedSender(left, guarded, { clock });
    sender.set(value(0));
    await clock.advance(11);
    bus.setHeld(true);
    await clock.advance(50);
    bus.setHeld(false);
    await clock.advance(10);
    expect(heard.map((frame) => frame.slice(3, 5))).toEqual(["00", "01", "02", "03"]);
    expect(sender.statistics.missedCycles).toBe(4);
  });

  test.each<[string, Partial<typeof speed>, unknown]>([
    ["a cycle without its length", { mode: "cyclic" }, TypeError],
    ["a mode that does not exist", { mode: "often" as "cyclic" }, TypeError],
    ["a cycle of nothing", { cycleMs: 0 }, RangeError],
    ["no cycles until it is missed", { timeoutCycles: 0 }, RangeError],
    ["9 bytes in a classic frame", { fd: false, layout: { ...speed.layout, lengthBytes: 9 } }, RangeError],
    [
      "a protection that it has no room for",
      { layout: { ...speed.layout, lengthBytes: 1 }, ...{ protection: autosarProfile1({ dataId: 1 }) } },
      RangeError,
    ],
    ["an unknown key", { name: "x" } as Partial<typeof speed>, TypeError],
  ])("refuses %s", (_, more, type) => {
    expect(() => openMappedSender(left, { ...speed, ...more })).toThrow(type as typeof TypeError);
  });

  test.each<[string, Partial<typeof speed>, RegExp]>([
    [
      "a struct in place of its layout",
      { layout: Speed as never },
      /is the codec of a DBC message, or structLayout\(\)/,
    ],
    ["no layout", { layout: undefined as never }, /structLayout\(\) of a struct$/],
    [
      "a layout that is too short",
      { layout: { ...speed.layout, lengthBytes: 4 }, protection: j1850Checksum({ checksumByte: 12 }) } as never,
      /^The layout of a mapped message has 4 bytes, and its protection wants 13 at least$/,
    ],
    [
      "a layout that is too long",
      { fd: false, layout: { ...speed.layout, lengthBytes: 9 } },
      /has 9 bytes, and a classic frame has 8 at most$/,
    ],
  ])("says of %s what is wanted", (_, more, message) => {
    expect(() => openMappedSender(left, { ...speed, ...more })).toThrow(message);
  });

  test("keeps cycles in this process on a bus without a kernel, and refuses another timing", () => {
    const sender = openMappedSender(left, guarded, { clock });
    expect(sender.timing).toBe("process");
    sender.close();
    const refusal = expect.objectContaining({
      code: "ERR_UNSUPPORTED",
      message: expect.stringContaining("no interface"),
    });
    expect(() => openMappedSender(left, guarded, { timing: "kernel" })).toThrow(refusal);
    expect(() => openMappedSender(left, guarded, { clock, timing: "kernel" })).toThrow(TypeError);
    expect(() => openMappedSender(left, guarded, { timing: "user" as "kernel" })).toThrow(TypeError);
  });

  test("refuses CAN FD on a classic bus, and structs of no fixed length", () => {
    const classic = bus.open({ fd: false });
    const options = expect.objectContaining({ code: "ERR_UNSUPPORTED" });
    expect(() => openMappedSender(classic, { ...speed, fd: true })).toThrow(options);
    classic.close();
    expect(() => structLayout(struct("Loose", { length: u32, data: bytes(8) }))).toThrow(TypeError);
  });
});

describe("openMappedReceiver()", () => {
  test("gives the values of a message of a DBC file", async () => {
    const text =
      'BO_ 291 Engine: 8 ECU\n SG_ Rpm : 0|16@1+ (0.25,0) [0|16000] "rpm" ECU\n SG_ Temp : 16|8@1+ (1,-40) [-40|215] "C" ECU\n';
    const engine = createDatabase(parseDbc(text)).message("Engine");
    const receiver = openMappedReceiver(right, { id: engine.id, layout: engine });
    const sender = openMappedSender(left, { id: engine.id, layout: engine });
    await sender.send({ Rpm: 1000.25, Temp: -3 });
    await clock.advance(1);
    expect(receiver.latest?.value).toEqual({ Rpm: 1000.25, Temp: -3 });
    expect(heard).toEqual(["A1 0F 25 00 00 00 00 00"]);
  });

  test("tells that the message is missing after its cycles, and that it is back", async () => {
    const states: string[] = [];
    const receiver = openMappedReceiver(right, guarded, { clock });
    receiver.events.on("status", (status) => states.push(status));
    await clock.advance(49);
    expect(receiver.status).toBe("waiting");
    await clock.advance(1);
    const sender = openMappedSender(left, guarded, { clock });
    sender.set(value(7));
    await clock.advance(200);
    sender.close();
    await clock.advance(100);
    expect(states).toEqual(["missing", "alive", "missing"]);
    expect(receiver.statistics).toMatchObject({ timeouts: 2, lost: 0 });
    expect(receiver.latest?.value.rpm).toBe(7);
    receiver.close();
    left.close();
    right.close();
    expect(clock.scheduled).toBe(0);
  });

  test("withholds what is damaged, repeated or out of sequence, and counts it", async () => {
    const { protection } = guarded;
    const got: number[] = [];
    const reasons: string[] = [];
    const receiver = openMappedReceiver(right, { ...guarded, maxCounterStep: 2 }, { clock });
    receiver.events.on("message", ({ rpm }) => got.push(rpm));
    receiver.events.on("withheld", (reason) => reasons.push(reason));
    const say = async (counter: number, rpm: number, damage = 0): Promise<void> => {
      const data = Uint8Array.of(0, 0, rpm, 0);
      protection?.protect(data, counter);
      data[2] = rpm ^ damage;
      await left.send(dataFrame(ID, data));
      await clock.advance(1);
    };
    await say(3, 1);
    await say(4, 2, 1);
    await say(4, 3);
    await say(4, 4);
    await say(6, 5);
    await say(10, 6);
    await say(11, 7);
    await left.send(dataFrame(ID, [1, 2]));
    await clock.advance(1);
    expect(got).toEqual([1, 3, 5, 7]);
    expect(reasons).toEqual(["checksum", "repeated", "sequence", "length"]);
    expect(receiver.statistics).toMatchObject({
      received: 4,
      lost: 1,
      withheld: { length: 1, decode: 0, checksum: 1, repeated: 1, sequence: 1 },
    });
  });

  test("withholds what is no value of the layout", async () => {
    const receiver = openMappedReceiver(right, { id: ID, layout: structLayout(struct("Switch", { on: bool })) });
    await left.send(dataFrame(ID, [7]));
    await clock.advance(1);
    await left.send(dataFrame(ID, [1]));
    await clock.advance(1);
    expect(receiver.statistics).toMatchObject({ received: 1, withheld: { decode: 1 } });
    expect(receiver.latest?.value).toEqual({ on: true });
  });
});
