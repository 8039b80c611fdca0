import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { RecordKind } from "../../src/channel/link.js";
import { encodeAnnouncement } from "../../src/shm/announcement.js";
import { FaultCode } from "../../src/shm/fault.js";
import { epochIndex } from "../../src/shm/header.js";
import { Control, DIRECTORY_OFFSET, DirectoryEntry, Header } from "../../src/shm/layout.js";
import { commitBytes } from "../channel/link-pair.js";
import { readSeed } from "../support/seed.js";
import { setAtomicHook } from "./hooked-atomic.js";
import type { HostilePeer } from "./hostile-peer.js";
import { HostileWorld } from "./hostile-world.js";

vi.mock("../../src/uio/atomic.js", () => import("./hooked-atomic.js"));

const { announce, withdraw, data, request, reply, error, cancel } = RecordKind;

/** Directory entry for the victim, peer 0. */
const ENTRY = DIRECTORY_OFFSET;

function zeros(count: number): number[] {
  return Array.from({ length: count }, () => 0);
}

function announcement(name = "x"): number[] {
  return [...encodeAnnouncement({ name, protocolName: "p", typeHash: 1n, latestOffset: 0, latestSize: 0 })];
}

type Act = readonly [title: string, code: FaultCode, act: (peer: HostilePeer, look: () => void) => void];

function header(title: string, code: FaultCode, offset: number, value: number, bits: 16 | 32 = 32): Act {
  return [
    title,
    code,
    ({ memory: { view } }) => (bits === 16 ? view.setUint16(offset, value, true) : view.setUint32(offset, value, true)),
  ];
}

const { version, geometry, reserved, length, kind, cursor, sequence, acknowledgement } = FaultCode;

/** What a section may say that cannot be, before there is a session. */
const layouts: readonly Act[] = [
  header("another version", version, Header.version, 2, 16),
  header("another peer id", version, Header.peerId, 2, 16),
  header("another section size", version, Header.sectionSize, 0x4000),
  header("another number of peers", version, Header.maxPeers, 4, 16),
  header("flags", reserved, Header.flags, 1),
  header("a word behind the header's last", reserved, 0x7c, 1),
  header("a capacity that is no power of two", geometry, ENTRY + DirectoryEntry.capacity, 768),
  header("a capacity below the least", geometry, ENTRY + DirectoryEntry.capacity, 128),
  header("a capacity above the greatest", geometry, ENTRY + DirectoryEntry.capacity, 2 ** 31),
  header("a ring that runs out of the section", geometry, ENTRY + DirectoryEntry.ring, 0x1f80),
  header("a ring at an offset near 2^32", geometry, ENTRY + DirectoryEntry.ring, 0xffffff80),
  header("a ring over its header", geometry, ENTRY + DirectoryEntry.ring, 0),
  header("a ring that is not aligned", geometry, ENTRY + DirectoryEntry.ring, 0x608),
  header("a control block outside the section", geometry, ENTRY + DirectoryEntry.control, 0x2000),
  header("a control block that is not aligned", geometry, ENTRY + DirectoryEntry.control, 0x1c4),
  header("a vector that the device has not", geometry, Header.vector, 1, 16),
  header("a broadcast ring outside the section", geometry, Header.broadcastRing, 0x1f80),
  header("a broadcast control line outside the section", geometry, Header.broadcastControl, 0x2000),
  header("a broadcast capacity of 3", geometry, Header.broadcastCapacity, 3),
  header("latest values outside the section", geometry, Header.latestOffset, 0x1f80),
];

const wrong = announcement();
wrong[16] = 33;

/** What a ring may hold that cannot be. */
const records: readonly Act[] = [
  ["a tail that is not a multiple of 8", cursor, (peer) => peer.publish(4)],
  ["a tail beyond the capacity", cursor, (peer) => peer.publish(peer.capacity + 8)],
  ["a tail that went back", cursor, (peer) => peer.publish(-8)],
  ["a record of length 0", length, (peer) => peer.send(data, 1, [], { length: 0 })],
  ["a record shorter than its header", length, (peer) => peer.send(data, 1, [], { length: 15 })],
  ["a record longer than half the ring", length, (peer) => peer.send(data, 1, [], { length: peer.capacity / 2 + 1 })],
  ["a record of negative length", length, (peer) => peer.send(data, 1, [], { length: 0x80000010 })],
  ["a record beyond the tail", length, (peer) => peer.send(data, 1, [], { length: 64 })],
  ["a pad that does not end at the wrap", length, (peer) => peer.send(0, 0)],
  ["a record over the wrap", length, crossTheWrap],
  ["a pad with a channel", reserved, (peer, look) => padWith(peer, 1, look)],
  ["an unknown kind", kind, (peer) => peer.send(8, 1)],
  ["the greatest kind", kind, (peer) => peer.send(255, 1)],
  ["a reply without the request", kind, (peer) => peer.send(reply, 1, zeros(7))],
  ["an error that is too short", kind, (peer) => peer.send(error, 1, zeros(9))],
  ["a cancel that is too short", kind, (peer) => peer.send(cancel, 1, zeros(4))],
  ["an announcement that is too short", kind, (peer) => peer.send(announce, 1, zeros(19))],
  ["a sequence too high", sequence, (peer) => peer.send(data, 1, [], { sequence: 1 })],
  [
    "a sequence that repeats",
    sequence,
    (peer) => {
      for (const name of ["x", "y"]) peer.send(announce, name === "x" ? 1 : 2, announcement(name), { sequence: 0 });
    },
  ],
  ["flags", reserved, (peer) => peer.send(data, 1, [], { flags: 1 })],
  ["a word that must be zero", reserved, (peer) => peer.send(data, 1, [], { reserved: 0x8000 })],
  ["data on a channel nobody announced", FaultCode.announce, (peer) => peer.send(data, 9)],
  ["a request on a channel nobody announced", FaultCode.announce, (peer) => peer.send(request, 9)],
  ["a withdrawal of a channel nobody announced", FaultCode.announce, (peer) => peer.send(withdraw, 9)],
  [
    "a withdrawal with a payload",
    FaultCode.announce,
    (peer) => {
      peer.send(announce, 1, announcement());
      peer.send(withdraw, 1, zeros(8));
    },
  ],
  ["an announcement with a message number", reserved, (peer) => peer.send(announce, 1, announcement(), { message: 1 })],
  ["an announcement of channel 0", FaultCode.announce, (peer) => peer.send(announce, 0, announcement())],
  ["an announcement with wrong lengths", FaultCode.announce, (peer) => peer.send(announce, 1, wrong)],
  [
    "a number announced twice",
    FaultCode.announce,
    (peer) => {
      for (const name of ["x", "y"]) peer.send(announce, 1, announcement(name));
    },
  ],
  [
    "a name announced twice",
    FaultCode.announce,
    (peer) => {
      for (const number of [1, 2]) peer.send(announce, number, announcement());
    },
  ],
  ["an acknowledgement beyond what was sent", acknowledgement, (peer) => peer.word(Control.head, 0x1000)],
  ["an acknowledgement that went back", acknowledgement, (peer) => peer.word(Control.head, -8)],
  ["an acknowledgement that is no multiple of 8", acknowledgement, (peer) => peer.word(Control.head, 4)],
];

/** Fills the ring with honest records up to 16 bytes before the wrap, then goes over it. */
function crossTheWrap(peer: HostilePeer, look: () => void): void {
  peer.send(announce, 1, announcement());
  const left = peer.capacity - 40 - 16;
  peer.send(data, 1, zeros(left / 2 - 16));
  peer.send(data, 1, zeros(left / 2 - 16));
  look();
  peer.send(data, 1, zeros(16));
}

function padWith(peer: HostilePeer, channel: number, look: () => void): void {
  peer.send(announce, 1, announcement());
  const left = peer.capacity - 40 - 8;
  peer.send(data, 1, zeros(left / 2 - 16));
  peer.send(data, 1, zeros(left / 2 - 16));
  look();
  peer.memory.view.setUint32(peer.ring + peer.capacity - 8, 8, true);
  peer.memory.view.setUint32(peer.ring + peer.capacity - 4, channel << 16, true);
  peer.publish(8);
}

/** The channel of the world with two topics, of 64 and 8 bytes. */
const topics = { name: "c", protocolName: "p", typeHash: 1n, latestSize: 128 + 64 };

/** Words that a fault is likely to be made of. */
const words = [
  0, 1, 4, 7, 8, 16, 255, 2047, 2048, 2056, 4096, 0x7fffffff, 0x80000000, 0xffffffff, 0xfffffff8, 0x4c454349,
];

/** Numbers from 0 to below 1, the same for the same seed (mulberry32). */
function createRandom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

describe("a hostile peer", () => {
  let world: HostileWorld;

  beforeEach(() => {
    world = new HostileWorld();
  });

  afterEach(() => {
    setAtomicHook(undefined);
    world.close();
  });

  test("is talked to while it behaves", () => {
    world.meet();
    expect(world.link.status).toBe("up");
    world.peer.send(announce, 1, announcement("c"));
    world.peer.send(data, 1, [1, 2, 3]);
    world.look();
    expect(world.port.open).toBe(true);
    expect(world.seen.records.map(({ bytes }) => bytes)).toEqual([[1, 2, 3]]);
  });

  test.each(layouts)("is refused when its section says %s", (_, code, act) => {
    act(world.peer, () => undefined);
    world.meet();
    world.expectRefused(code);
    world.expectOthersUnharmed();
  });

  test.each(records)("is refused when it writes %s", (_, code, act) => {
    world.meet();
    act(world.peer, () => world.look());
    world.look();
    world.expectRefused(code);
    expect(world.seen.records).toEqual([]);
    world.expectOthersUnharmed();
    world.peer.restoreLayout();
    world.meet();
    expect(world.link.status).toBe("up");
  });

  test("is accepted when it restarts and behaves, between any two reads of its broken section", () => {
    for (let at = 0; ; at += 1) {
      world.close();
      world = new HostileWorld();
      const { peer } = world;
      let reads = 0;
      peer.memory.view.setUint16(Header.version, 2, true);
      peer.restart();
      setAtomicHook({
        before: (access, words) => {
          if (access !== "observe" || words.buffer !== peer.memory.words.buffer || reads++ !== at) return;
          peer.restoreLayout();
          peer.restart();
        },
      });
      world.look();
      setAtomicHook(undefined);
      if (reads <= at) break;
      world.answer();
      expect([at, world.link.status]).toEqual([at, "up"]);
    }
    world.expectRefused(version);
  });

  test("does not keep us reading when it goes on writing after it ended the session", () => {
    world.meet();
    const { peer } = world;
    peer.send(announce, 1, announcement("c"));
    world.look();
    peer.send(data, 1, [1]);
    let more = 500;
    setAtomicHook({
      before: (access, words) => {
        if (access === "observe" && words.buffer === peer.memory.words.buffer && more-- > 0) peer.send(data, 1, [2]);
      },
    });
    peer.memory.words[epochIndex(0)] = 0;
    world.look();
    setAtomicHook(undefined);
    expect(world.seen.records.length).toBeGreaterThan(0);
    expect(world.seen.records.length).toBeLessThan(20);
    world.expectOthersUnharmed();
  });

  test("is not looked at any more until it restarts", () => {
    world.meet();
    world.peer.send(8, 1);
    world.look();
    world.peer.send(announce, 1, announcement("c"));
    world.look();
    expect(world.errors).toHaveLength(1);
    expect(world.link.statistics.faults).toBe(1);
  });

  test("commitRun() gives how many records it committed before the peer acknowledged what cannot be", () => {
    world.meet();
    const { peer, link, port } = world;
    peer.send(announce, 1, announcement("c"));
    world.look();
    const { sentRecords } = link.statistics;
    peer.word(Control.head, 4);
    // More than the ring holds, so that the head is looked at when a part of the run is committed.
    const taken = port.commitRun?.(0, new Uint8Array(16 * 256), 16) ?? 0;
    expect(taken).toBeGreaterThan(0);
    expect(link.statistics.sentRecords).toBe(sentRecords + taken);
    world.look();
    expect(link.status).toBe("refused");
    expect(world.seen.downs.map(({ lost }) => lost)).toEqual([sentRecords + taken]);
  });

  test("unacknowledgedBytes counts what was sent to a peer that acknowledged what cannot be", () => {
    world.meet();
    world.peer.send(announce, 1, announcement("c"));
    world.look();
    expect(commitBytes(world.port, [1])).toBeGreaterThanOrEqual(0);
    world.port.flush();
    const sent = world.port.unacknowledgedBytes;
    expect(sent).toBeGreaterThanOrEqual(24);
    world.peer.word(Control.head, 4);
    expect(world.port.unacknowledgedBytes).toBe(sent);
    world.look();
    expect([world.link.status, world.port.unacknowledgedBytes]).toEqual(["refused", 0]);
  });

  test("is counted for what it sent before a record that is refused", () => {
    world.meet();
    const { peer, link, seen } = world;
    peer.send(announce, 1, announcement("c"));
    for (const byte of [1, 2]) peer.send(data, 1, [byte]);
    peer.send(data, 9);
    world.look();
    expect(seen.records).toHaveLength(2);
    expect([link.status, link.statistics.receivedRecords]).toEqual(["refused", 3]);
  });

  test("does no harm when it does any of this between any two of our reads", () => {
    let refused = 0;
    let runs = 0;
    for (const [, , act] of [...layouts, ...records]) {
      for (let at = 0; at < 60; at += 1) {
        world.close();
        world = new HostileWorld();
        const { memory } = world.peer;
        let reads = 0;
        setAtomicHook({
          before: (access, words) => {
            if (access === "observe" && words.buffer === memory.words.buffer && reads++ === at)
              act(world.peer, () => undefined);
          },
        });
        world.meet();
        world.look();
        setAtomicHook(undefined);
        runs += 1;
        if (world.link.status === "refused") refused += 1;
        expect(["up", "refused", "connecting"]).toContain(world.link.status);
        expect(world.errors).toHaveLength(world.link.status === "refused" ? 1 : 0);
        if (reads <= at) break;
      }
    }
    console.log(`${runs} acts between two reads, ${refused} of them refused`);
    expect(refused).toBeGreaterThan(records.length + layouts.length);
    world.expectOthersUnharmed();
  });

  test("does no harm when it scribbles over its section while we read it", () => {
    const random = createRandom(readSeed());
    let faults = 0;
    let sessions = 0;
    let taken = 0;
    for (let round = 0; round < 150; round += 1) {
      world.close();
      world = new HostileWorld([64, 8]);
      const { peer, link, port } = world;
      const scribble = () => {
        // Mostly where words of the wire are: the header, the control block, the ring's first records.
        const places = [0, 0x100, 0x180 + 0x100 * Math.floor(random() * 3), peer.ring, 0x1400, 0x1900];
        const offset = (places[Math.floor(random() * places.length)] as number) + Math.floor(random() * 32) * 4;
        const value = random() < 0.7 ? (words[Math.floor(random() * words.length)] as number) : random() * 2 ** 32;
        peer.memory.view.setUint32(offset, value, true);
      };
      setAtomicHook({
        before: (_, at) => {
          if (at.buffer === peer.memory.words.buffer && random() < 0.02) scribble();
        },
      });
      const target = new Uint8Array(64);
      for (let turn = 0; turn < 20; turn += 1) {
        if (link.status !== "up") {
          peer.restoreLayout();
          world.meet();
          peer.send(announce, 1, [...encodeAnnouncement({ ...topics, latestOffset: peer.geometry.latestOffset })]);
        }
        for (let count = 0; count < 3; count += 1) peer.send(data, 1, zeros(Math.floor(random() * 200)));
        world.look();
        const length = port.readLatest(0, target);
        expect(length).toBeLessThanOrEqual(64);
        if (port.claim(16) >= 0) port.commit(data, 0, 16);
        port.broadcast(0, target);
      }
      setAtomicHook(undefined);
      expect(link.statistics.lostRecords).toBeLessThanOrEqual(link.statistics.sentRecords);
      faults += link.statistics.faults;
      sessions += link.statistics.sessions;
      taken += world.seen.records.length;
      world.expectOthersUnharmed();
    }
    console.log(`${sessions} sessions, ${faults} faults, ${taken} records taken`);
    expect(faults).toBeGreaterThan(100);
    expect(sessions).toBeGreaterThan(150);
    expect(taken).toBeGreaterThan(1000);
  });
});
