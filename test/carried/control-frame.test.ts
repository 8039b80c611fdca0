import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  type ControlFrame,
  decodeControl,
  encodeControl,
  expandCursor,
  sessionTag,
} from "../../src/carried/control-frame.js";
import { LinkBreach } from "../../src/carried/fault.js";
import { hex, shown } from "../can/isotp/bytes.js";

const byte = fc.nat(0xff);
const u16 = fc.nat(0xffff);
const u24 = fc.nat(0xff_ffff);
const tag = fc.nat(0x7fff);

const frames: fc.Arbitrary<ControlFrame> = fc.oneof(
  fc.record({ type: fc.constant("hello" as const), windowPower: byte, epoch: u24, echo: u24 }),
  fc.record({ type: fc.constant("refuse" as const), fault: byte, epoch: u24, refused: u24 }),
  fc.record({ type: fc.constantFrom("taken" as const, "want" as const, "probe" as const), tag, cursor: u24 }),
  fc.record({ type: fc.constant("held" as const), topic: byte, tag, channel: u16, count: u16 }),
);

describe("encodeControl() and decodeControl()", () => {
  test("are each other's inverse", () => {
    fc.assert(
      fc.property(frames, (frame) => {
        expect(decodeControl(encodeControl(frame))).toEqual(frame);
      }),
    );
  });

  test.each<[ControlFrame, string]>([
    [{ type: "hello", windowPower: 16, epoch: 0x123456, echo: 0xabcdef }, "10 10 56 34 12 EF CD AB"],
    [{ type: "refuse", fault: 3, epoch: 1, refused: 2 }, "11 03 01 00 00 02 00 00"],
    [{ type: "taken", tag: 0x1234, cursor: 0x1_00_0005 }, "12 00 34 12 00 05 00 00"],
    [{ type: "want", tag: 1, cursor: 2 }, "13 00 01 00 00 02 00 00"],
    [{ type: "probe", tag: 1, cursor: 2 }, "14 00 01 00 00 02 00 00"],
    [{ type: "held", tag: 1, topic: 2, channel: 3, count: 0x1_0004 }, "15 02 01 00 03 00 04 00"],
  ])("give the bytes of docs/can-wire.md for %o", (frame, bytes) => {
    expect(shown(encodeControl(frame))).toBe(bytes);
  });

  test.each([
    ["nothing", ""],
    ["7 bytes", "10 10 56 34 12 EF CD"],
    ["another version", "20 10 56 34 12 EF CD AB"],
    ["a type that does not exist", "16 00 00 00 00 00 00 00"],
    ["the last type", "1F 00 00 00 00 00 00 00"],
    ["a byte that must be zero", "12 01 34 12 00 05 00 00"],
    ["another byte that must be zero", "14 00 34 12 01 05 00 00"],
  ])("refuse %s", (_, bytes) => {
    expect(() => decodeControl(hex(bytes))).toThrow(LinkBreach);
  });
});

describe("expandCursor()", () => {
  test("finds the cursor next to one that is known", () => {
    fc.assert(
      fc.property(fc.nat(2 ** 40), fc.integer({ min: -(2 ** 22), max: 2 ** 22 }), (near, distance) => {
        const cursor = Math.max(0, near + distance);
        expect(expandCursor(cursor % 0x100_0000, near)).toBe(cursor);
      }),
    );
  });
});

describe("sessionTag()", () => {
  test("differs between the two directions and the epochs that follow", () => {
    const tags = [sessionTag(5, 9), sessionTag(9, 5), sessionTag(6, 9), sessionTag(5, 10)];
    expect(new Set(tags).size).toBe(4);
    expect(sessionTag(0xff_ffff, 0xff_ffff)).toBeLessThan(0x8000);
  });
});
