import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { openIvshmemNet } from "../../src/ivshmem-net/endpoint.js";
import { NetState } from "../../src/ivshmem-net/state.js";
import { uncaughtDuring } from "../channel/uncaught.js";
import { turns, until } from "../channel/until.js";
import { MemoryMachine } from "../support/memory-device.js";
import { collect, makeFrame, NetPair } from "./net-pair.js";

describe("openIvshmemNet()", () => {
  test.each([
    ["ERR_UNSUPPORTED", { peers: 2, protocol: 0 }],
    ["ERR_CONFIG", { peers: 3, protocol: 1 }],
  ])("openIvshmemNet() throws %s when the device is none for a network", (code, options) => {
    const device = new MemoryMachine(options).open(0);
    expect(() => openIvshmemNet(device)).toThrow(expect.objectContaining({ code }));
    expect(device.closed).toBe(false);
  });

  test("openIvshmemNet() throws when an option is unknown or the MTU beyond the sections", () => {
    const device = new MemoryMachine({ peers: 2, protocol: 1, outputBytes: 0x2000 }).open(0);
    expect(() => openIvshmemNet(device, { size: 1 } as never)).toThrow(TypeError);
    for (const mtu of [67, 1601, 100.5]) expect(() => openIvshmemNet(device, { mtu })).toThrow(RangeError);
    expect(openIvshmemNet(device, { mtu: 1600 }).maxFrameBytes).toBe(1618);
  });
});

describe("IvshmemNet", () => {
  test("writes the first frame and its acknowledgement where the drivers of Linux look for them", async () => {
    using pair = await new NetPair().ready();
    const [sender, receiver] = pair.machine.outputs.map(
      (bytes) => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength),
    );
    if (sender === undefined || receiver === undefined) throw new Error("There are two sections");
    const arrived = collect(pair.nets[1]);
    pair.nets[0].trySend(makeFrame(60));
    await until(() => arrived.length === 1, "the frame arrived");
    // Descriptor 0: address u64, length u32, flags u16, next u16.
    expect([...(pair.machine.outputs[0]?.subarray(0, 16) ?? [])]).toEqual([
      ...[0x80, 0xd0, 0, 0, 0, 0, 0, 0, 60, 0, 0, 0, 0, 0, 1, 0],
    ]);
    // avail: flags, idx, ring[0]
    expect([0x8000, 0x8002, 0x8004].map((at) => sender.getUint16(at, true))).toEqual([0, 1, 0]);
    expect(pair.machine.outputs[0]?.slice(0xd080, 0xd080 + 60)).toEqual(makeFrame(60));
    // used, in the receiver's section: flags, idx, then id and length of element 0; behind the elements avail_event.
    expect([0x9040, 0x9042].map((at) => receiver.getUint16(at, true))).toEqual([0, 1]);
    expect([0x9044, 0x9048].map((at) => receiver.getUint32(at, true))).toEqual([0, 1]);
    expect(receiver.getUint16(0xd044, true)).toBe(1);
    // Nothing else was written but the list of free descriptors.
    sender.setUint16(0x8002, 0, true);
    pair.machine.outputs[0]?.fill(0, 0, 16).fill(0, 0xd080, 0xd080 + 60);
    for (let descriptor = 1; descriptor < 2047; descriptor++) {
      expect(sender.getUint16(16 * descriptor + 14, true)).toBe(descriptor + 1);
      sender.setUint16(16 * descriptor + 14, 0, true);
    }
    expect(pair.machine.outputs[0]?.findIndex((byte) => byte !== 0)).toBe(-1);
    // The second frame lies in the next slot of whole cache lines.
    pair.nets[0].trySend(makeFrame(60));
    await until(() => arrived.length === 2, "the second frame arrived");
    expect(sender.getUint32(16, true)).toBe(0xd080 + 128);
  });

  test("shows its state in its state word and clears its section before READY", async () => {
    const machine = new MemoryMachine({ peers: 2, protocol: 1, outputBytes: 0x7f000, delivery: "manual" });
    machine.outputs[0]?.fill(0xaa);
    machine.setState(1, NetState.READY);
    using net = openIvshmemNet(machine.open(0));
    const states: number[] = [];
    const step = async (peer: NetState) => {
      machine.setState(1, peer);
      machine.deliver();
      await turns(2);
      machine.deliver();
      states.push(machine.states[0] as number);
    };
    await step(NetState.READY);
    expect(machine.outputs[0]?.[0]).toBe(0xaa);
    await step(NetState.RESET);
    await step(NetState.INIT);
    expect(machine.outputs[0]?.[0]).toBe(0);
    await step(NetState.READY);
    expect(net.up).toBe(true);
    await step(NetState.RUN);
    await step(NetState.RESET);
    expect(states).toEqual([NetState.RESET, NetState.INIT, NetState.READY, NetState.RUN, NetState.RUN, NetState.INIT]);
    expect(net.up).toBe(false);
  });

  test("rings vector 1 with MSI-X and vector 0 with INTx", async () => {
    for (const [vectors, expected] of [
      [1, 0],
      [2, 1],
    ] as const) {
      using pair = await new NetPair({ vectors }).ready();
      const rung: number[] = [];
      const ring = pair.devices[0].ring.bind(pair.devices[0]);
      pair.devices[0].ring = (peer, vector) => {
        rung.push(vector ?? 0);
        ring(peer, vector);
      };
      pair.nets[0].trySend(makeFrame(60));
      pair.nets[0].flush();
      expect(rung).toEqual([expected]);
    }
  });

  test("rings once for frames that the peer has not looked at yet, and again after it has", async () => {
    using pair = await new NetPair({ delivery: "manual" }).drive();
    const [net] = pair.nets;
    const before = net.statistics.doorbellsRung;
    for (let frame = 0; frame < 10; frame++) {
      net.trySend(makeFrame(60));
      net.flush();
    }
    expect(net.statistics.doorbellsRung - before).toBe(1);
    await pair.settle();
    net.trySend(makeFrame(60));
    net.flush();
    expect(net.statistics.doorbellsRung - before).toBe(2);
    expect(pair.nets[1].statistics.rxFrames).toBe(10);
  });

  test("carries frames of all sizes in order through every wrap of a small section", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.integer({ min: 14, max: 418 }), { minLength: 1, maxLength: 300 }),
        async (lengths) => {
          using pair = await new NetPair({ outputBytes: 0x2000 }).ready();
          const arrived = collect(pair.nets[1]);
          for (const [index, length] of lengths.entries()) await pair.nets[0].send(makeFrame(length, index));
          await until(() => arrived.length === lengths.length, "all frames arrived");
          expect(arrived.map((frame, index) => Buffer.compare(frame, makeFrame(lengths[index] ?? 0, index)))).toEqual(
            lengths.map(() => 0),
          );
        },
      ),
      { numRuns: 30 },
    );
  });

  test("carries 70,000 frames past the wrap of the 16-bit indices, both ways at once", async () => {
    using pair = await new NetPair({ outputBytes: 0x4000 }, { mtu: 100 }).ready();
    const counts = [0, 0];
    pair.nets.forEach((net, side) => {
      net.onFrames((batch) => {
        counts[side] = (counts[side] as number) + batch.count;
      });
    });
    const frame = makeFrame(64);
    const pump = async (side: 0 | 1) => {
      for (let sent = 0; sent < 70_000; sent++) if (!pair.nets[side].trySend(frame)) await pair.nets[side].send(frame);
    };
    await Promise.all([pump(0), pump(1)]);
    await until(() => counts[0] === 70_000 && counts[1] === 70_000, "all frames arrived");
  });

  test("trySend() returns false without room, and room is emitted once there is", async () => {
    using pair = await new NetPair({ outputBytes: 0x2000, delivery: "manual" }).drive();
    const [net] = pair.nets;
    let rooms = 0;
    net.events.on("room", () => {
      rooms++;
    });
    let sent = 0;
    while (net.trySend(makeFrame(64))) sent++;
    expect(sent).toBe(32);
    expect(net.statistics.txRefused).toBe(1);
    const waiting = net.send(makeFrame(64));
    await pair.settle();
    await waiting;
    expect(rooms).toBe(1);
    expect(net.trySend(makeFrame(64))).toBe(true);
  });

  test("send() rejects with a code when it cannot send", async () => {
    using pair = await new NetPair({ outputBytes: 0x2000, delivery: "manual" }).drive();
    const [net] = pair.nets;
    await expect(net.send(makeFrame(13))).rejects.toThrow(RangeError);
    await expect(net.send(makeFrame(419))).rejects.toMatchObject({ code: "ERR_TOO_LARGE" });
    await expect(net.send("text" as never)).rejects.toThrow(TypeError);
    while (net.trySend(makeFrame(64))) undefined;
    await expect(net.send(makeFrame(64), { timeoutMs: 1 })).rejects.toMatchObject({ code: "ERR_TIMEOUT" });
    await expect(net.send(makeFrame(64), { signal: AbortSignal.abort(new Error("no more")) })).rejects.toThrow(
      "no more",
    );
    const waits = Promise.allSettled(Array.from({ length: 1024 }, () => net.send(makeFrame(64))));
    await turns(1);
    await expect(net.send(makeFrame(64))).rejects.toMatchObject({ code: "ERR_QUEUE_FULL" });
    pair.machine.kill(1);
    await pair.settle();
    const outcomes = await waits;
    expect(outcomes.every((each) => each.status === "rejected" && each.reason.code === "ERR_PEER_ABSENT")).toBe(true);
    expect(net.statistics.txLost).toBe(32);
    await expect(net.send(makeFrame(64))).rejects.toMatchObject({ code: "ERR_PEER_ABSENT" });
    net.close();
    await expect(net.send(makeFrame(64))).rejects.toMatchObject({ code: "ERR_CLOSED" });
  });

  test("comes back when its peer is killed and started again, as often as that is", async () => {
    using pair = await new NetPair().ready();
    const downs: unknown[] = [];
    pair.nets[0].events.on("down", (reason, lost) => downs.push([reason, lost]));
    for (let round = 1; round <= 5; round++) {
      pair.restart();
      const arrived = collect(pair.nets[1]);
      await until(() => pair.nets[0].statistics.ups === round + 1 && pair.nets[1].up, "the link is up again");
      expect(pair.nets[0].trySend(makeFrame(100, round))).toBe(true);
      await until(() => arrived.length === 1, "a frame arrived");
    }
    expect(downs).toEqual(Array.from({ length: 5 }, () => ["peer reset", 0]));
  });

  test("comes back when a stray program zeroed its own state word", async () => {
    using pair = await new NetPair().ready();
    pair.machine.setState(0, 0);
    pair.devices[0].poll();
    await until(() => pair.nets.every(({ up, statistics }) => up && statistics.ups === 2), "the link is up again");
  });

  test("frames() gives copies, counts what a slow reader has no room for, and ends with the endpoint", async () => {
    using pair = await new NetPair().ready();
    const reader = pair.nets[1].frames({ capacity: 3 });
    for (let frame = 0; frame < 5; frame++) pair.nets[0].trySend(makeFrame(60, frame));
    await until(() => pair.nets[1].statistics.rxFrames === 5, "all arrived");
    expect([reader.dropped, pair.nets[1].statistics.rxDropped]).toEqual([2, 2]);
    pair.nets[1].close();
    const read: number[] = [];
    for await (const frame of reader) read.push(frame[0] as number);
    expect(read).toEqual([0, 1, 2]);
    expect(() => pair.nets[1].frames()).toThrow(expect.objectContaining({ code: "ERR_CLOSED" }));
  });

  test("frames() throws the signal's reason when it aborts, and leaves the endpoint alone", async () => {
    using pair = await new NetPair().ready();
    const controller = new AbortController();
    const reader = pair.nets[1].frames({ signal: controller.signal });
    const next = reader.next();
    controller.abort(new Error("enough"));
    await expect(next).rejects.toThrow("enough");
    expect((await reader.next()).done).toBe(true);
    expect(pair.nets[1].up).toBe(true);
    pair.nets[0].trySend(makeFrame(60));
    await until(() => pair.nets[1].statistics.rxUnclaimed === 1, "the frame is counted as unclaimed");
  });

  test("frames() with a signal that has aborted claims no frame", async () => {
    using pair = await new NetPair().ready();
    const reader = pair.nets[1].frames({ signal: AbortSignal.abort(new Error("enough")) });
    await expect(reader.next()).rejects.toThrow("enough");
    pair.nets[0].trySend(makeFrame(60));
    await until(() => pair.nets[1].statistics.rxFrames === 1, "the frame is there");
    expect(pair.nets[1].statistics.rxUnclaimed).toBe(1);
  });

  test("ready() says what it waits for when its time is over", async () => {
    const machine = new MemoryMachine({ peers: 2, protocol: 1, outputBytes: 0x7f000 });
    using net = openIvshmemNet(machine.open(0));
    await until(() => net.state === NetState.INIT, "this side has left RESET");
    await expect(net.ready({ timeoutMs: 5 })).rejects.toMatchObject({
      code: "ERR_TIMEOUT",
      message: expect.stringContaining("this side is at INIT and its peer at RESET; start the other cell"),
    });
    net.close();
    await expect(net.ready()).rejects.toMatchObject({ code: "ERR_CLOSED" });
    const crashed = new MemoryMachine({ peers: 2, protocol: 1, outputBytes: 0x7f000 });
    crashed.setState(1, NetState.RUN);
    using other = openIvshmemNet(crashed.open(0));
    await expect(other.ready({ timeoutMs: 5 })).rejects.toThrow(
      /its peer at RUN: it has not let the link of before go/,
    );
  });

  test("gives a frame to all listeners and observers when one of them throws", async () => {
    using pair = await new NetPair().ready();
    const seen: string[] = [];
    pair.nets[1].observe((direction, _bytes, _offset, length) => {
      seen.push(`${direction} ${length}`);
      throw new Error("observer");
    });
    pair.nets[1].onFrames(() => {
      throw new Error("listener");
    });
    const arrived = collect(pair.nets[1]);
    const uncaught = await uncaughtDuring(async () => {
      pair.nets[0].trySend(makeFrame(60));
      await until(() => arrived.length === 1, "the frame arrived");
    });
    expect(uncaught.map((error) => (error as Error).message)).toEqual(["observer", "listener"]);
    expect(seen).toEqual(["in 60"]);
  });

  test("close() from within a listener ends the delivery, and closes once", async () => {
    using pair = await new NetPair().ready();
    let batches = 0;
    let closes = 0;
    pair.nets[1].events.on("close", () => {
      closes++;
    });
    pair.nets[1].onFrames(() => {
      batches++;
      pair.nets[1].close();
    });
    for (let frame = 0; frame < 300; frame++) pair.nets[0].trySend(makeFrame(60));
    await until(() => !pair.nets[0].up, "the peer has seen it");
    pair.nets[1].close();
    expect([batches, closes, pair.devices[1].closed]).toEqual([1, 1, true]);
  });
});
