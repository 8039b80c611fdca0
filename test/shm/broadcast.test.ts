import fc from "fast-check";
import { afterEach, describe, expect, test, vi } from "vitest";
import { BroadcastReader, BroadcastWriter } from "../../src/shm/broadcast.js";
import { LINE_BYTES } from "../../src/shm/layout.js";
import { sectionMemory } from "../../src/shm/memory.js";
import { setAtomicHook } from "./hooked-atomic.js";

vi.mock("../../src/uio/atomic.js", () => import("./hooked-atomic.js"));

const CAPACITY = 256;

/** A broadcast ring whose records tell their number, and a reader that checks that it gets whole ones, in order. */
class Station {
  readonly #memory = sectionMemory(new Uint8Array(LINE_BYTES + CAPACITY));
  readonly #place = { broadcastControl: 0, broadcastRing: LINE_BYTES, broadcastCapacity: CAPACITY };
  readonly writer = new BroadcastWriter(this.#memory, this.#place);
  readonly reader = new BroadcastReader(this.#memory, this.#place);
  written = 0;
  taken = 0;
  missed = 0;

  write(bytes: number): void {
    this.written += 1;
    this.writer.write(1, 3, 5, new Uint8Array(bytes).fill(this.written));
  }

  read(): void {
    if (!this.reader.hasMore || !this.reader.fetch()) return;
    const { batch } = this.reader;
    while (batch.next()) {
      this.missed += this.reader.countGap();
      this.taken += 1;
      const number = this.missed + this.taken;
      expect(number).toBeLessThanOrEqual(this.written);
      expect(batch.sequence).toBe(number - 1);
      const payload = new Uint8Array(batch.view.buffer, batch.payloadOffset, batch.payloadBytes);
      expect(payload.every((byte) => byte === (number & 0xff))).toBe(true);
      expect([batch.kind, batch.channel, batch.message]).toEqual([1, 3, 5]);
    }
  }
}

afterEach(() => {
  setAtomicHook(undefined);
});

describe("a broadcast ring", () => {
  test("gives whole records in order and counts every one that was missed", () => {
    let overruns = 0;
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.boolean(), fc.integer({ min: 0, max: 112 })), { maxLength: 80, size: "max" }),
        (script) => {
          const station = new Station();
          for (const [isRead, bytes] of script) {
            if (isRead) station.read();
            else station.write(bytes);
          }
          station.write(0);
          station.read();
          station.read();
          expect(station.taken + station.missed).toBe(station.written);
          if (station.missed > 0) overruns += 1;
        },
      ),
    );
    expect(overruns).toBeGreaterThan(10);
  });

  test("gives no torn record when the writer writes between any two reads of the reader", () => {
    for (let at = 0; at < 12; at += 1) {
      for (const burst of [1, 2, 3, 9]) {
        const station = new Station();
        station.write(40);
        station.write(24);
        let accesses = 0;
        let isWriting = false;
        setAtomicHook({
          before: () => {
            if (isWriting || accesses++ !== at) return;
            isWriting = true;
            for (let count = 0; count < burst; count += 1) station.write(56);
            isWriting = false;
          },
        });
        station.read();
        setAtomicHook(undefined);
        for (let count = 0; count < 4; count += 1) station.read();
        expect(station.taken + station.missed).toBe(station.written);
      }
    }
  });

  test("begins with what is written after the reader was made, and counts what was missed before its first read", () => {
    const station = new Station();
    for (let count = 0; count < 20; count += 1) station.write(40);
    station.read();
    expect(station.taken).toBeGreaterThan(0);
    expect(station.taken + station.missed).toBe(20);
  });
});
