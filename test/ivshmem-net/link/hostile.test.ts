import { createSocket } from "node:dgram";
import { once } from "node:events";
import { createConnection, type Socket } from "node:net";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { encodeControl, sessionTag } from "../../../src/carried/control-frame.js";
import { type NetLink, openNetLink } from "../../../src/ivshmem-net/index.js";
import { DatagramType, encodeDatagram } from "../../../src/ivshmem-net/link/datagram.js";
import { encodeFrame, FrameType, MAX_TCP_PDU_BYTES } from "../../../src/ivshmem-net/link/frame.js";
import { encodeGreeting } from "../../../src/ivshmem-net/link/greeting.js";
import { hex } from "../../can/isotp/bytes.js";
import { attach, commitBytes } from "../../channel/link-pair.js";
import { until } from "../../channel/until.js";
import { freePort } from "./relay.js";

const HOST = "127.0.0.1";
const WINDOW_POWER = 12;
const options = { localAddress: HOST, windowBytes: 2 ** WINDOW_POWER, heartbeatMs: 20, stallMs: 300 };

const greeting = encodeGreeting({ udpPort: 9, stamp: 77 });
const EPOCH = 5;

const control = (bytes: Uint8Array) => encodeFrame(FrameType.control, bytes);
const data = (bytes: Uint8Array) => encodeFrame(FrameType.data, bytes);

let port: number;
let victim: NetLink;
const sockets: Socket[] = [];

beforeEach(async () => {
  port = await freePort(HOST);
  victim = openNetLink("lo", { ...options, role: "listen", port });
});

afterEach(() => {
  victim.abandon();
  for (const socket of sockets.splice(0)) socket.destroy();
});

async function connect(localAddress = HOST): Promise<Socket> {
  const socket = createConnection({ host: HOST, port, localAddress });
  sockets.push(socket);
  socket.on("error", () => {});
  try {
    await once(socket, "connect");
    return socket;
  } catch {
    // The victim may not listen yet.
    await new Promise((resolve) => setImmediate(resolve));
    return connect(localAddress);
  }
}

async function isOver(socket: Socket): Promise<void> {
  if (!socket.closed) await once(socket.resume(), "close");
}

/** Connects and comes to a session, as a peer does that means well so far; gives the victim's epoch too. */
async function openSession(): Promise<{ socket: Socket; victimEpoch: number; victimUdp: number; ownTag: number }> {
  const socket = await connect();
  let heard = Buffer.alloc(0);
  socket.on("data", (chunk) => {
    heard = Buffer.concat([heard, chunk]);
  });
  socket.write(greeting);
  await until(() => heard.length >= 12 + 12, "the victim said hello");
  const victimUdp = heard.readUInt16LE(6);
  // Greeting, then a control frame with a hello.
  const victimEpoch = heard.readUIntLE(12 + 4 + 2, 3);
  socket.write(control(encodeControl({ type: "hello", windowPower: WINDOW_POWER, epoch: EPOCH, echo: victimEpoch })));
  await until(() => victim.status === "up", "the victim is up");
  return { socket, victimEpoch, victimUdp, ownTag: sessionTag(EPOCH, victimEpoch) };
}

/** What the victim is for: a peer that means well is served. */
async function isServed(): Promise<void> {
  const peer = openNetLink("lo", { ...options, peerAddress: HOST, role: "connect", port });
  try {
    const [one, other] = [attach(victim, "served"), attach(peer, "served")];
    await until(() => one.port.open && other.port.open, "the channel is open");
    commitBytes(other.port, [1, 2, 3]);
    await until(() => one.seen.records.length === 1, "the record is there");
    expect(one.seen.records[0]?.bytes).toEqual([1, 2, 3]);
  } finally {
    peer.close();
  }
}

/** A PDU of the stream with this many bytes from a cursor on. */
const stream = (tag: number, cursor: number, bytes: Uint8Array) =>
  Uint8Array.of(tag & 0xff, tag >> 8, cursor & 0xff, (cursor >> 8) & 0xff, cursor >> 16, ...bytes);

describe("a hostile peer over TCP", () => {
  test.each<[string, Uint8Array]>([
    ["another protocol's words", new TextEncoder().encode("GET / HTTP/1.1\r\n\r\n")],
    ["another version", hex("69 63 6E 6C 02 00 06 41 00 00 00 00")],
    ["UDP port 0", hex("69 63 6E 6C 01 00 00 00 00 00 00 00")],
  ])("that greets with %s is cut, told of once, and others are served", async (_, bytes) => {
    const errors: unknown[] = [];
    victim.events.on("error", (error) => errors.push(error));
    for (let round = 0; round < 2; round++) {
      const socket = await connect();
      socket.write(bytes);
      await isOver(socket);
    }
    expect(errors).toMatchObject([{ code: "ERR_PROTOCOL" }]);
    expect(victim.statistics).toMatchObject({ refusedConnections: 2, connections: 0 });
    await isServed();
  });

  test.each<[string, Uint8Array]>([
    ["a frame of no type", hex("08 00 00 00")],
    ["a control frame that is too long", hex("09 00 00 01")],
    ["a frame of 16 MiB", hex("FF FF FF 02")],
    ["a control frame of another version", control(hex("20 0C 05 00 00 00 00 00"))],
    ["a control frame of a type that does not exist", control(hex("1F 00 00 00 00 00 00 00"))],
  ])("that sends %s is refused, and one that starts anew is served", async (_, bytes) => {
    const errors: unknown[] = [];
    victim.events.on("error", (error) => errors.push(error));
    const { socket } = await openSession();
    socket.write(bytes);
    await until(() => victim.status === "refused", "the victim refuses it");
    expect(errors).toMatchObject([{ code: "ERR_PROTOCOL" }]);
    expect(victim.statistics.faults).toBe(1);
    await isServed();
  });

  test.each<[string, (tag: number) => readonly Uint8Array[]]>([
    ["a PDU that is shorter than its header", () => [hex("01 02")]],
    ["a record of a kind that does not exist", (tag) => [stream(tag, 0, hex("63 00 00 00"))]],
    ["a record that is longer than the window", (tag) => [stream(tag, 0, hex("01 01 00 FF FF 7F"))]],
    ["a record of a channel that was never announced", (tag) => [stream(tag, 0, hex("01 05 00 00"))]],
    [
      "more than the window holds",
      // A record that never becomes whole, so that nothing can be taken.
      (tag) => [
        stream(tag, 0, hex("01 01 00 F0 1F")),
        ...Array.from({ length: 5 }, (_, index) => stream(tag, 5 + index * 1000, new Uint8Array(1000))),
      ],
    ],
    ["a PDU as long as can be", (tag) => [stream(tag, 0, new Uint8Array(MAX_TCP_PDU_BYTES - 5))]],
  ])("that sends %s is refused, and one that starts anew is served", async (_, pdus) => {
    const { socket, ownTag } = await openSession();
    for (const pdu of pdus(ownTag)) socket.write(data(pdu));
    await until(() => victim.status === "refused", "the victim refuses it");
    await isServed();
  });

  test("that takes what was never sent is refused", async () => {
    const { socket, victimEpoch } = await openSession();
    const tag = sessionTag(victimEpoch, EPOCH);
    socket.write(control(encodeControl({ type: "taken", tag, cursor: 1000 })));
    await until(() => victim.status === "refused", "the victim refuses it");
  });

  test("that connects and says nothing is cut, and others are served meanwhile", async () => {
    const silent = await connect();
    await isServed();
    await isOver(silent);
    expect(victim.statistics.silentConnections).toBeGreaterThan(0);
  });

  test("that greets byte by byte is cut as one that says nothing", async () => {
    const slow = await connect();
    let sent = 0;
    // Less than the time of silence apart; it would end the greeting after 1.2 s.
    const trickle = setInterval(() => slow.write(greeting.subarray(sent, ++sent)), 100);
    try {
      await isOver(slow);
    } finally {
      clearInterval(trickle);
    }
    expect(sent).toBeLessThan(greeting.length);
    expect(victim.statistics.silentConnections).toBe(1);
    await isServed();
  });

  test("that connects again and again without a word is turned away after a few", async () => {
    const waiting = await Promise.all(Array.from({ length: 12 }, () => connect()));
    await Promise.all(waiting.map(isOver));
    const { refusedConnections, silentConnections } = victim.statistics;
    expect(refusedConnections).toBeGreaterThan(0);
    expect(refusedConnections + silentConnections).toBe(12);
    await isServed();
  });

  test("that never reads what it is sent is not written to without bound", async () => {
    const { socket } = await openSession();
    socket.pause();
    const before = process.memoryUsage().arrayBuffers;
    const probe = control(encodeControl({ type: "probe", tag: 0, cursor: 0 }));
    const hello = control(encodeControl({ type: "hello", windowPower: WINDOW_POWER, epoch: EPOCH, echo: 0 }));
    // Each of these hellos ends a session, begins one, and has an answer.
    for (let round = 0; round < 20_000; round++) socket.write(round % 2 === 0 ? hello : probe);
    await until(() => socket.writableLength === 0 || socket.destroyed, "the victim has read it");
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(64 * 2 ** 20);
    socket.destroy();
    await isServed();
  });
});

describe("a second connection", () => {
  beforeEach(() => {
    // Nobody here says anything after the greeting.
    victim.abandon();
    victim = openNetLink("lo", { ...options, stallMs: 60_000, role: "listen", port });
  });

  test("from another address is turned away while the first lives", async () => {
    const { socket } = await openSession();
    const other = await connect("127.0.0.2");
    other.write(greeting);
    await isOver(other);
    expect(victim.statistics).toMatchObject({ refusedConnections: 1, connections: 1 });
    expect(socket.closed).toBe(false);
  });

  test("of the peer takes the place of the first, which is cut", async () => {
    const { socket } = await openSession();
    const again = await connect();
    again.write(greeting);
    await isOver(socket);
    await until(() => victim.statistics.connections === 2, "the second is taken");
    expect([again.closed, victim.statistics.refusedConnections]).toEqual([false, 0]);
  });

  test("from an address that is not the peer's is turned away at once", async () => {
    victim.abandon();
    victim = openNetLink("lo", { ...options, peerAddress: "127.0.0.3", role: "listen", port });
    const other = await connect();
    await isOver(other);
    expect(victim.statistics).toMatchObject({ refusedConnections: 1, connections: 0 });
  });
});

describe("datagrams of somebody else", () => {
  test.each<[string, (stamp: number) => Uint8Array]>([
    ["nothing in them", () => new Uint8Array(0)],
    ["a header alone", (stamp) => encodeDatagram({ stamp, counter: 0, type: 1, pdu: new Uint8Array(0) })],
    ["another stamp", (stamp) => encodeDatagram({ stamp: stamp + 1, counter: 0, type: 2, pdu: new Uint8Array(9) })],
    ["the peer's stamp, from another port", (stamp) => encodeDatagram({ stamp, counter: 0, type: 2, pdu: hex("01") })],
    ["an answer that nobody asked for", () => hex("69 63 6E 6C 01 02 06 41 00 00 00 00")],
  ])("with %s are refused and counted", async (_, make) => {
    const { victimUdp } = await openSession();
    const socket = createSocket("udp4");
    try {
      for (let count = 0; count < 3; count++) socket.send(make(77), victimUdp, HOST);
      await until(() => victim.statistics.refusedDatagrams === 3, "they are refused");
      expect(victim.statistics.receivedDatagrams).toBe(0);
      expect(victim.status).toBe("up");
    } finally {
      socket.close();
    }
  });

  test("of the peer are counted as lost and late by their numbers", async () => {
    const socket = createSocket("udp4");
    await new Promise<void>((resolve) => socket.bind(0, HOST, resolve));
    try {
      const peer = await connect();
      let heard = Buffer.alloc(0);
      peer.on("data", (chunk) => {
        heard = Buffer.concat([heard, chunk]);
      });
      peer.write(encodeGreeting({ udpPort: socket.address().port, stamp: 77 }));
      await until(() => heard.length >= 12, "the victim has greeted");
      const udpPort = heard.readUInt16LE(6);
      const send = (counter: number) =>
        socket.send(
          encodeDatagram({ stamp: 77, counter, type: DatagramType.latest, pdu: hex("00 80 01") }),
          udpPort,
          HOST,
        );
      const total = () => victim.statistics.receivedDatagrams + victim.statistics.lateDatagrams;
      for (const [index, counter] of [0, 3, 2, 3, 4].entries()) {
        send(counter);
        await until(() => total() === index + 1, "it was looked at");
      }
      expect(victim.statistics).toMatchObject({ receivedDatagrams: 3, lostDatagrams: 2, lateDatagrams: 2 });
    } finally {
      socket.close();
    }
  });
});
