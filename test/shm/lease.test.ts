import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { defineProtocol, openChannel } from "../../src/channel/index.js";
import { Lease } from "../../src/channel/lease.js";
import { struct, u32 } from "../../src/schema/index.js";
import { openShm, type ShmNode } from "../../src/shm/index.js";
import { CONTROL_BYTES, Control } from "../../src/shm/layout.js";
import { sectionMemory } from "../../src/shm/memory.js";
import { NO_ROOM, RingWriter } from "../../src/shm/ring-writer.js";
import { MemoryMachine } from "../support/memory-device.js";

const Fact = struct("Fact", { number: u32, twice: u32 });
const facts = defineProtocol("facts", { messages: { near: Fact, far: Fact } });

class Writer {
  readonly memory;
  readonly peer = sectionMemory(new Uint8Array(CONTROL_BYTES));
  readonly writer: RingWriter;

  constructor(capacity: number) {
    this.memory = sectionMemory(new Uint8Array(CONTROL_BYTES + capacity));
    this.writer = new RingWriter(this.memory, { control: 0, ring: CONTROL_BYTES, capacity });
    this.writer.reset(this.peer.words, 0);
  }

  /** One record whose bytes are `number`; false without room. */
  claimOne(number: number, bytes: number): boolean {
    const offset = this.writer.claim(bytes);
    if (offset === NO_ROOM) return false;
    this.memory.bytes.fill(number, offset, offset + bytes);
    this.writer.commit(1, 3, 7, bytes);
    return true;
  }

  /** The peer acknowledges all that was published. */
  takeAll(): void {
    this.peer.words[Control.head / 4] = this.writer.tail;
  }
}

describe("RingWriter.lend()", () => {
  test("leaves the same bytes as records that are claimed one by one, whatever is done in between", () => {
    const step = fc.record({
      places: fc.integer({ min: 1, max: 9 }),
      taken: fc.nat({ max: 9 }),
      next: fc.nat({ max: 3 }),
    });
    let refusals = 0;
    let wraps = 0;
    fc.assert(
      fc.property(
        fc.constantFrom(256, 512, 1024),
        fc.integer({ min: 1, max: 90 }),
        fc.array(step, { maxLength: 30 }),
        (capacity, bytes, script) => {
          const [single, lent] = [new Writer(capacity), new Writer(capacity)];
          const lease = new Lease();
          let number = 0;
          for (const { places, taken, next } of script) {
            if (lent.writer.lend(lease, lent.memory.view, 1, 3, 7, bytes, places)) {
              expect(lease.left).toBeGreaterThan(0);
              expect(lease.left).toBeLessThanOrEqual(places);
              for (let left = Math.min(taken, lease.left); left > 0; left -= 1) {
                lent.memory.bytes.fill(number, lease.offset, lease.offset + bytes);
                lease.take();
                expect(single.claimOne(number, bytes)).toBe(true);
                number += 1;
              }
            } else {
              refusals += 1;
              expect(single.claimOne(0, bytes)).toBe(false);
            }
            if (next === 0) for (const { writer } of [single, lent]) writer.publish();
            if (next === 1) expect(lent.claimOne(number, bytes)).toBe(single.claimOne(number, bytes));
            if (next === 2) for (const each of [single, lent]) each.writer.publish();
            expect([lent.writer.tail, lent.writer.sequence]).toEqual([single.writer.tail, single.writer.sequence]);
            expect(lease.left).toBe(0);
            expect(lent.writer.committed).toEqual(single.writer.committed);
            if (next === 2) for (const each of [single, lent]) each.takeAll();
          }
          for (const { writer } of [single, lent]) writer.publish();
          if (lent.writer.tail > capacity) wraps += 1;
          // Where the two differ is no record: the place that a claim or a lease left unused.
          expect(lent.memory.bytes.subarray(0, CONTROL_BYTES)).toEqual(single.memory.bytes.subarray(0, CONTROL_BYTES));
          expect(lent.writer.countUnacknowledged(true)).toBe(single.writer.countUnacknowledged(true));
          expect(lent.memory.bytes).toEqual(single.memory.bytes);
        },
      ),
    );
    expect(refusals).toBeGreaterThan(10);
    expect(wraps).toBeGreaterThan(10);
  });
});

describe("trySend() in bursts", () => {
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

  function openBoth() {
    const channel = openChannel(near.link(1), facts);
    const peer = openChannel(far.link(0), facts);
    const seen: [name: string, number: number][] = [];
    for (const name of ["near", "far"] as const) {
      peer.messages.on(name, ({ number, twice }) => {
        expect(twice).toBe(2 * number);
        seen.push([name, number]);
      });
    }
    look();
    return { channel, peer, seen, sender: channel.sender("near") };
  }

  test("keeps the order of messages of all kinds and ways, whatever happens in between", () => {
    const act = fc.constantFrom(
      "near",
      "near",
      "near",
      "near",
      "far",
      "write",
      "bytes",
      "run",
      "flush",
      "poll",
      "count",
    );
    fc.assert(
      fc.property(fc.array(act, { maxLength: 120, size: "max" }), (script) => {
        machine = new MemoryMachine({ delivery: "manual" });
        near = openShm(machine.open(0), { wait: "manual" });
        far = openShm(machine.open(1), { wait: "manual" });
        const { channel, seen, sender } = openBoth();
        const before = near.link(1).statistics.sentRecords;
        const wanted: [string, number][] = [];
        const note = (name: string, taken: boolean): void => void (taken && wanted.push([name, wanted.length]));
        for (const what of script) {
          const number = wanted.length;
          const value = { number, twice: 2 * number };
          if (what === "near") note("near", sender.trySend(value));
          else if (what === "far") note("far", channel.trySend("far", value));
          else if (what === "write") {
            const fill = (fields: { number: number; twice: number }): void => void Object.assign(fields, value);
            note("near", sender.tryWrite(fill));
          } else if (what === "bytes")
            note("near", sender.trySendBytes(Uint8Array.from([number, 0, 0, 0, 2 * number, 0, 0, 0])));
          else if (what === "run")
            note("near", sender.trySendRun(Uint8Array.from([number, 0, 0, 0, 2 * number, 0, 0, 0])) === 1);
          else if (what === "flush") channel.flush();
          else if (what === "poll") look();
          else expect(near.link(1).statistics.sentRecords - before).toBe(number);
          expect(channel.statistics.sent).toBe(wanted.length);
        }
        look();
        expect(seen).toEqual(wanted);
        near.close();
        far.close();
      }),
    );
  });

  test("sends no more than there is room for, and says so", () => {
    const { channel, seen, sender } = openBoth();
    let sent = 0;
    for (let round = 0; round < 3; round += 1) {
      while (sender.trySend({ number: sent, twice: 2 * sent })) sent += 1;
      expect(channel.trySend("far", { number: 0, twice: 0 })).toBe(false);
      look();
    }
    expect(sent).toBeGreaterThan(100);
    expect(seen.map(([, number]) => number)).toEqual(Array.from({ length: sent }, (_, number) => number));
  });

  test.each<[string, RegExp, (send: () => void, flush: () => void) => { number: number; twice: number }]>([
    ["does not fit", /Fact\.twice/, () => ({ number: 3, twice: -1 })],
    ["has an accessor that sends", /while the fields of another message are set/, (send) => sly(send)],
    ["has an accessor that flushes", /the link is to be left alone/, (_, flush) => sly(flush)],
  ])("throws for a value that %s, and loses none of the others", (_, message, make) => {
    const { channel, seen, sender } = openBoth();
    for (let number = 0; number < 3; number += 1) expect(sender.trySend({ number, twice: 2 * number })).toBe(true);
    const value = make(
      () => channel.trySend("far", { number: 50, twice: 100 }),
      () => channel.flush(),
    );
    expect(() => sender.trySend(value)).toThrow(message);
    expect(sender.trySend({ number: 4, twice: 8 })).toBe(true);
    look();
    expect(seen.map(([, number]) => number)).toEqual([0, 1, 2, 4]);
  });

  test("figures can be read while fields are set, and count what was sent before", () => {
    const { channel, seen, sender } = openBoth();
    const link = near.link(1);
    const before = link.statistics.sentRecords;
    const read: number[] = [];
    for (let number = 0; number < 4; number += 1) {
      const taken = sender.tryWrite((fields) => {
        read.push(link.statistics.sentRecords - before);
        expect(channel.statistics.sent).toBe(number);
        fields.number = number;
        fields.twice = 2 * number;
      });
      expect(taken).toBe(true);
    }
    look();
    expect(read).toEqual([0, 1, 2, 3]);
    expect(seen.map(([, number]) => number)).toEqual([0, 1, 2, 3]);
  });

  test("send() refuses another one by an accessor while it keeps a value for a peer that is not there", async () => {
    const lonely = openChannel(near.link(2), facts);
    const sly = {
      number: 1,
      get twice(): number {
        lonely.sender("near").trySend({ number: 5, twice: 10 });
        return 2;
      },
    };
    await expect(lonely.send("near", sly)).rejects.toThrow(/while the fields of another message are set/);
  });

  test("throws ERR_CLOSED once the channel was closed in the middle, and what was sent arrives", () => {
    const { channel, seen, sender } = openBoth();
    for (let number = 0; number < 3; number += 1) sender.trySend({ number, twice: 2 * number });
    channel.close();
    expect(() => sender.trySend({ number: 9, twice: 18 })).toThrow(expect.objectContaining({ code: "ERR_CLOSED" }));
    look();
    expect(seen).toHaveLength(3);
  });

  test("does not go by a message that waits in line", async () => {
    const { channel, seen, sender } = openBoth();
    while (channel.trySend("far", { number: 0, twice: 0 }));
    const waiting = sender.send({ number: 1, twice: 2 });
    near.poll();
    far.poll();
    expect(sender.trySend({ number: 2, twice: 4 })).toBe(false);
    look();
    await waiting;
    expect(sender.trySend({ number: 2, twice: 4 })).toBe(true);
    expect(sender.trySend({ number: 3, twice: 6 })).toBe(true);
    look();
    expect(seen.slice(-3).map(([, number]) => number)).toEqual([1, 2, 3]);
  });

  test("counts what was sent as lost when the peer restarts in the middle", () => {
    const { channel, sender } = openBoth();
    const link = near.link(1);
    channel.flush();
    const { lostRecords } = link.statistics;
    for (let number = 0; number < 5; number += 1) expect(sender.trySend({ number, twice: 2 * number })).toBe(true);
    far = openShm(machine.open(1), { wait: "manual" });
    far.link(0);
    look();
    expect(link.statistics.lostRecords - lostRecords).toBe(5);
  });
});

/** A value of which one field does something as it is read. */
function sly(act: () => void): { number: number; twice: number } {
  return {
    get number(): number {
      act();
      return 3;
    },
    twice: 6,
  };
}
