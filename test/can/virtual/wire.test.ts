import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { NodeReport } from "../../../src/can/index.js";
import {
  decodeEvents,
  decodeFrames,
  decodeText,
  encodeEvent,
  encodeEvents,
  encodeText,
  FramesWriter,
  MAX_VIRTUAL_MESSAGE,
  MessageKind,
  type StationEvent,
} from "../../../src/can/virtual/wire.js";
import { canFrames } from "../arbitrary.js";

const timestamps = fc.record({ seconds: fc.nat(4_000_000_000), nanoseconds: fc.nat(999_999_999) });
const reports: fc.Arbitrary<NodeReport> = fc.record({
  up: fc.boolean(),
  state: fc.constantFrom("error-active", "error-warning", "error-passive", "bus-off"),
  txErrors: fc.nat(256),
  rxErrors: fc.nat(255),
});
const events: fc.Arbitrary<StationEvent> = fc.oneof(
  fc.record({
    kind: fc.constant("received" as const),
    frame: canFrames,
    timestamp: timestamps,
    origin: fc.constantFrom("remote" as const, "local" as const),
  }),
  fc.record({ kind: fc.constant("sent" as const), timestamp: timestamps }),
  fc.record({ kind: fc.constant("dropped" as const), total: fc.nat() }),
  fc.record({ kind: fc.constant("node" as const), report: reports }),
);

describe("virtual wire", () => {
  test("decodeFrames() reads what a FramesWriter gathered, up to a full message", () => {
    fc.assert(
      fc.property(fc.array(canFrames, { maxLength: 40 }), fc.nat(0xffff_ffff), (frames, epoch) => {
        const writer = new FramesWriter();
        const taken = frames.filter((frame) => writer.add(frame));
        expect(writer.count).toBe(taken.length);
        const message = writer.message(epoch);
        expect(message.length).toBeLessThanOrEqual(MAX_VIRTUAL_MESSAGE);
        expect(decodeFrames(message.slice())).toEqual({ epoch, frames: taken });
        writer.clear();
        expect(writer.count).toBe(0);
      }),
    );
  });

  test("decodeEvents() reads what encodeEvents() puts into messages, all of it and in order", () => {
    fc.assert(
      fc.property(fc.array(events, { maxLength: 60 }), (made) => {
        const records = made.map(encodeEvent);
        const read: StationEvent[] = [];
        for (let from = 0; from < records.length; ) {
          const { bytes, count } = encodeEvents(records, from);
          expect(count).toBeGreaterThan(0);
          expect(bytes.length).toBeLessThanOrEqual(MAX_VIRTUAL_MESSAGE);
          read.push(...decodeEvents(bytes));
          from += count;
        }
        expect(read).toEqual(made);
      }),
    );
  });

  test("decodeText() reads what encodeText() gives", () => {
    const value = { name: "ä", list: [1, 2, null] };
    expect(decodeText(MessageKind.HELLO, encodeText(MessageKind.HELLO, value))).toEqual(value);
    expect(() => decodeText(MessageKind.WELCOME, encodeText(MessageKind.HELLO, value))).toThrow(
      "kind 1 came instead of 2",
    );
    expect(() => decodeText(MessageKind.HELLO, Uint8Array.of(1, 0, 0, 0, 0x7b))).toThrow("no JSON");
    expect(() => decodeText(MessageKind.HELLO, Uint8Array.of(1))).toThrow("no JSON");
  });

  test("bytes that make no sense are refused, whatever they are", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        for (const decode of [decodeFrames, decodeEvents]) {
          try {
            decode(bytes);
          } catch (error) {
            expect(error).toMatchObject({ code: expect.stringMatching(/^ERR_(PROTOCOL|DECODE)$/) });
          }
        }
      }),
      { numRuns: 500 },
    );
  });

  test("messages that are cut off are refused", () => {
    const writer = new FramesWriter();
    writer.add({ kind: "error", classes: 1, data: new Uint8Array(8) });
    const message = writer.message(0).slice();
    const record = encodeEvent({ kind: "sent", timestamp: { seconds: 1, nanoseconds: 2 } });
    const { bytes } = encodeEvents([record], 0);
    for (let length = 0; length < message.length; length += 1) {
      expect(() => decodeFrames(message.subarray(0, length))).toThrow();
    }
    for (let length = 0; length < bytes.length; length += 1)
      expect(() => decodeEvents(bytes.subarray(0, length))).toThrow();
  });
});
