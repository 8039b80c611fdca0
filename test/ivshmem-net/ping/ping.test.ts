import { existsSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { createEmitter } from "../../../src/channel/emitter.js";
import { EtherType } from "../../../src/ivshmem-net/ethernet/frame.js";
import type { FramePort, FramePortEvents } from "../../../src/ivshmem-net/ethernet/frame-port.js";
import { openPacketSocket } from "../../../src/ivshmem-net/ethernet/packet-socket.js";
import { FrameBatch } from "../../../src/ivshmem-net/frame-batch.js";
import type { FrameListener } from "../../../src/ivshmem-net/inbox.js";
import { decodeIcmpv6, encodeIcmpv6, Icmpv6Type, linkLocalOf } from "../../../src/ivshmem-net/ping/icmpv6.js";
import { maxPingBytes, type PingEcho, pingPeer } from "../../../src/ivshmem-net/ping/ping.js";
import { attachTap } from "../../../src/ivshmem-net/tap.js";
import { findLinkLocalAddress } from "../../../src/netlink/address.js";
import { parseIpv6Address } from "../../../src/netlink/ip-address.js";
import { until } from "../../channel/until.js";
import { skipUnless } from "../../support/skip.js";
import { needsCable, TestCable } from "../ethernet/cable.js";
import { NetPair } from "../net-pair.js";

const needsTap = skipUnless(
  process.getuid?.() === 0 && existsSync("/dev/net/tun"),
  "a TAP interface wants root and /dev/net/tun",
);

/** A port whose peer is a function of the frame that was sent. */
class FakePort implements FramePort {
  readonly name = "fake";
  readonly mtu = 1500;
  readonly up = true;
  closed = false;
  readonly events = createEmitter<FramePortEvents>("a port", ["up", "error", "close"]);
  readonly sent: Uint8Array[] = [];
  /** What answers a frame, or false for a link that takes none. */
  peer: (frame: Uint8Array, number: number) => readonly Uint8Array[] | false = (frame) => [echo(frame)];
  #listener: FrameListener | undefined;

  trySend(frame: Uint8Array): boolean {
    this.sent.push(frame);
    const answers = this.peer(frame, this.sent.length);
    if (answers === false) return false;
    queueMicrotask(() => {
      for (const answer of answers) this.deliver(answer);
    });
    return true;
  }

  deliver(frame: Uint8Array): void {
    const batch = new FrameBatch(2000);
    batch.append(frame, 0, frame.length);
    this.#listener?.(batch);
  }

  onFrames(listener: FrameListener): () => void {
    this.#listener = listener;
    return () => {
      this.#listener = undefined;
    };
  }

  close(): void {
    this.closed = true;
    this.events.emit("close");
  }

  [Symbol.dispose](): void {
    this.close();
  }
}

const peerMac = Uint8Array.of(2, 0, 0, 0, 0, 7);

function echo(request: Uint8Array, change: (body: Uint8Array) => void = () => undefined): Uint8Array {
  const message = decodeIcmpv6(request);
  if (message === undefined) throw new Error("This is no request");
  const body = message.bytes.slice(4);
  change(body);
  const to = { ip: message.source.slice(), mac: request.slice(6, 12) };
  return encodeIcmpv6({ ip: linkLocalOf(peerMac), mac: peerMac }, to, Icmpv6Type.ECHO_REPLY, body, 64);
}

describe("pingPeer() with a peer that does as it is told", () => {
  test("pingPeer() counts what is answered, and tells of each", async () => {
    const port = new FakePort();
    const echoes: PingEcho[] = [];
    const report = await pingPeer(port, {
      count: 3,
      intervalMs: 0,
      sizeBytes: 100,
      onEcho: (each) => echoes.push(each),
    });
    expect(report).toMatchObject({ transmitted: 3, received: 3, timedOut: 0, unanswered: 0, duplicates: 0, late: 0 });
    expect(echoes.map(({ sequence }) => sequence)).toEqual([1, 2, 3]);
    expect(echoes[0]).toMatchObject({ from: "fe80::ff:fe00:7", lengthBytes: 108, hopLimit: 64 });
    expect(report.roundTrip?.minMs).toBe(Math.min(...echoes.map(({ timeMs }) => timeMs)));
    expect(port.sent.map((frame) => frame.length)).toEqual([162, 162, 162]);
  });

  test("pingPeer() gives up a probe that is not answered in time, and counts an answer that comes later", async () => {
    const port = new FakePort();
    const timedOut: number[] = [];
    port.peer = (frame, number) => {
      if (number === 1) return [];
      return number === 2 ? [echo(port.sent[0] as Uint8Array), echo(frame)] : [echo(frame)];
    };
    const onTimeout = (sequence: number) => timedOut.push(sequence);
    const report = await pingPeer(port, { count: 3, intervalMs: 0, timeoutMs: 5, onTimeout });
    expect(report).toMatchObject({ transmitted: 3, received: 2, timedOut: 1, late: 1, duplicates: 0 });
    expect(timedOut).toEqual([1]);
  });

  test("pingPeer() counts second answers, changed ones, and those to nothing that it sent", async () => {
    const port = new FakePort();
    port.peer = (frame, number) => {
      if (number === 1) return [echo(frame), echo(frame)];
      const turned = echo(frame, (body) => body.fill(0xaa, 10));
      const cut = echo(frame).slice(0, -1);
      const broken = echo(frame);
      broken[70] = (broken[70] as number) ^ 1;
      const unknown = echo(frame, (body) => body.set([0x40, 0x00], 2));
      const ofAnother = echo(frame, (body) => body.set([(body[0] as number) ^ 1], 0));
      return [turned, cut, broken, unknown, ofAnother, new Uint8Array(14), echo(frame)];
    };
    const report = await pingPeer(port, { count: 2, intervalMs: 1 });
    expect(report).toMatchObject({ transmitted: 2, received: 2, duplicates: 1, corrupted: 3 });
  });

  test("pingPeer() counts probes that the link does not take, and goes on", async () => {
    const port = new FakePort();
    port.peer = (frame, number) => (number === 1 ? false : [echo(frame)]);
    expect(await pingPeer(port, { count: 2, intervalMs: 0 })).toMatchObject({ transmitted: 2, received: 1, unsent: 1 });
  });

  test("pingPeer() ends with what it has when its signal aborts, and when the port closes", async () => {
    const port = new FakePort();
    port.peer = () => [];
    const controller = new AbortController();
    const first = pingPeer(port, { timeoutMs: 60_000, signal: controller.signal });
    await until(() => port.sent.length === 1, "a probe was sent");
    controller.abort();
    expect(await first).toMatchObject({ transmitted: 1, received: 0, timedOut: 0, unanswered: 1 });
    const second = pingPeer(port, { timeoutMs: 60_000, count: 1 });
    port.close();
    expect(await second).toMatchObject({ transmitted: 1, unanswered: 1, roundTrip: undefined });
  });

  test.each([
    ["no probe", { count: 0 }],
    ["half a probe", { count: 1.5 }],
    ["a negative interval", { intervalMs: -1 }],
    ["no time", { timeoutMs: 0 }],
    ["more than fits", { sizeBytes: maxPingBytes(1500) + 1 }],
    ["less than nothing", { sizeBytes: -1 }],
  ])("pingPeer() refuses %s", async (_, options) => {
    await expect(pingPeer(new FakePort(), options)).rejects.toThrow(RangeError);
    await expect(pingPeer(new FakePort(), { ttl: 1 } as never)).rejects.toThrow(TypeError);
  });
});

describe("pingPeer() with a kernel as the peer", needsCable, () => {
  test.each([
    ["an address of its own", false],
    ["the address of its interface", true],
  ])("pingPeer() is answered through a packet socket that sends from %s", async (_, isOfKernel) => {
    using cable = await new TestCable().ready();
    using port = cable.within(0, () => openPacketSocket("left", { etherType: EtherType.IPV6 }));
    await port.ready({ timeoutMs: 10_000 });
    const own = () => cable.within(0, () => findLinkLocalAddress("left"));
    const other = () => cable.within(1, () => findLinkLocalAddress("right"));
    const ipAddress = isOfKernel ? parseIpv6Address(own() ?? "") : undefined;
    const station = { macAddress: port.address, ipAddress };
    const from = new Set<string>();
    const onEcho = (each: PingEcho) => from.add(each.from);
    const sizeBytes = maxPingBytes(1500);
    const report = await pingPeer(port, { count: 20, intervalMs: 0, timeoutMs: 10_000, station, sizeBytes, onEcho });
    expect(report).toMatchObject({ transmitted: 20, received: 20, duplicates: 0, corrupted: 0, unsent: 0 });
    expect([...from]).toEqual([other()]);
  });

  test(
    "pingPeer() is answered through an endpoint, by the kernel behind the peer's TAP interface",
    needsTap,
    async () => {
      using pair = await new NetPair({}, { mtu: 1500 }).ready();
      using tap = attachTap(pair.nets[1], { name: `icp${process.pid % 1_000_000}` });
      await until(() => findLinkLocalAddress(tap.name) !== undefined, "the kernel has an address");
      const report = await pingPeer(pair.nets[0], { count: 20, intervalMs: 0, timeoutMs: 10_000 });
      expect(report).toMatchObject({ transmitted: 20, received: 20, duplicates: 0, corrupted: 0, unsent: 0 });
    },
  );
});
