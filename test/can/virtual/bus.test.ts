import { setImmediate as turn } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import {
  type CanClock,
  type CanFrame,
  createVirtualBus,
  dataFrame,
  elapsedNs,
  encodeErrorFrame,
  exactFilter,
  fdFrame,
  formatFrame,
  type LocalBusOptions,
  remoteFrame,
  standardId,
  type VirtualHandleOptions,
  wireTimeNs,
  xlFrame,
} from "../../../src/can/index.js";
import { frame, hear, makeBus, texts } from "./support.js";

describe("createVirtualBus()", () => {
  test("frames are heard by all other handles, in a later turn, with their origin as the kernel tells it", async () => {
    const bus = createVirtualBus({ name: "vbus0" });
    const [sender, neighbour, other] = [bus.open({ node: "a" }), bus.open({ node: "a" }), bus.open({ node: "b" })];
    const heard = [sender, neighbour, other].map((can) => hear(can, true));
    expect(sender.trySend(frame(1, 0x11))).toBe(true);
    expect(heard.flat()).toEqual([]);
    await turn();
    expect(heard.map((each) => each.map(({ origin }) => origin))).toEqual([["own"], ["local"], ["remote"]]);
    expect(heard[2]?.[0]).toMatchObject({ frame: frame(1, 0x11), interfaceName: "vbus0" });
    expect(Math.abs((heard[2]?.[0]?.timestamp.seconds ?? 0) - Date.now() / 1000)).toBeLessThan(10);
    expect(sender.statistics).toMatchObject({ sentFrames: 1, confirmedFrames: 1, receivedFrames: 0, congestions: 0 });
    expect(bus.statistics).toMatchObject({ handles: 3, frames: 1, load: 0 });
  });

  test("handles are of one node unless told otherwise, as sockets on one vcan are", async () => {
    const { bus, clock } = makeBus("");
    const [one, other] = [bus.open(), bus.open()];
    const heard = hear(other);
    one.trySend(frame(1));
    await clock.advance(0);
    expect(heard.map(({ origin }) => origin)).toEqual(["local"]);
  });

  test("frames queued together go by arbitration, and those of one handle in the order in which they were taken", async () => {
    const { clock, cans } = makeBus("abc");
    const heard = hear(cans[2]);
    expect(cans[0].trySendAll([frame(0x300), frame(0x001)])).toBe(2);
    expect(cans[1].trySendAll([frame(0x200), remoteFrame(standardId(0x100)), frame(0x400)])).toBe(3);
    cans[2].trySend(frame(0x002));
    await clock.advance(0);
    expect(texts(heard)).toEqual(["200#", "100#R", "300#", "001#", "400#"]);
  });

  test("filters and error mask of a handle hold for all its listeners, own frames among them", async () => {
    const { clock, bus, cans } = makeBus("a");
    const filtered = bus.open({ node: "b", filters: [exactFilter(standardId(2))] });
    const heard = hear(filtered, true);
    cans[0].trySendAll([frame(1), frame(2)]);
    filtered.trySendAll([frame(1), frame(2)]);
    await clock.advance(0);
    expect(heard.map(({ frame: each, origin }) => [formatFrame(each), origin])).toEqual([
      ["002#", "remote"],
      ["002#", "own"],
    ]);
    const errors = hear(bus.open());
    hear(bus.open({ errorMask: 0 })).push = () => expect.unreachable("an error frame came through a mask of 0");
    bus.injectError(encodeErrorFrame({ txTimeout: true }));
    expect(errors).toMatchObject([{ frame: { kind: "error" }, origin: "remote" }]);
  });

  test("trySend() gives false when the node is full, and room follows; send() waits in the order of the calls", async () => {
    const { clock, bus, cans } = makeBus("b");
    const heard = hear(cans[0]);
    const sender = bus.open({ node: "a", txQueueFrames: 2, sendQueueFrames: 2 });
    let rooms = 0;
    sender.events.on("room", () => {
      rooms += 1;
    });
    expect(sender.trySendAll([1, 2, 3].map((id) => frame(id)))).toBe(2);
    const waiting = [sender.send(frame(4)), sender.send(frame(5))];
    await expect(sender.send(frame(6))).rejects.toMatchObject({ code: "ERR_QUEUE_FULL" });
    expect(sender.trySend(frame(7))).toBe(false);
    await clock.advance(0);
    await Promise.all(waiting);
    expect(texts(heard)).toEqual(["001#", "002#", "004#", "005#"]);
    expect(rooms).toBe(1);
    expect(sender.statistics).toMatchObject({ sentFrames: 4 });
    expect(sender.statistics.congestions).toBeGreaterThan(0);
  });

  test("100,000 frames of four handles arrive whole and in order, without a loss", async () => {
    const bus = createVirtualBus();
    const receiver = bus.open({ node: "r" });
    const next = new Map<number, number>();
    receiver.listen(({ frame: each }) => {
      if (each.kind !== "data") throw new TypeError("a data frame was sent");
      const count = new DataView(each.data.buffer, each.data.byteOffset).getUint32(0);
      expect(count).toBe(next.get(each.id) ?? 0);
      next.set(each.id, count + 1);
    });
    const senders = [1, 2, 3, 4].map(async (id) => {
      const can = bus.open({ node: String(id) });
      for (let count = 0; count < 24_999; count += 1) {
        const each = dataFrame(standardId(id), counted(count));
        if (!can.trySend(each)) await can.send(each);
      }
      await can.sendConfirmed(dataFrame(standardId(id), counted(24_999)));
    });
    await Promise.all(senders);
    expect([...next.values()]).toEqual([25_000, 25_000, 25_000, 25_000]);
    expect(receiver.statistics).toMatchObject({ receivedFrames: 100_000, droppedFrames: 0 });
  });

  test("frames that a bus or handle does not carry are refused, and not heard by others who do not", async () => {
    const { clock, bus } = makeBus("", { xl: true });
    const [all, classic] = [bus.open({ node: "a" }), bus.open({ node: "b", fd: false })];
    const heard = [hear(all), hear(classic)];
    const [long, extraLong] = [fdFrame(standardId(1), [1]), xlFrame(standardId(2), [2])];
    expect([all.fd, classic.fd]).toEqual([true, false]);
    all.trySendAll([long, extraLong, frame(3)]);
    expect(() => classic.trySend(long)).toThrow(RangeError);
    await expect(classic.send(long)).rejects.toThrow(RangeError);
    await clock.advance(0);
    expect(texts(heard[1] ?? [])).toEqual(["003#"]);
    const plain = createVirtualBus({ fd: false }).open();
    expect(plain.fd).toBe(false);
    expect(() => plain.trySend(long)).toThrow(RangeError);
    expect(() => plain.trySendAll([frame(1), extraLong])).toThrow(RangeError);
    expect(plain.statistics.sentFrames).toBe(0);
  });

  test("what a handle sent before it closed is still sent", async () => {
    const { clock, cans } = makeBus("ab", { bitRate: 500_000 });
    const heard = hear(cans[1]);
    cans[0].trySendAll([frame(1), frame(2)]);
    cans[0].close();
    cans[0].close();
    await clock.advance(10);
    expect(texts(heard)).toEqual(["001#", "002#"]);
    expect(() => cans[0].trySend(frame(3))).toThrow(expect.objectContaining({ code: "ERR_CLOSED" }));
    expect(() => cans[0].listen(() => undefined)).toThrow(expect.objectContaining({ code: "ERR_CLOSED" }));
    await expect(cans[0].setUp(false)).rejects.toMatchObject({ code: "ERR_CLOSED" });
  });
});

describe("createVirtualBus() with a bit rate", () => {
  const rates = { bitRate: 500_000, dataBitRate: 2_000_000 };

  test("frames take their time on the wire, one after the other, and the load follows", async () => {
    const { clock, bus, cans } = makeBus("ab", rates);
    const frames: CanFrame[] = [frame(1, 1, 2, 3), fdFrame(standardId(2), new Uint8Array(64), { bitRateSwitch: true })];
    const [first = 0, second = 0] = frames.map((each) => wireTimeNs(each as ReturnType<typeof frame>, rates));
    const heard = hear(cans[1]);
    const confirmed = cans[0].sendConfirmed(frames[0] as CanFrame);
    cans[0].trySend(frames[1] as CanFrame);
    await clock.advance((first - 1) / 1e6);
    expect(heard).toEqual([]);
    await clock.advance(1);
    const start = { seconds: 1000, nanoseconds: 0 };
    expect(heard.map(({ timestamp }) => elapsedNs(start, timestamp))).toEqual([first, first + second].map(Math.trunc));
    expect(await confirmed).toEqual(heard[0]?.timestamp);
    expect(bus.statistics.busyNs).toBeCloseTo(first + second, 3);
    expect(bus.statistics.load).toBeCloseTo((first + second) / clock.elapsedNs(), 6);
    await clock.advance(2000);
    expect(bus.statistics.load).toBe(0);
  });

  test("a frame that waits goes before lower ones that came earlier, but for the one on the wire", async () => {
    const { clock, cans } = makeBus("abc", rates);
    const heard = hear(cans[2]);
    cans[0].trySendAll([frame(0x500), frame(0x501)]);
    await clock.advance(0.01);
    cans[1].trySendAll([frame(0x400), frame(0x600)]);
    await clock.advance(100);
    expect(texts(heard)).toEqual(["500#", "400#", "501#", "600#"]);
  });

  test("a saturated bus has a load of nearly 1, and the time of its frames does not depend on late timers", async () => {
    const { clock } = makeBus("");
    const late: CanClock = {
      elapsedNs: () => clock.elapsedNs(),
      now: () => clock.now(),
      schedule: (delayNs, callback) => clock.schedule(Math.ceil((delayNs + 1) / 5e6) * 5e6, callback),
    };
    const bus = createVirtualBus({ ...rates, clock: late });
    const [sender, receiver] = [bus.open({ node: "a", txQueueFrames: 4096 }), bus.open({ node: "b" })];
    const heard = hear(receiver);
    const sent = frame(0x123, 1, 2, 3, 4, 5, 6, 7, 8);
    sender.trySendAll(Array.from({ length: 4096 }, () => sent));
    await clock.advance(1000);
    expect(bus.statistics.load).toBeGreaterThan(0.95);
    const gaps = heard
      .slice(1)
      .map(({ timestamp }, index) => elapsedNs(heard[index]?.timestamp ?? timestamp, timestamp));
    const wireNs = wireTimeNs(sent, rates);
    for (const gap of gaps) expect(Math.abs(gap - wireNs)).toBeLessThanOrEqual(1);
    expect(heard.length).toBeGreaterThan(0.95e9 / wireNs);
  });

  test.each<[string, LocalBusOptions]>([
    ["a bit rate of 0", { bitRate: 0 }],
    ["a data bit rate alone", { dataBitRate: 1_000_000 }],
    ["CAN XL", { bitRate: 500_000, xl: true }],
    ["half a millisecond", { restartMs: 0.5 }],
    ["a rate above 1", { faults: { dropRate: 1.5 } }],
    ["a longest delay below the least", { faults: { delayMs: 5, maxDelayMs: 4 } }],
    ["a seed that is no integer", { faults: { seed: 0.5 } }],
  ])("createVirtualBus() throws a RangeError for %s", (_, options) => {
    expect(() => createVirtualBus(options)).toThrow(RangeError);
  });

  test.each<[string, object, object]>([
    ["an unknown option of the bus", { rate: 1 }, {}],
    ["an unknown fault", { faults: { rate: 1 } }, {}],
    ["a name with a blank", { name: "my bus" }, {}],
    ["fd that is no boolean", { fd: 1 }, {}],
    ["an unknown option of a handle", {}, { nodes: "a" }],
    ["a node with a slash", {}, { node: "a/b" }],
  ])("createVirtualBus() or open() throws a TypeError for %s", (_, options, handle) => {
    expect(() => createVirtualBus(options).open(handle)).toThrow(TypeError);
  });

  test.each<[string, VirtualHandleOptions]>([
    ["no queue", { txQueueFrames: 0 }],
    ["a queue too long", { txQueueFrames: 5000 }],
    ["no line", { sendQueueFrames: 0 }],
  ])("open() throws a RangeError for %s", (_, handle) => {
    expect(() => createVirtualBus().open(handle)).toThrow(RangeError);
  });
});

function counted(count: number): Uint8Array {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, count);
  return bytes;
}
