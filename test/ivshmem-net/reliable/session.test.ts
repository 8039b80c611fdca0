import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { RELIABLE_HEADER_BYTES } from "../../../src/ivshmem-net/reliable/frame.js";
import { ReliableWorld, type SessionLog, type Station } from "./world.js";

/** Of each session: what arrived are the first records of one session of the peer's, each once and in order. */
function expectInOrder({ logs }: Station): void {
  for (const { arrived } of logs) {
    const [first = 0] = arrived;
    expect(first % 1e6).toBe(0);
    expect(arrived).toEqual(arrived.map((_, index) => first + index));
  }
}

/** Of each session that the peer knows to be over: no fewer records arrived than were acknowledged. */
function expectNoneLostSilently(sender: Station, receiver: Station): void {
  for (const [index, { sent, lost, end }] of sender.logs.entries()) {
    if (end === undefined || end === "closed") continue;
    const arrived = receiver.logs
      .flatMap((log) => log.arrived)
      .filter((number) => Math.floor(number / 1e6) === index + 1);
    expect(arrived.length).toBeGreaterThanOrEqual(sent - lost);
  }
}

/** Two stations in a session. */
function openWorld(): ReliableWorld {
  const world = new ReliableWorld();
  world.pass(300);
  expect(world.stations.map(({ session }) => session.open)).toEqual([true, true]);
  return world;
}

describe("ReliableSession", () => {
  test("ReliableSession opens, carries records both ways and comes to rest", () => {
    const world = openWorld();
    const [left, right] = world.stations;
    for (let record = 0; record < 100; record++) {
      for (const station of world.stations) while (!station.send()) world.pass(1);
    }
    world.pass(20);
    expect([left, right].map(({ log }) => log?.arrived.length)).toEqual([100, 100]);
    for (const station of world.stations) {
      expectInOrder(station);
      expect(station.session.unacknowledged).toBe(0);
      expect(station.session.statistics).toMatchObject({
        ...{ sessions: 1, sentRecords: 100, receivedRecords: 100, resentRecords: 0, lostRecords: 0 },
        ...{ repeatedRecords: 0, earlyRecords: 0, staleFrames: 0, invalidFrames: 0 },
      });
    }
    // Nothing but keep-alives from here on.
    world.pass(10_000);
    expect(left.logs).toHaveLength(1);
  });

  test("ReliableSession gives no record to who ended it when there was room", () => {
    const world = openWorld();
    const [left, right] = world.stations;
    left.onRoom = () => left.session.close(world.nowMs);
    // The acknowledgement of what fills the window comes with the record.
    while (left.send());
    world.room[1] = 0;
    world.pass(10);
    right.send();
    world.room[1] = Number.POSITIVE_INFINITY;
    world.pass(10);
    expect([left.rooms, left.session.closed]).toEqual([1, true]);
    expect(left.logs.map(({ arrived, end }) => [arrived, end])).toEqual([[[], "closed"]]);
  });

  test("ReliableSession sends again what was lost, at once when something behind it arrives", () => {
    const world = openWorld();
    const [left, right] = world.stations;
    let frames = 0;
    world.fate = () => (frames++ === 0 ? [] : [1]);
    for (let record = 0; record < 3; record++) left.send();
    world.pass(5);
    expect(right.log?.arrived).toHaveLength(3);
    expect(left.session.statistics.resentRecords).toBe(3);
    // The last of all has nothing behind it: its time-out does it.
    frames = 0;
    left.send();
    world.pass(5);
    expect(right.log?.arrived).toHaveLength(3);
    world.pass(100);
    expect(right.log?.arrived).toHaveLength(4);
    expectInOrder(right);
  });

  test("ReliableSession takes a bounded number of records, and says when there is room", () => {
    const world = openWorld();
    const [left] = world.stations;
    let sent = 0;
    while (left.send()) sent++;
    expect(sent).toBe(8);
    expect(left.rooms).toBe(0);
    world.pass(10);
    expect(left.rooms).toBe(1);
    expect(left.send()).toBe(true);
  });

  test("ReliableSession waits for a port that has no room, and sends then", () => {
    const world = openWorld();
    const [left, right] = world.stations;
    world.room[0] = 2;
    for (let record = 0; record < 5; record++) left.send();
    expect(left.sendDatagram(1)).toBe(true);
    world.pass(20);
    expect(left.sendDatagram(2)).toBe(false);
    world.room[0] = Number.POSITIVE_INFINITY;
    world.pass(100);
    expect(right.log?.arrived).toHaveLength(5);
    expect(left.session.statistics).toMatchObject({ sentDatagrams: 1, unsentDatagrams: 1 });
    expect(left.session.statistics.blockedFrames).toBeGreaterThan(1);
    expect(right.datagrams).toEqual([1]);
  });

  test("ReliableSession ends and says how much is lost when nothing is heard of the peer, and opens anew", () => {
    const world = openWorld();
    const [left, right] = world.stations;
    world.fate = () => [];
    for (let record = 0; record < 3; record++) left.send();
    world.pass(1000);
    expect([left, right].map(({ logs }) => logs[0]?.end)).toEqual(["silent", "silent"]);
    expect(left.logs[0]).toMatchObject({ sent: 3, lost: 3 });
    expect(left.send()).toBe(false);
    world.fate = () => [1];
    world.pass(300);
    expect([left, right].map(({ logs }) => logs.length)).toEqual([2, 2]);
    left.send();
    world.pass(5);
    expect(right.log?.arrived).toEqual([2e6]);
  });

  test("ReliableSession ends when the peer is there but a record never gets through", () => {
    const world = openWorld();
    const [left] = world.stations;
    const carry = world.carry.bind(world);
    // As with an MTU that is too small on the way.
    world.carry = (from, bytes) => (bytes.length > RELIABLE_HEADER_BYTES && from === 0 ? true : carry(from, bytes));
    left.send();
    world.pass(20_000);
    expect(left.logs[0]).toMatchObject({ end: "unacknowledged", lost: 1 });
  });

  test("ReliableSession tells a restart of the peer from silence", () => {
    const world = openWorld();
    const [left, right] = world.stations;
    left.send();
    world.pass(5);
    right.restart();
    world.pass(50);
    expect(left.logs.map(({ end }) => end)).toEqual(["restarted", undefined]);
    expect(left.logs[0]).toMatchObject({ sent: 1, lost: 0 });
    expect(left.session.open && right.session.open).toBe(true);
  });

  test("ReliableSession tells the peer when it is closed, and is silent from then on", () => {
    const world = openWorld();
    const [left, right] = world.stations;
    right.session.close(world.nowMs);
    right.session.close(world.nowMs);
    world.pass(5);
    expect([left.logs[0]?.end, right.logs[0]?.end]).toEqual(["peer closed", "closed"]);
    expect(right.session.dueMs).toBe(Number.POSITIVE_INFINITY);
    expect(right.send()).toBe(false);
    world.pass(1000);
    expect(left.session.open).toBe(false);
  });

  test("ReliableSession ends when the peer acknowledges what was never sent", () => {
    const world = openWorld();
    const [left, right] = world.stations;
    const carry = world.carry.bind(world);
    world.carry = (from, bytes) => {
      if (from === 1) new DataView(bytes.buffer, bytes.byteOffset).setUint32(16, 5, true);
      return carry(from, bytes);
    };
    right.send();
    world.pass(5);
    expect(left.logs[0]?.end).toBe("broke");
  });

  test("ReliableSession counts what is no frame, is its own or of another session, and goes on", () => {
    const world = openWorld();
    const [left] = world.stations;
    const frames: Uint8Array[] = [];
    const carry = world.carry.bind(world);
    world.carry = (from, bytes) => {
      frames.push(bytes);
      return carry(from, bytes);
    };
    left.send();
    world.pass(5);
    const own = frames[0] as Uint8Array;
    const change = (at: number, value: number) => {
      const changed = own.slice();
      changed[at] = value;
      return changed;
    };
    const invalid = [
      new Uint8Array(),
      own.slice(0, 23),
      change(0, 0),
      change(1, 0x21),
      change(1, 0x15),
      change(2, 200),
    ];
    for (const bytes of invalid) world.inject(0, bytes);
    world.inject(0, new Uint8Array(60));
    expect(left.session.statistics.invalidFrames).toBe(invalid.length + 1);
    world.inject(0, own);
    world.inject(0, change(4, 99));
    world.inject(1, change(8, 99));
    expect(left.session.statistics.staleFrames).toBe(2);
    world.pass(500);
    expect(left.logs).toHaveLength(1);
  });

  test("ReliableSession survives any bytes", () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 40 }), { maxLength: 30 }), (injected) => {
        const world = openWorld();
        for (const bytes of injected) {
          // Half of them look like frames.
          if (bytes.length > 8 && (bytes[8] as number) % 2 === 0) bytes.set([0x1c, 0x10 | ((bytes[9] ?? 0) % 5), 0, 0]);
          world.inject(0, bytes);
          world.pass(3);
        }
        world.pass(3000);
        expect(world.stations.map(({ session }) => session.open)).toEqual([true, true]);
      }),
    );
  });
});

/** What may happen at any time. */
type Event =
  | { readonly type: "send" | "restart"; readonly side: 0 | 1 }
  | { readonly type: "pass"; readonly ms: number }
  | { readonly type: "room"; readonly side: 0 | 1; readonly frames: number };

const side = fc.constantFrom(0 as const, 1 as const);
const event: fc.Arbitrary<Event> = fc.oneof(
  { weight: 20, arbitrary: fc.record({ type: fc.constant("send" as const), side }) },
  { weight: 10, arbitrary: fc.record({ type: fc.constant("pass" as const), ms: fc.integer({ min: 1, max: 60 }) }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant("pass" as const), ms: fc.integer({ min: 400, max: 900 }) }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant("restart" as const), side }) },
  {
    weight: 1,
    arbitrary: fc.record({ type: fc.constant("room" as const), side, frames: fc.integer({ max: 9, min: 0 }) }),
  },
);

/** How often a frame arrives and how late each time: lost, doubled, delayed and so out of order. */
const fates = fc.array(fc.array(fc.integer({ min: 0, max: 300 }), { maxLength: 3 }), { minLength: 1, maxLength: 40 });

function run(events: readonly Event[], mishaps: readonly (readonly number[])[], share: number): ReliableWorld {
  const world = new ReliableWorld();
  let frame = 0;
  world.fate = () => {
    frame++;
    return frame % share === 0 ? (mishaps[Math.floor(frame / share) % mishaps.length] ?? [1]) : [1];
  };
  for (const each of events) {
    if (each.type === "pass") world.pass(each.ms);
    else if (each.type === "room") world.room[each.side] = each.frames;
    else if (each.type === "restart") world.stations[each.side].restart();
    else world.stations[each.side].send();
    if (each.type === "pass") world.room = [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY];
  }
  return world;
}

describe("ReliableSession over anything", () => {
  test("each record arrives once and in order, or its session ends and says so, whatever happens to frames and programs", () => {
    fc.assert(
      fc.property(
        fc.array(event, { maxLength: 150 }),
        fates,
        fc.integer({ min: 1, max: 6 }),
        (events, mishaps, share) => {
          const world = run(events, mishaps, share);
          const [left, right] = world.stations;
          // On a way without mishaps the two find each other, and nothing is left over.
          world.fate = () => [1];
          world.room = [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY];
          world.pass(5_000);
          expect([left.session.open, right.session.open]).toEqual([true, true]);
          expect([left.session.unacknowledged, right.session.unacknowledged]).toEqual([0, 0]);
          for (const station of world.stations) expectInOrder(station);
          expectNoneLostSilently(left, right);
          expectNoneLostSilently(right, left);
          const sentAndArrived = (sender: Station, receiver: Station) =>
            [(sender.log as SessionLog).sent, (receiver.log as SessionLog).arrived.length] as const;
          for (const [sent, arrived] of [sentAndArrived(left, right), sentAndArrived(right, left)])
            expect(arrived).toBe(sent);
        },
      ),
      { numRuns: 300 },
    );
  });
});
