import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  type Announcement,
  decodeAnnouncement,
  encodeAnnouncement,
  MAX_NAME_BYTES,
} from "../../src/shm/announcement.js";
import { Fault, FaultCode } from "../../src/shm/fault.js";

const name = fc
  .string({ unit: "grapheme", minLength: 1, maxLength: MAX_NAME_BYTES })
  .filter((text) => Buffer.byteLength(text) <= MAX_NAME_BYTES);
const u32 = fc.integer({ min: 0, max: 0xffffffff });
const announcement = fc.record({
  ...{ name, protocolName: name, typeHash: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }) },
  ...{ latestOffset: u32, latestSize: u32 },
});

function decode(bytes: Uint8Array, offset = 0): Announcement {
  return decodeAnnouncement(new DataView(bytes.buffer, bytes.byteOffset), offset, bytes.byteLength - offset);
}

function faultOf(bytes: Uint8Array): number | undefined {
  try {
    decode(bytes);
  } catch (error) {
    if (error instanceof Fault) return error.faultCode;
    throw error;
  }
  return undefined;
}

const good: Announcement = { name: "jitter", protocolName: "p", typeHash: 5n, latestOffset: 0, latestSize: 0 };

function changed(index: number, ...values: number[]): Uint8Array {
  const bytes = encodeAnnouncement(good);
  bytes.set(values, index);
  return bytes;
}

describe("announcements", () => {
  test("decodeAnnouncement() gives what encodeAnnouncement() was given, at any offset", () => {
    fc.assert(
      fc.property(announcement, fc.constantFrom(0, 8, 16), (value, offset) => {
        const bytes = encodeAnnouncement(value);
        const padded = new Uint8Array(offset + bytes.length);
        padded.set(bytes, offset);
        expect(decode(padded, offset)).toEqual(value);
      }),
    );
  });

  test("encodeAnnouncement() lays the example of the page out byte by byte", () => {
    const bytes = encodeAnnouncement({ ...good, typeHash: 0x0807060504030201n, latestOffset: 0x1880, latestSize: 64 });
    const head = [1, 2, 3, 4, 5, 6, 7, 8, 0x80, 0x18, 0, 0, 64, 0, 0, 0, 6, 1, 0, 0];
    expect([...bytes]).toEqual([...head, ...Buffer.from("jitterp")]);
  });

  test.each(["", "x".repeat(33), "ä".repeat(17)])("encodeAnnouncement() throws RangeError when a name is %j", (bad) => {
    expect(() => encodeAnnouncement({ ...good, name: bad })).toThrow(RangeError);
    expect(() => encodeAnnouncement({ ...good, protocolName: bad })).toThrow(RangeError);
  });

  test.each([
    ["the channel name is empty", changed(16, 0, 7), FaultCode.announce],
    ["the protocol name is empty", changed(16, 7, 0), FaultCode.announce],
    ["a name is too long", changed(16, 33, 1), FaultCode.announce],
    ["the lengths do not add up", changed(16, 6, 2), FaultCode.announce],
    ["bits are set that must be zero", changed(18, 1), FaultCode.reserved],
    ["the other half of them is set", changed(19, 1), FaultCode.reserved],
    ["a name is not UTF-8", changed(20, 0xff), FaultCode.announce],
    ["a character is cut between the names", changed(25, 0xc3, 0xa4), FaultCode.announce],
  ])("decodeAnnouncement() faults when %s", (_, bytes, code) => {
    expect(faultOf(bytes)).toBe(code);
  });

  test("decodeAnnouncement() decodes or faults, whatever the bytes", () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 20, maxLength: 100 }), (bytes) => {
        const code = faultOf(bytes);
        expect([undefined, FaultCode.announce, FaultCode.reserved]).toContain(code);
      }),
    );
  });
});
