import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { concatenate, encodeAttributes, textAttribute, u32Bytes } from "../../src/netlink/attribute.js";
import { netlinkFault } from "../../src/netlink/fault.js";
import { decodeMessages, encodeMessage } from "../../src/netlink/message.js";

const message = fc.record({
  type: fc.integer({ min: 0, max: 0xffff }),
  flags: fc.integer({ min: 0, max: 0xffff }),
  sequence: fc.integer({ min: 0, max: 0xffff_ffff }),
  payload: fc.uint8Array({ maxLength: 50 }),
});

describe("decodeMessages()", () => {
  test("decodeMessages() gives what encodeMessage() wrote when several stand in one datagram", () => {
    fc.assert(
      fc.property(fc.array(message, { maxLength: 5 }), (messages) => {
        expect(decodeMessages(concatenate(messages.map(encodeMessage)))).toEqual(messages);
      }),
    );
  });

  test("decodeMessages() ends with ERR_DECODE or messages when the bytes are of a hostile sender", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 80 }), (bytes) => {
        try {
          decodeMessages(bytes);
        } catch (error) {
          expect(error).toMatchObject({ code: "ERR_DECODE" });
        }
      }),
    );
  });

  const refused: readonly [string, string][] = [
    ["half a header", "1000000010000000"],
    ["a length of 0", "00000000100000000000000000000000"],
    ["a length beyond the end", "11000000100000000000000000000000"],
  ];
  test.each(refused)("decodeMessages() refuses %s", (_, hex) => {
    expect(() => decodeMessages(Buffer.from(hex, "hex"))).toThrow(/found a message of/);
  });
});

describe("netlinkFault()", () => {
  const purpose = { wanted: "set the MTU of can0", call: "RTM_NEWLINK", path: "can0", advice: { 16: "Take it down." } };
  const request = new Uint8Array(16);
  const acknowledge = (errno: number, flags: number, ...behind: readonly Uint8Array[]) =>
    netlinkFault({ type: 2, flags, sequence: 1, payload: Buffer.concat([u32Bytes(-errno >>> 0), ...behind]) }, purpose);

  test("netlinkFault() gives nothing when the kernel did what was asked", () => {
    expect(acknowledge(0, 0x100, request)).toBeUndefined();
  });

  test("netlinkFault() names request, errno and interface, and gives the advice for the errno", () => {
    expect(acknowledge(16, 0x100, request)).toMatchObject({
      code: "EBUSY",
      errno: 16,
      path: "can0",
      syscall: "RTM_NEWLINK",
    });
    expect(acknowledge(16, 0x100, request)?.message).toBe(
      "Cannot set the MTU of can0 as RTM_NEWLINK failed with EBUSY (resource busy or locked): can0. Take it down.",
    );
  });

  test("netlinkFault() gives the kernel's own reason when it has one, be the request repeated or not", () => {
    const reason = encodeAttributes([textAttribute(1, "mtu greater than device maximum")]);
    const told = /failed with EINVAL \(invalid argument\): can0\. The kernel says: mtu greater than device maximum\.$/;
    expect(acknowledge(22, 0x300, request, reason)?.message).toMatch(told);
    const repeated = encodeMessage({ type: 16, flags: 5, sequence: 1, payload: new Uint8Array(20) });
    expect(acknowledge(22, 0x200, repeated, reason)?.message).toMatch(told);
  });

  test("netlinkFault() refuses an acknowledgement without a result", () => {
    expect(() => netlinkFault({ type: 2, flags: 0, sequence: 1, payload: new Uint8Array(3) }, purpose)).toThrow(
      /without a result/,
    );
  });
});
