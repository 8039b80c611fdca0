import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Fault, FaultCode } from "../../src/shm/fault.js";
import { CONTROL_BYTES, Control } from "../../src/shm/layout.js";
import { sectionMemory } from "../../src/shm/memory.js";
import { RingReader } from "../../src/shm/ring-reader.js";
import { NO_ROOM, RingWriter } from "../../src/shm/ring-writer.js";

/** A ring in one section, its acknowledgement in another. */
class Ring {
  readonly source;
  readonly target = sectionMemory(new Uint8Array(CONTROL_BYTES));
  readonly writer: RingWriter;
  readonly reader: RingReader;

  constructor(capacity: number) {
    this.source = sectionMemory(new Uint8Array(CONTROL_BYTES + capacity));
    const place = { control: 0, ring: CONTROL_BYTES, capacity };
    this.writer = new RingWriter(this.source, place);
    this.reader = new RingReader(this.source, place, this.target, 0);
    this.writer.reset(this.target.words, 0);
    this.reader.reset();
  }

  /** Commits a record whose bytes tell its number; returns false if there is no room. */
  write(number: number, bytes: number): boolean {
    const offset = this.writer.claim(bytes);
    if (offset === NO_ROOM) return false;
    this.source.bytes.fill(number, offset, offset + bytes);
    expect(this.writer.commit(1, number & 0xffff, 7, bytes)).toBe(number);
    return true;
  }

  /** Takes one batch and acknowledges it without a look at it; returns its bytes. */
  skip(): number {
    while (this.reader.fetch() > 0 && !this.reader.accept());
    const { acceptedBytes } = this.reader.batch;
    if (acceptedBytes > 0) this.reader.acknowledge();
    this.reader.batch.clear();
    return acceptedBytes;
  }

  /** Takes one batch: number and size of each record. */
  read(): [number: number, bytes: number][] {
    const { batch } = this.reader;
    const taken: [number, number][] = [];
    while (this.reader.fetch() > 0 && !this.reader.accept());
    while (batch.next()) {
      const payload = new Uint8Array(batch.view.buffer, batch.payloadOffset, batch.payloadBytes);
      expect(payload.every((byte) => byte === (batch.sequence & 0xff))).toBe(true);
      expect([batch.kind, batch.channel, batch.message]).toEqual([1, batch.sequence & 0xffff, 7]);
      expect(batch.payloadOffset % 8).toBe(0);
      taken.push([batch.sequence, batch.payloadBytes]);
    }
    if (batch.acceptedBytes > 0) this.reader.acknowledge();
    batch.clear();
    return taken;
  }
}

interface Step {
  readonly kind: "write" | "publish" | "read";
  readonly size: number;
}

const steps = fc.array(
  fc.record<Step>({
    kind: fc.constantFrom("write", "write", "write", "publish", "read"),
    size: fc.double({ min: 0, max: 1, noNaN: true }),
  }),
  { maxLength: 200, size: "max" },
);

describe("a ring", () => {
  test("gives what was published, in order, once, whatever the sizes and the wrap", () => {
    let wraps = 0;
    let refusals = 0;
    const capacities = fc.constantFrom(256, 512, 1024, 0x20000);
    fc.assert(
      fc.property(capacities, steps, (capacity, script) => {
        const ring = new Ring(capacity);
        const committed: [number, number][] = [];
        const taken: [number, number][] = [];
        let published = 0;
        let end = 0;
        for (const { kind, size } of script) {
          if (kind === "write") {
            const bytes = Math.floor(size * ring.writer.maxPayload);
            if (ring.write(committed.length, bytes)) committed.push([committed.length, bytes]);
            else refusals += 1;
          } else if (kind === "publish") {
            expect(ring.writer.publish()).toBe(published !== committed.length);
            published = committed.length;
            end = ring.source.words[Control.tail / 4] as number;
          } else {
            taken.push(...ring.read());
          }
          expect(taken.length).toBeLessThanOrEqual(published);
        }
        ring.writer.publish();
        // A batch may be no more than the pad before the wrap, so that none of its records is no end.
        for (let batch = 0; ring.writer.unacknowledgedBytes > 0 && batch <= 2 * script.length; batch++) {
          taken.push(...ring.read());
        }
        expect(taken).toEqual(committed);
        expect(ring.writer.unacknowledgedBytes).toBe(0);
        if (end > capacity) wraps += 1;
      }),
    );
    expect(wraps).toBeGreaterThan(10);
    expect(refusals).toBeGreaterThan(10);
  });

  test("holds the same when a run is committed at once as when its records are committed one by one", () => {
    const parts = fc.array(fc.record({ count: fc.nat({ max: 40 }), reads: fc.nat({ max: 2 }) }), { maxLength: 20 });
    const sizes = fc.integer({ min: 1, max: 112 });
    const header = [1, 3, 7] as const;
    let refusals = 0;
    fc.assert(
      fc.property(fc.constantFrom(256, 512, 1024), sizes, parts, (capacity, bytes, script) => {
        const [single, whole] = [new Ring(capacity), new Ring(capacity)];
        let number = 0;
        for (const { count, reads } of script) {
          let taken = 0;
          for (; taken < count; taken += 1) {
            const offset = single.writer.claim(bytes);
            if (offset === NO_ROOM) break;
            single.source.bytes.fill(number + taken, offset, offset + bytes);
            single.writer.commit(...header, bytes);
          }
          const payloads = Uint8Array.from({ length: count * bytes }, (_, at) => number + Math.floor(at / bytes));
          const end = whole.writer.commitRun(...header, payloads, bytes, 0, count * bytes);
          expect(end).toBe(taken * bytes);
          number += taken;
          refusals += count - taken;
          for (const ring of [single, whole]) ring.writer.publish();
          expect(whole.source.bytes).toEqual(single.source.bytes);
          for (let read = 0; read < reads; read += 1) expect(whole.skip()).toBe(single.skip());
        }
      }),
    );
    expect(refusals).toBeGreaterThan(10);
  });

  test("nextRun() gives the same records as next() in runs of one kind, channel, message and length", () => {
    const records = fc.array(
      fc.record({ times: fc.integer({ min: 1, max: 9 }), bytes: fc.constantFrom(0, 4, 5, 16), message: fc.nat(2) }),
      { minLength: 1, maxLength: 12 },
    );
    fc.assert(
      fc.property(records, fc.nat({ max: 300 }), (script, skipped) => {
        const ring = new Ring(0x1000);
        // Begins anywhere, so that some runs lie over the wrap.
        for (let number = 0; number < skipped; number += 1) {
          if (!ring.write(number, 0)) break;
          ring.writer.publish();
          ring.read();
        }
        const wanted = script.flatMap(({ times, bytes, message }) =>
          new Array<string>(times).fill(`${message}:${bytes}`),
        );
        for (const each of wanted) {
          const [message, bytes] = each.split(":").map(Number) as [number, number];
          ring.writer.claim(bytes);
          ring.writer.commit(1, 2, message, bytes);
        }
        ring.writer.publish();
        const found: string[] = [];
        const { batch } = ring.reader;
        while (ring.reader.fetch() > 0 && ring.reader.accept()) {
          while (batch.nextRun()) {
            const { message, payloadBytes, payloadOffset, runLength, runStride, sequence } = batch;
            expect(runStride).toBe(16 + Math.ceil(payloadBytes / 8) * 8);
            // Half of it is handed out again.
            const kept = Math.ceil(runLength / 2);
            for (let index = 0; index < kept; index += 1) found.push(`${message}:${payloadBytes}`);
            if (kept < runLength) {
              batch.putBack(kept);
              expect(batch.nextRun()).toBe(true);
              expect(batch.payloadOffset).toBe(payloadOffset + kept * runStride);
              expect([batch.runLength, batch.sequence]).toEqual([runLength - kept, sequence + kept]);
              for (let index = kept; index < runLength; index += 1) found.push(`${message}:${payloadBytes}`);
            }
          }
          ring.reader.acknowledge();
        }
        expect(found).toEqual(wanted);
      }),
    );
  });

  test("nextRun() gives records that are no data one by one, so that handing them out takes no longer for their number", () => {
    const ring = new Ring(0x1000);
    for (let number = 0; number < 3; number += 1) {
      ring.writer.claim(8);
      ring.writer.commit(2, 1, 0, 8);
    }
    ring.writer.publish();
    const { batch } = ring.reader;
    expect([ring.reader.fetch(), ring.reader.accept()]).toEqual([72, true]);
    const lengths: number[] = [];
    while (batch.nextRun()) lengths.push(batch.runLength);
    expect(lengths).toEqual([1, 1, 1]);
  });

  test("always has room for the largest record when it is empty, wherever the cursors are", () => {
    const ring = new Ring(256);
    for (let number = 0; number < 300; number += 1) {
      expect(ring.write(number, number % 2 === 0 ? ring.writer.maxPayload : (number % 13) * 8)).toBe(true);
      ring.writer.publish();
      expect(ring.read()).toHaveLength(1);
    }
  });

  test("takes exactly its capacity", () => {
    const ring = new Ring(256);
    for (let number = 0; number < 8; number += 1) expect(ring.write(number, 16)).toBe(true);
    expect(ring.write(8, 0)).toBe(false);
    ring.writer.publish();
    expect(ring.writer.highWaterBytes).toBe(256);
    expect(ring.read()).toHaveLength(8);
    expect(ring.write(8, 0)).toBe(true);
  });

  test("goes on when the cursors wrap at 2^32", () => {
    const ring = new Ring(2 ** 24);
    const rounds = 2 ** 32 / (2 ** 23 - 8) + 3;
    for (let number = 0; number < rounds; number += 1) {
      ring.writer.claim(ring.writer.maxPayload);
      ring.writer.commit(1, 1, 7, ring.writer.maxPayload);
      ring.writer.publish();
      ring.target.words[Control.head / 4] = ring.source.words[Control.tail / 4] as number;
      expect(ring.writer.unacknowledgedBytes).toBe(0);
    }
    expect(ring.source.words[Control.tail / 4] as number).toBeGreaterThan(0);
    expect(ring.source.words[Control.tail / 4] as number).toBeLessThan(2 ** 26);
  });

  test("countUnacknowledged() counts records and not pads", () => {
    const ring = new Ring(256);
    for (const [number, bytes] of [100, 60, 24].entries()) expect(ring.write(number, bytes)).toBe(true);
    ring.writer.publish();
    expect(ring.writer.countUnacknowledged(true)).toBe(3);
    ring.read();
    expect(ring.write(3, 100)).toBe(true);
    expect(ring.writer.countUnacknowledged(true)).toBe(1);
  });

  test.each([
    ["zeros", 0],
    ["ones", 0xff],
    ["a length beyond the tail", 0x11],
  ])("countUnacknowledged() comes to an end when the peer acknowledged part of a record of %s", (_, byte) => {
    const ring = new Ring(256);
    const offset = ring.writer.claim(64);
    ring.source.bytes.fill(byte, offset, offset + 64);
    ring.writer.commit(1, 1, 7, 64);
    ring.writer.publish();
    for (let head = 16; head < 80; head += 8) {
      ring.target.words[Control.head / 4] = head;
      expect(ring.writer.countUnacknowledged(true)).toBeLessThanOrEqual(1);
    }
  });

  test("highWaterBytes does not count what the peer had acknowledged when more was published", () => {
    const ring = new Ring(256);
    for (let number = 0; number < 20; number += 1) {
      expect(ring.write(number, 16)).toBe(true);
      ring.writer.publish();
      expect(ring.read()).toHaveLength(1);
    }
    expect(ring.writer.highWaterBytes).toBe(32);
    for (const number of [20, 21]) expect(ring.write(number, 16)).toBe(true);
    ring.writer.publish();
    expect(ring.writer.highWaterBytes).toBe(64);
  });

  test("publish() leaves a head that cannot be to the next claim", () => {
    const ring = new Ring(256);
    expect(ring.write(0, 24)).toBe(true);
    ring.target.words[Control.head / 4] = 4;
    expect(ring.writer.publish()).toBe(true);
    expect(() => ring.writer.unacknowledgedBytes).toThrow(Fault);
  });

  test.each([8, 4, -8])("claim() faults when the other side acknowledges %d bytes of an empty ring", (head) => {
    const ring = new Ring(256);
    ring.target.words[Control.head / 4] = head;
    expect(() => ring.writer.unacknowledgedBytes).toThrow(
      expect.objectContaining({ constructor: Fault, faultCode: FaultCode.acknowledgement }),
    );
  });
});
