import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { LinkBreach } from "../../../src/carried/fault.js";
import { decodeGreeting, encodeGreeting } from "../../../src/ivshmem-net/link/greeting.js";
import { hex, shown } from "../../can/isotp/bytes.js";

describe("encodeGreeting() and decodeGreeting()", () => {
  test("are each other's inverse", () => {
    const greetings = fc.record({ udpPort: fc.integer({ min: 1, max: 0xffff }), stamp: fc.nat(0xffff_ffff) });
    fc.assert(
      fc.property(greetings, (greeting) => {
        expect(decodeGreeting(encodeGreeting(greeting))).toEqual(greeting);
      }),
    );
  });

  test("give the bytes of docs/ivshmem-net-channels.md", () => {
    const bytes = encodeGreeting({ udpPort: 16_646, stamp: 0x1234_5678 });
    expect(shown(bytes)).toBe("69 63 6E 6C 01 00 06 41 78 56 34 12");
  });

  test.each([
    ["nothing", ""],
    ["a byte less", "69 63 6E 6C 01 00 06 41 78 56 34"],
    ["other letters", "69 63 6E 6D 01 00 06 41 78 56 34 12"],
    ["what a web browser says", "47 45 54 20 2F 20 48 54 54 50 2F 31"],
    ["version 0", "69 63 6E 6C 00 00 06 41 78 56 34 12"],
    ["version 2", "69 63 6E 6C 02 00 06 41 78 56 34 12"],
    ["a byte that must be zero", "69 63 6E 6C 01 01 06 41 78 56 34 12"],
    ["port 0", "69 63 6E 6C 01 00 00 00 78 56 34 12"],
  ])("refuse %s", (_, bytes) => {
    expect(() => decodeGreeting(hex(bytes))).toThrow(LinkBreach);
  });
});
