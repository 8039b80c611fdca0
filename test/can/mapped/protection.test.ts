import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { autosarProfile1, autosarProfile2, j1850Checksum, type Protection } from "../../../src/can/index.js";
import { crc8H2f, crc8J1850 } from "../../../src/can/mapped/crc8.js";
import { shown } from "../isotp/bytes.js";

const digits = new TextEncoder().encode("123456789");
const ids = Array.from({ length: 16 }, (_, index) => index + 1);

function protectedZeros(protection: Protection, counter: number, length = 8): string {
  const data = new Uint8Array(length);
  protection.protect(data, counter);
  return shown(data.subarray(0, 2));
}

describe("crc8J1850 and crc8H2f", () => {
  // The check values of AUTOSAR, Specification of CRC Routines: begun with 0xFF, inverted at the end.
  test("give the check values of nine digits", () => {
    expect(crc8J1850.update(0xff, digits) ^ 0xff).toBe(0x4b);
    expect(crc8H2f.update(0xff, digits) ^ 0xff).toBe(0xdf);
  });
});

describe("autosarProfile1()", () => {
  // AUTOSAR, E2E Protocol Specification: profile 1, data id 0x123, eight bytes of zero, counter 0.
  test("gives the bytes of the specification's examples", () => {
    expect(protectedZeros(autosarProfile1({ dataId: 0x123 }), 0)).toBe("CC 00");
    expect(protectedZeros(autosarProfile1({ dataId: 0x123, dataIdMode: "low" }), 0)).toBe("CE 00");
  });

  test("takes no counter of 15", () => {
    const protection = autosarProfile1({ dataId: 0 });
    const data = new Uint8Array(8);
    protection.protect(data, 15);
    expect(protection.check(data)).toBeUndefined();
  });
});

describe("autosarProfile2()", () => {
  // The same specification: profile 2, data ids 1 to 16, eight bytes of zero, counters 1 to 8.
  test("gives the bytes of the specification's examples", () => {
    const protection = autosarProfile2(ids);
    const bytes = [1, 2, 3, 4, 5, 6, 7, 8].map((counter) => protectedZeros(protection, counter));
    expect(bytes).toEqual(["1B 01", "98 02", "31 03", "0D 04", "18 05", "9B 06", "65 07", "08 08"]);
  });
});

describe("check()", () => {
  const protections: [string, Protection][] = [
    ["profile 1", autosarProfile1({ dataId: 0xabcd })],
    ["profile 2", autosarProfile2(ids)],
    ["J1850 with a counter", j1850Checksum({ checksumByte: 7, counterByte: 6 })],
    ["J1850 alone", j1850Checksum({ checksumByte: 3 })],
  ];

  test.each(protections)("finds the counter, and any one bit that changed: %s", (_, protection) => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 8, maxLength: 8 }), fc.nat(14), fc.nat(63), (data, counter, bit) => {
        protection.protect(data, counter);
        expect(protection.check(data)).toBe(protection.counterValues === 0 ? 0 : counter);
        data[bit >>> 3] = (data[bit >>> 3] as number) ^ (1 << (bit & 7));
        // In profile 2 another counter has another data id, and the two changes may make up for each other.
        if (bit >>> 3 !== 1) expect(protection.check(data)).toBeUndefined();
      }),
    );
  });

  test.each([
    ["a data id of 17 bits", () => autosarProfile1({ dataId: 0x1_0000 })],
    ["15 data ids", () => autosarProfile2(ids.slice(1))],
    ["a byte for both", () => j1850Checksum({ checksumByte: 1, counterByte: 1 })],
    ["byte 64", () => j1850Checksum({ checksumByte: 64 })],
  ])("has no protection with %s", (_, make) => {
    expect(make).toThrow(RangeError);
  });
});
