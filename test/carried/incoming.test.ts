import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { LinkBreach } from "../../src/carried/fault.js";
import { Incoming } from "../../src/carried/incoming.js";
import { Outgoing } from "../../src/carried/outgoing.js";
import { NO_ROOM, RecordKind } from "../../src/channel/link.js";
import { hex, pattern } from "../can/isotp/bytes.js";

const WINDOW = 1024;

function payloadOf(incoming: Incoming, lengthBytes: number): Uint8Array {
  return new Uint8Array(incoming.view.buffer, 0, lengthBytes).slice();
}

describe("Outgoing and Incoming", () => {
  test("carry records in order, whatever is lost, doubled and cut on the way", () => {
    const step = fc.record({
      commit: fc.nat(300),
      most: fc.integer({ min: 1, max: 200 }),
      fate: fc.constantFrom("arrives", "arrives", "arrives", "lost", "doubled"),
      take: fc.boolean(),
    });
    fc.assert(
      fc.property(fc.array(step, { minLength: 20, maxLength: 200 }), (steps) => {
        const outgoing = new Outgoing(WINDOW);
        const incoming = new Incoming(WINDOW);
        const sent: number[] = [];
        const got: number[] = [];
        const take = (): void => {
          for (let record = incoming.peek(); record !== undefined; record = incoming.peek()) {
            expect(record).toMatchObject({ kind: RecordKind.data, channel: 300, message: 5, sequence: got.length });
            expect(payloadOf(incoming, record.lengthBytes)).toEqual(pattern(record.lengthBytes));
            got.push(record.lengthBytes);
            incoming.shift();
          }
          outgoing.take(incoming.taken % 0x100_0000);
        };
        const transmit = (most: number, fate: string): void => {
          const bytes = new Uint8Array(most);
          const cursor = outgoing.sent;
          const length = outgoing.read(bytes, 0);
          outgoing.advance(cursor, length);
          const copies = fate === "lost" ? 0 : fate === "doubled" ? 2 : 1;
          for (let copy = 0; copy < copies; copy++) {
            const found = length > 0 ? incoming.write(cursor % 0x100_0000, bytes.subarray(0, length)) : "old";
            if (found === "gap") outgoing.goBack(incoming.received % 0x100_0000);
          }
        };
        for (const { commit, most, fate, take: takes } of steps) {
          const header = { kind: RecordKind.data, channel: 300, message: 5, lengthBytes: commit };
          if (outgoing.commit(header, pattern(commit), true) !== NO_ROOM) sent.push(commit);
          transmit(most, fate);
          if (takes) take();
          expect(outgoing.unacknowledgedBytes).toBeLessThanOrEqual(WINDOW);
        }
        while (got.length < sent.length) {
          outgoing.goBack(incoming.received % 0x100_0000);
          transmit(100, "arrives");
          take();
        }
        expect(got).toEqual(sent);
        expect([outgoing.unacknowledgedBytes, outgoing.unacknowledgedRecords]).toEqual([0, 0]);
      }),
    );
  });

  test("go on when their cursors have wrapped on the wire", () => {
    const outgoing = new Outgoing(WINDOW);
    const incoming = new Incoming(WINDOW);
    const bytes = new Uint8Array(WINDOW);
    for (let round = 0; round < 20_000; round++) {
      outgoing.commit(
        { kind: RecordKind.data, channel: 1, message: 0, lengthBytes: 1000 },
        bytes.subarray(0, 1000),
        true,
      );
      const cursor = outgoing.sent;
      const length = outgoing.read(bytes, 0);
      outgoing.advance(cursor, length);
      incoming.write(cursor % 0x100_0000, bytes.subarray(0, length));
      expect(incoming.peek()?.sequence).toBe(round);
      incoming.shift();
      outgoing.take(incoming.taken % 0x100_0000);
    }
    expect(outgoing.sent).toBeGreaterThan(0x100_0000);
  });
});

describe("Outgoing", () => {
  test("refuses what is acknowledged or wanted beyond what was committed", () => {
    const outgoing = new Outgoing(WINDOW);
    outgoing.commit({ kind: RecordKind.data, channel: 1, message: 0, lengthBytes: 0 }, new Uint8Array(), true);
    expect(outgoing.goBack(0)).toBe(0);
    expect(() => outgoing.take(5)).toThrow(LinkBreach);
    expect(() => outgoing.goBack(5)).toThrow(LinkBreach);
    expect(outgoing.take(4)).toBe(true);
    expect(outgoing.take(4)).toBe(false);
    expect(outgoing.take(3)).toBe(false);
  });
});

describe("Incoming", () => {
  test("refuses more than the window, and takes all of it", () => {
    const incoming = new Incoming(WINDOW);
    expect(incoming.write(0, new Uint8Array(WINDOW).fill(0x01))).toBe("new");
    expect(() => incoming.write(WINDOW, Uint8Array.of(1))).toThrow(LinkBreach);
  });

  test.each([
    ["a kind that does not exist", "00 01 00 00"],
    ["a kind beyond the last", "08 01 00 00"],
    ["a channel of 17 bits", "01 80 80 08 00 00"],
    ["a number of five bytes", "01 80 80 80 80 01 00 00"],
    ["a length beyond the window", "01 01 00 80 10"],
    ["a reply without its request", "03 01 00 07 00 00 00 00 00 00 00"],
    ["an error without its code", "04 01 00 08 00 00 00 00 00 00 00 00"],
    ["a cancel without its request", "07 01 00 00"],
  ])("refuses %s", (_, bytes) => {
    const incoming = new Incoming(WINDOW);
    incoming.write(0, hex(bytes));
    expect(() => incoming.peek()).toThrow(LinkBreach);
  });

  test("waits for the rest of a header and of a payload", () => {
    const incoming = new Incoming(WINDOW);
    const bytes = hex("01 AC 02 05 03 AA BB CC");
    bytes.forEach((byte, index) => {
      expect(incoming.peek()).toBeUndefined();
      incoming.write(index, Uint8Array.of(byte));
    });
    expect(incoming.peek()).toEqual({ kind: 1, channel: 300, message: 5, lengthBytes: 3, sequence: 0 });
    expect(payloadOf(incoming, 3)).toEqual(hex("AA BB CC"));
  });
});
