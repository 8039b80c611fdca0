import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { MAX_CHANNELS } from "../../src/channel/controls.js";
import { openChannel } from "../../src/channel/index.js";
import { openShm, type ShmLink, type ShmNode } from "../../src/shm/index.js";
import type { ShmPort } from "../../src/shm/port.js";
import { type Machine, startMachine } from "../../src/sim/index.js";
import type { IvshmemDevice } from "../../src/uio/index.js";
import type { MappedDevice } from "../../src/uio/mapped-device.js";
import { Jitter } from "../channel/jitter.js";
import { type Attached, attach, commitBytes } from "../channel/link-pair.js";
import { uncaughtDuring } from "../channel/uncaught.js";
import { turns } from "../channel/until.js";
import { MemoryMachine } from "../support/memory-device.js";

/** Not in the library that TypeScript is told of. */
type ResizableBuffer = ArrayBuffer & { resize(bytes: number): void };
type ResizableBufferConstructor = new (bytes: number, options: { maxByteLength: number }) => ResizableBuffer;

describe("ShmNode", () => {
  let machine: MemoryMachine;
  let near: ShmNode;
  let far: ShmNode;

  beforeEach(() => {
    machine = new MemoryMachine({ delivery: "manual" });
    near = openShm(machine.open(0), { wait: "manual" });
    far = openShm(machine.open(1), { wait: "manual" });
  });

  afterEach(() => {
    near.close();
    far.close();
  });

  function look(): void {
    for (let round = 0; round < 6; round += 1) {
      near.poll();
      far.poll();
      machine.deliver();
    }
  }

  function openBoth(): { left: Attached; right: Attached; link: ShmLink } {
    const link = near.link(1);
    const left = attach(link);
    const right = attach(far.link(0));
    look();
    expect([left.port.open, right.port.open]).toEqual([true, true]);
    return { left, right, link };
  }

  test.each<[string, (link: ShmLink) => void]>([
    ["the link", (link) => link.close()],
    ["the node", () => near.close()],
  ])("poll() delivers nothing more and does not throw when a handler closes %s", (_, close) => {
    const { left, right, link } = openBoth();
    const errors: Error[] = [];
    link.events.on("error", (error) => errors.push(error));
    left.seen.onRecord = () => close(link);
    for (const byte of [1, 2, 3]) commitBytes(right.port, [byte]);
    right.port.flush();
    look();
    expect(left.seen.records.map(({ bytes }) => bytes)).toEqual([[1]]);
    expect(errors).toEqual([]);
    expect([link.status, link.statistics.faults]).toEqual(["closed", 0]);
  });

  test("arm() finds nothing to do while the end of a session waits for a handler that gave a record back", () => {
    const { left, right, link } = openBoth();
    left.seen.refusals = 1;
    commitBytes(right.port, [1]);
    right.port.flush();
    look();
    far.close();
    near.poll();
    expect([link.arm(), left.seen.downs]).toEqual([true, []]);
    left.port.resume();
    look();
    expect(left.seen.records.map(({ bytes }) => bytes)).toEqual([[1]]);
    expect(left.seen.downs).toMatchObject([{ reason: "peer closed" }]);
  });

  test("attach() gives as many channels as there may be, in one turn on a link that is up", () => {
    const { link } = openBoth();
    for (let count = 1; count < MAX_CHANNELS; count += 1) attach(link, `c${count}`);
    expect(() => attach(link, "more")).toThrow(expect.objectContaining({ code: "ERR_FULL" }));
  });

  test("attach() keeps no number for a channel whose topics find no room", () => {
    const link = near.link(1);
    const { number } = attach(link, "first").port as ShmPort;
    expect(() => attach(link, "large", 1n, [0x2000])).toThrow(expect.objectContaining({ code: "ERR_FULL" }));
    expect((attach(link, "second").port as ShmPort).number).toBe(number + 1);
  });

  test("broadcast() throws ERR_UNSUPPORTED when the node has no broadcast ring", () => {
    near.close();
    near = openShm(machine.open(0), { wait: "manual", broadcastBytes: 0 });
    const { port } = attach(near.link(1));
    expect(() => port.broadcast(0, new Uint8Array(4))).toThrow(expect.objectContaining({ code: "ERR_UNSUPPORTED" }));
  });

  test("link() gives the same link until it is closed, then another with a session of its own", () => {
    const { link } = openBoth();
    expect(near.link(1)).toBe(link);
    link.close();
    const again = near.link(1);
    expect(again).not.toBe(link);
    look();
    expect([again.status, far.link(0).status]).toEqual(["up", "up"]);
    expect(far.link(0).statistics.sessions).toBe(2);
  });

  test("openShm() throws ERR_IN_USE when the device has a node, and leaves that alone", () => {
    const { right, left } = openBoth();
    const inUse = expect.objectContaining({ code: "ERR_IN_USE", message: expect.stringContaining("has one") });
    expect(() => openShm(near.device)).toThrow(inUse);
    commitBytes(right.port, [1]);
    look();
    expect(left.seen.records.map(({ bytes }) => bytes)).toEqual([[1]]);
  });

  test("link() throws RangeError when the section has no ring for the peer", () => {
    expect(() => near.link(0)).toThrow(RangeError);
    expect(() => near.link(3)).toThrow(RangeError);
  });

  test("stateLost is emitted and the word written again when a stray program zeroes it", () => {
    let lost = 0;
    near.events.on("stateLost", () => {
      lost += 1;
    });
    const state = machine.states[0];
    machine.setState(0, 0);
    near.device.rearm();
    expect([lost, machine.states[0]]).toEqual([1, state]);
  });

  test("readLatest() gives no other memory of the peer for a value when it restarted with another layout", () => {
    near.close();
    near = openShm(machine.open(0), { wait: "manual" });
    far.close();
    far = openShm(machine.open(1), { wait: "manual" });
    const reader = attach(near.link(1), "t", 1n, [8]);
    const writer = attach(far.link(0), "t", 1n, [8]);
    look();
    writer.port.publish(0, new Uint8Array(8).fill(1));
    const target = new Uint8Array(8);
    expect(reader.port.readLatest(0, target)).toBe(8);
    const offset = far.geometry.latestOffset;
    machine.kill(1);
    far = openShm(machine.open(1), { wait: "manual", broadcastBytes: 0 });
    new DataView((machine.outputs[1] as Uint8Array).buffer).setUint32(offset, 4, true);
    (machine.outputs[1] as Uint8Array).fill(9, offset + 16, offset + 24);
    target.fill(0);
    reader.port.readLatest(0, target);
    expect([...target]).not.toContain(9);
  });

  test("trySendRun() sends as many messages as its bytes are now when their buffer was resized in between", () => {
    const channel = openChannel(near.link(1), Jitter);
    openChannel(far.link(0), Jitter);
    look();
    const buffer = new (ArrayBuffer as unknown as ResizableBufferConstructor)(16, { maxByteLength: 64 });
    const bytes = new Uint8Array(buffer);
    const sender = channel.sender("measurement");
    const taken = [16, 32, 0, 64].map((size) => {
      buffer.resize(size);
      return sender.trySendRun(bytes);
    });
    expect(taken).toEqual([1, 2, 0, 4]);
  });

  test("openShm() goes on with the epoch counter of the life before", () => {
    const { link } = openBoth();
    const epochs: number[] = [];
    link.events.on("up", ({ epoch }) => epochs.push(epoch));
    for (let life = 0; life < 3; life += 1) {
      machine.kill(1);
      far = openShm(machine.open(1), { wait: "manual" });
      far.link(0);
      look();
    }
    expect(epochs).toHaveLength(3);
    expect(new Set(epochs).size).toBe(3);
  });
});

describe("ShmNode on the simulated machine", () => {
  test("close() of the device leaves nothing to be done for what was committed in the same turn", async () => {
    await using machine = await startMachine();
    const near = openShm(await machine.openDevice({ peer: 0 }), { wait: "manual" });
    const far = openShm(await machine.openDevice({ peer: 1 }), { wait: "manual" });
    const left = attach(near.link(1));
    attach(far.link(0));
    for (let round = 0; round < 6; round += 1) {
      near.poll();
      far.poll();
    }
    const uncaught = await uncaughtDuring(() => {
      expect(commitBytes(left.port, [1])).toBe(1);
      near.device.close();
    });
    expect(uncaught).toEqual([]);
  });

  test("a listener for a peer that stalls may close the node, which has another link", async () => {
    await using machine = await startMachine();
    const near = openShm(await machine.openDevice({ peer: 0 }), { heartbeatMs: 5, stallMs: 10 });
    const far = openShm(await machine.openDevice({ peer: 1 }), { heartbeatMs: 5 });
    const link = near.link(1);
    near.link(2);
    far.link(0);
    await link.ready();
    const closed = new Promise<void>((resolve) => near.events.once("close", resolve));
    link.events.on("down", () => near.close());
    const uncaught = await uncaughtDuring(async () => {
      await machine.crashCell(1);
      await closed;
    });
    expect([uncaught, link.status]).toEqual([[], "closed"]);
  });

  type Close = (node: ShmNode, link: ShmLink, seen: Attached["seen"]) => void;

  test.each<[string, Close]>([
    [
      "a handler of a record",
      (node, _, seen) => {
        seen.onRecord = () => node.close();
      },
    ],
    ["a listener for the end of a session", (node, link) => void link.events.on("down", () => node.close())],
  ])("poll() does not touch memory that is unmapped when %s closes the node", async (_, arrange) => {
    await using machine = await startMachine();
    const near = openShm(await machine.openDevice({ peer: 0 }), { wait: "manual" });
    const far = openShm(await machine.openDevice({ peer: 1 }), { wait: "manual" });
    const link = near.link(1);
    const left = attach(link);
    const right = attach(far.link(0));
    for (let round = 0; round < 6; round += 1) {
      near.poll();
      far.poll();
    }
    arrange(near, link, left.seen);
    for (const byte of [1, 2]) commitBytes(right.port, [byte]);
    far.close();
    for (let round = 0; round < 3; round += 1) near.poll();
    expect([near.closed, link.status]).toEqual([true, "closed"]);
  });

  /** Opens a channel to a peer that sleeps; then the device is one that is found gone when the peer is rung next. */
  async function openDoomed(machine: Machine) {
    const near = openShm(await machine.openDevice({ peer: 0 }));
    const far = openShm(await machine.openDevice({ peer: 1 }));
    const link = near.link(1);
    const channel = openChannel(link, Jitter);
    const other = openChannel(far.link(0), Jitter);
    await Promise.all([channel.ready(), other.ready()]);
    await channel.drain();
    await turns();
    const rung = takeAway(near.device);
    const closes: string[] = [];
    link.events.on("close", () => closes.push("link"));
    channel.events.on("close", () => closes.push("channel"));
    return { link, channel, closes, rung };
  }

  /** Makes a device one that is found gone when a peer is rung next; gives how often one was. */
  function takeAway(device: IvshmemDevice): () => number {
    const gone = new Error("The device is gone");
    let rung = 0;
    device.ring = () => {
      rung += 1;
      (device as MappedDevice).fail(gone);
      throw gone;
    };
    return () => rung;
  }

  test("close() of a link ends it once when the device is found gone as it tells the peer what was sent", async () => {
    await using machine = await startMachine();
    const { link, channel, closes, rung } = await openDoomed(machine);
    expect(channel.trySend("measurement", { tick: 1, lastNs: 1 })).toBe(true);
    link.close();
    expect([rung(), link.status, channel.status, closes.sort()]).toEqual([1, "closed", "closed", ["channel", "link"]]);
    expect(link.statistics.lostRecords).toBe(1);
  });

  test("link() throws ERR_CLOSED when the device is found gone as the peer is told of the link", async () => {
    await using machine = await startMachine();
    const near = openShm(await machine.openDevice({ peer: 0 }));
    takeAway(near.device);
    expect(() => near.link(1)).toThrow(expect.objectContaining({ code: "ERR_CLOSED" }));
    expect(near.closed).toBe(true);
  });

  test("a device that is found gone as a lost state word is written again ends the node and throws nothing", async () => {
    await using machine = await startMachine();
    const near = openShm(await machine.openDevice({ peer: 0 }));
    const events: string[] = [];
    near.events.on("stateLost", () => events.push("stateLost"));
    near.events.on("error", () => events.push("error"));
    const rung = takeAway(near.device);
    near.device.setState = () => near.device.ring(1);
    expect(near.device.events.emit("state", 0, 0, 1)).toBe(true);
    expect([events, rung(), near.closed]).toEqual([["error"], 1, true]);
  });

  test.each([
    ["as words", 0],
    ["one by one", 1],
  ])("trySendRun() counts what it has committed %s when the device is found gone in the middle", async (_, offset) => {
    await using machine = await startMachine();
    const { link, channel, rung } = await openDoomed(machine);
    const { sentRecords } = link.statistics;
    const taken = channel.sender("measurement").trySendRun(new Uint8Array(16 * 500 + offset).subarray(offset));
    expect(taken).toBeGreaterThan(0);
    expect(channel.statistics.sent).toBe(taken);
    expect([rung(), link.status]).toEqual([1, "closed"]);
    expect([link.statistics.sentRecords - sentRecords, link.statistics.lostRecords]).toEqual([taken, taken]);
  });

  test("request() rejects when the device is found gone as the request is sent", async () => {
    await using machine = await startMachine();
    const { channel, rung } = await openDoomed(machine);
    // So much that the request is the one with which enough has gathered to tell the peer.
    while (rung() === 0) {
      const asked = channel.request("ask", { question: new Uint8Array(64) }, { timeoutMs: Number.POSITIVE_INFINITY });
      asked.catch(() => undefined);
      if (rung() > 0) await expect(asked).rejects.toMatchObject({ code: "ERR_CLOSED" });
    }
    expect(channel.statistics.pendingRequests).toBe(0);
  });
});
