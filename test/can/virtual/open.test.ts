import { randomBytes } from "node:crypto";
import { afterAll, afterEach, describe, expect, test } from "vitest";
import {
  ALL_ERRORS,
  type CanBusStatus,
  dataFrame,
  decodeErrorFrame,
  encodeErrorFrame,
  openVirtualCan,
  type ReceivedFrame,
  standardId,
  type VirtualCan,
  type VirtualCanOptions,
} from "../../../src/can/index.js";
import { busSocketName } from "../../../src/can/virtual/server.js";
import { encodeText, MessageKind, VIRTUAL_WIRE_VERSION } from "../../../src/can/virtual/wire.js";
import { Connection, closeDescriptor, connectUnix, listenUnix } from "../../../src/native.js";
import { until } from "../../channel/until.js";
import { tracesOf } from "../../support/processes.js";
import { describeBus } from "../bus-contract.js";
import type { BusStage } from "../bus-stage.js";
import { frame } from "./support.js";

const opened: VirtualCan[] = [];

/** A name that no other bus has. */
function freshName(): string {
  return `test-${randomBytes(6).toString("hex")}`;
}

async function open(name: string, options: VirtualCanOptions = {}): Promise<VirtualCan> {
  const can = await openVirtualCan(name, options);
  opened.push(can);
  return can;
}

afterEach(() => {
  for (const can of opened.splice(0)) can.close();
});

/** Keeps the bus of all stages alive, as starting one takes a process. */
let keeper: VirtualCan | undefined;

afterAll(() => keeper?.close());

async function openStage(): Promise<BusStage> {
  keeper ??= await openVirtualCan(freshName(), { node: "a" });
  const first = keeper;
  return {
    open: (end, options) => openVirtualCan(first.name, { node: end === 0 ? "a" : "b", ...options }),
    close: async () => {
      await first.setHeld(false);
      await expect.poll(async () => (await first.busStatistics()).waitingFrames, { timeout: 10_000 }).toBe(0);
    },
    hold: () => first.setHeld(true),
    release: () => first.setHeld(false),
    setUp: (up) => first.setUp(up),
  };
}

const traits = { fd: true, remoteLengths: true, sendsErrors: true, holds: true, goesDown: true };
describeBus("a bus in a process of its own", openStage, { ...traits, peerOrigin: "remote" });

describe("openVirtualCan()", () => {
  test("handles that open one name at once are on one bus, and nothing is left when they are closed", async () => {
    const name = freshName();
    const cans = await Promise.all(["a", "b", "c", "d"].map((node) => open(name, { node })));
    const heard: string[] = [];
    for (const can of cans) can.listen(({ origin }) => heard.push(origin));
    await cans[0]?.sendConfirmed(frame(1));
    await until(() => heard.length === 3, "all others heard it");
    expect(heard).toEqual(["remote", "remote", "remote"]);
    expect(await cans[1]?.busStatistics()).toMatchObject({ handles: 4, frames: 1 });
    for (const can of cans) can.close();
    await expect.poll(() => tracesOf(name), { timeout: 10_000 }).toEqual([]);
  });

  test("buses of other names hear nothing of each other", async () => {
    const [one, other] = [await open(freshName()), await open(freshName())];
    other.listen(() => expect.unreachable("a frame of another bus"));
    await one.sendConfirmed(frame(1));
    await other.busStatistics();
  });

  test("what is sent right before close() still arrives", async () => {
    const name = freshName();
    const [sender, receiver] = [await open(name, { bitRate: 1_000_000 }), await open(name)];
    const heard: ReceivedFrame[] = [];
    receiver.listen((received) => heard.push(received));
    expect(sender.trySendAll([1, 2, 3].map((id) => frame(id)))).toBe(3);
    sender.close();
    await until(() => heard.length === 3, "all frames arrived");
    // At 1 Mbit/s three frames without data take 47 bits each at least.
    expect((await receiver.busStatistics()).busyNs).toBeGreaterThan(3 * 47_000);
  });

  test("the first handle decides what the bus is like, and one that wants it otherwise is refused", async () => {
    const name = freshName();
    const first = await open(name, { bitRate: 500_000, fd: false });
    expect(first.fd).toBe(false);
    expect((await open(name)).fd).toBe(false);
    expect((await open(name, { bitRate: 500_000 })).name).toBe(name);
    const failure = expect.objectContaining({
      code: "ERR_CONFIG",
      message: expect.stringContaining("it has bitRate 500000"),
    });
    await expect(open(name, { bitRate: 250_000 })).rejects.toEqual(failure);
    await expect(open(name, { fd: true })).rejects.toMatchObject({ code: "ERR_CONFIG" });
  });

  test("commands of one handle are felt by all: faults, errors, bus-off, down and up", async () => {
    const name = freshName();
    const [one, other] = [await open(name, { node: "a", faults: { dropRate: 1 } }), await open(name, { node: "b" })];
    const heard: ReceivedFrame[] = [];
    other.listen((received) => heard.push(received), { errorMask: ALL_ERRORS });
    await one.sendConfirmed(frame(1));
    expect(await other.busStatistics()).toMatchObject({ droppedFrames: 1 });
    await other.setFaults();
    await one.sendConfirmed(frame(2));
    await one.injectError(encodeErrorFrame({ noAcknowledge: true }));
    await until(() => heard.length === 2, "the frame and the error arrived");
    expect(heard.map(({ frame: each }) => each.kind)).toEqual(["data", "error"]);
    await expect(one.setFaults({ dropRate: 2 })).rejects.toThrow(RangeError);

    const errors: ReceivedFrame[] = [];
    one.listen((received) => errors.push(received), { filters: [], errorMask: ALL_ERRORS });
    await one.goBusOff();
    expect(one.node.state).toBe("bus-off");
    expect(one.trySend(frame(3))).toBe(false);
    const waiting = one.sendConfirmed(frame(4));
    await one.restart();
    await waiting;
    const reports = errors.map(({ frame: each }) => (each.kind === "error" ? decodeErrorFrame(each) : undefined));
    expect(reports.map((report) => [report?.busOff, report?.restarted])).toEqual([
      [true, false],
      [false, true],
    ]);

    const statuses: CanBusStatus[] = [];
    one.events.on("status", (status) => statuses.push(status));
    await one.setUp(false);
    expect(() => one.trySend(frame(5))).toThrow(expect.objectContaining({ code: "ENETDOWN" }));
    await expect(open(name, { node: "a" }).then(({ status }) => status)).resolves.toBe("down");
    await one.setUp(true);
    await one.sendConfirmed(frame(6));
    expect(statuses).toEqual(["down", "up"]);
    await until(() => heard.length === 4, "the last frames arrived");
  });

  test("a handle that is not closed keeps nothing but itself: closing rejects commands that wait", async () => {
    const can = await open(freshName());
    const waiting = can.busStatistics();
    can.close();
    await expect(waiting).rejects.toMatchObject({ code: "ERR_CLOSED" });
    await expect(can.busStatistics()).rejects.toMatchObject({ code: "ERR_CLOSED" });
  });

  test("a name that somebody holds who says nothing is given up by time or signal", async () => {
    const name = freshName();
    const listener = listenUnix(busSocketName(name));
    try {
      await expect(open(name, { timeoutMs: 50 })).rejects.toMatchObject({ code: "ERR_TIMEOUT" });
      const stop = new AbortController();
      const opening = open(name, { signal: stop.signal });
      stop.abort(new Error("enough"));
      await expect(opening).rejects.toThrow("enough");
      await expect(open(name, { signal: stop.signal })).rejects.toThrow("enough");
    } finally {
      closeDescriptor(listener);
    }
  });

  test("a client that talks nonsense is hung up on, and the bus goes on", async () => {
    const name = freshName();
    const can = await open(name);
    const hello = encodeText(MessageKind.HELLO, { version: VIRTUAL_WIRE_VERSION + 1, bus: {} });
    for (const nonsense of [Uint8Array.of(9, 9, 9, 9), encodeText(MessageKind.HELLO, null), hello, Uint8Array.of(5)]) {
      await new Promise<void>((resolve) => {
        const options = { maxMessageBytes: 0x8000, peer: "the bus" };
        const connection = new Connection(connectUnix(busSocketName(name)), options, {
          message: () => undefined,
          end: resolve,
        });
        connection.send(nonsense);
      });
    }
    await can.sendConfirmed(frame(1));
    expect(await can.busStatistics()).toMatchObject({ handles: 1 });
  });

  test.each<[string, string, object]>([
    ["a name with a slash", "a/b", {}],
    ["an empty name", "", {}],
    ["an unknown option", "bus", { bitrate: 1 }],
    ["reopen that is no boolean", "bus", { reopen: 1 }],
    ["a signal that is none", "bus", { signal: 1 }],
  ])("a TypeError is thrown for %s", async (_, name, options) => {
    await expect(open(name, options)).rejects.toThrow(TypeError);
  });

  test.each<[string, VirtualCanOptions]>([
    ["a bit rate of 0", { bitRate: 0 }],
    ["no room to receive", { receiveFrames: 0 }],
    ["a negative time", { timeoutMs: -1 }],
    ["a fault out of range", { faults: { corruptRate: -1 } }],
  ])("a RangeError is thrown for %s", async (_, options) => {
    await expect(open(freshName(), options)).rejects.toThrow(RangeError);
  });

  test("frames of an id that is no number are refused before they reach the bus", async () => {
    const can = await open(freshName());
    expect(() => can.trySend({ ...dataFrame(standardId(1)), id: Number.NaN as never })).toThrow(RangeError);
  });
});
