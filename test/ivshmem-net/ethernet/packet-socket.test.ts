import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { EtherType, writeHeader } from "../../../src/ivshmem-net/ethernet/frame.js";
import { openPacketSocket, type PacketSocket } from "../../../src/ivshmem-net/ethernet/packet-socket.js";
import { until } from "../../channel/until.js";
import { needsCable, TestCable } from "./cable.js";

const etherType = EtherType.LOCAL_EXPERIMENTAL_2;

describe("openPacketSocket()", needsCable, () => {
  let cable: TestCable;
  let sockets: [PacketSocket, PacketSocket];

  const open = (end: 0 | 1, options = {}) =>
    cable.within(end, () => openPacketSocket(cable.names[end], { etherType, ...options }));

  function frameOf(length: number, first = 0, type: number = etherType): Uint8Array {
    const frame = Uint8Array.from({ length }, (_, index) => (first + index) & 0xff);
    writeHeader(frame, sockets[1].address, sockets[0].address, type);
    return frame;
  }

  function collect(socket: PacketSocket): Uint8Array[] {
    const frames: Uint8Array[] = [];
    socket.onFrames((batch) => {
      for (let index = 0; index < batch.count; index++) frames.push(batch.frame(index).slice());
    });
    return frames;
  }

  beforeEach(async () => {
    cable = new TestCable();
    sockets = [open(0), open(1)];
    await Promise.all(sockets.map((socket) => socket.ready({ timeoutMs: 10_000 })));
  });
  afterEach(() => {
    for (const socket of sockets) socket.close();
    cable.close();
  });

  test("openPacketSocket() carries frames of its type, from the shortest to the longest, and no others", async () => {
    const arrived = collect(sockets[1]);
    const sent = [14, 60, 61, 1514, 1500].map((length, index) => frameOf(length, index));
    expect(sockets[0].trySend(frameOf(100, 0, EtherType.LOCAL_EXPERIMENTAL_1))).toBe(true);
    for (const frame of sent) expect(sockets[0].trySend(frame)).toBe(true);
    await until(() => arrived.length >= sent.length, "all frames arrived");
    expect(arrived).toEqual(sent);
    expect(sockets[1].statistics).toMatchObject({ rxFrames: 5, rxBytes: 3149, rxDropped: 0, rxUnfit: 0 });
    expect(sockets[0].statistics).toMatchObject({ txFrames: 6, txBytes: 3249, txDropped: 0, rxFrames: 0 });
  });

  test("openPacketSocket() counts the frames that found the receive buffer full", async () => {
    sockets[1].close();
    sockets[1] = open(1, { receiveBufferBytes: 4096 });
    const arrived = collect(sockets[1]);
    // One run of JavaScript: nobody reads meanwhile.
    let sent = 0;
    for (let frame = 0; frame < 200; frame++) sent += Number(sockets[0].trySend(frameOf(1000)));
    expect(sent).toBe(200);
    await until(() => arrived.length > 0, "some frames arrived");
    await until(() => arrived.length + sockets[1].statistics.rxDropped === 200, "each frame is accounted for");
    expect(sockets[1].statistics.rxDropped).toBeGreaterThan(0);
    // It stays counted.
    expect(sockets[1].statistics.rxDropped).toBe(200 - arrived.length);
  });

  test("openPacketSocket() counts frames that nobody listens for", async () => {
    sockets[0].trySend(frameOf(60));
    await until(() => sockets[1].statistics.rxUnclaimed === 1, "the frame is counted");
  });

  test("openPacketSocket() goes on after its interface was down, and counts what it could not send meanwhile", async () => {
    const told: string[] = [];
    sockets[0].events.on("down", () => told.push("down"));
    sockets[0].events.on("up", () => told.push("up"));
    cable.setUp(0, false);
    await until(() => !sockets[0].up, "the interface is down");
    expect(sockets[0].trySend(frameOf(60))).toBe(false);
    expect(sockets[0].statistics).toMatchObject({ txFrames: 0, txDropped: 1 });
    await expect(sockets[0].ready({ timeoutMs: 1 })).rejects.toThrow(expect.objectContaining({ code: "ERR_TIMEOUT" }));
    cable.setUp(0);
    await sockets[0].ready({ timeoutMs: 10_000 });
    expect(told).toEqual(["down", "up"]);
    const [here, there] = sockets.map(collect) as [Uint8Array[], Uint8Array[]];
    await until(() => sockets[1].up, "the other end noticed");
    sockets[0].trySend(frameOf(60));
    sockets[1].trySend(frameOf(60));
    await until(() => here.length === 1 && there.length === 1, "frames flow both ways");
  });

  test("openPacketSocket() closes with an error when its interface goes away", async () => {
    const told: string[] = [];
    sockets[0].events.on("error", ({ code }) => told.push(code));
    sockets[0].events.on("close", () => told.push("close"));
    cable.cut();
    await until(() => sockets[0].closed && sockets[1].closed, "both are closed");
    expect(told).toEqual(["ERR_CLOSED", "close"]);
    expect(() => sockets[0].trySend(new Uint8Array(60))).toThrow(expect.objectContaining({ code: "ERR_CLOSED" }));
    await expect(sockets[0].ready()).rejects.toThrow(expect.objectContaining({ code: "ERR_CLOSED" }));
  });

  test("openPacketSocket() lets no listener keep the others from their frames", async () => {
    const arrived = collect(sockets[1]);
    const leave = sockets[1].onFrames(() => arrived.push(new Uint8Array()));
    leave();
    sockets[0].trySend(frameOf(60));
    await until(() => arrived.length === 1, "the frame arrived");
    expect(arrived[0]).toHaveLength(60);
  });

  test("openPacketSocket() refuses frames and options that make no sense", () => {
    expect(() => sockets[0].trySend(frameOf(1519))).toThrow(expect.objectContaining({ code: "ERR_TOO_LARGE" }));
    expect(() => sockets[0].trySend(new Uint8Array(13))).toThrow(RangeError);
    expect(() => sockets[0].trySend("frame" as never)).toThrow(TypeError);
    expect(() => open(0, { etherType: 0x5ff })).toThrow(RangeError);
    expect(() => open(0, { etherType: 0x1_0000 })).toThrow(RangeError);
    expect(() => open(0, { protocol: 1 })).toThrow(TypeError);
    const missing = expect.objectContaining({ code: "ERR_NOT_FOUND" });
    expect(() => cable.within(0, () => openPacketSocket("nothere", { etherType }))).toThrow(missing);
    const noEthernet = expect.objectContaining({ code: "ERR_UNSUPPORTED" });
    expect(() => cable.within(0, () => openPacketSocket("lo", { etherType }))).toThrow(noEthernet);
  });
});
