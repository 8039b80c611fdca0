import fc from "fast-check";
import { describe, expect, expectTypeOf, test } from "vitest";
import {
  type ExtendedId,
  extendedId,
  formatId,
  idBits,
  isCanId,
  isExtended,
  parseId,
  type StandardId,
  standardId,
} from "../../src/can/index.js";
import { canIds } from "./arbitrary.js";

describe("CAN ids", () => {
  test("standardId() and extendedId() never give the same value when the bits are equal", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 0x7ff }), (bits) => {
        const [short, long] = [standardId(bits), extendedId(bits)];
        expect(new Set<number>([short, long]).size).toBe(2);
        expect([idBits(short), idBits(long)]).toEqual([bits, bits]);
        expect([isExtended(short), isExtended(long)]).toEqual([false, true]);
      }),
    );
  });

  test("their types do not stand for each other, nor does a number for them", () => {
    expectTypeOf<StandardId>().not.toExtend<ExtendedId>();
    expectTypeOf<ExtendedId>().not.toExtend<StandardId>();
    expectTypeOf<number>().not.toExtend<StandardId>();
  });

  test.each([-1, 0x800, 1.5, Number.NaN, "1" as unknown as number])(
    "standardId() throws RangeError when it is %s",
    (value) => {
      expect(() => standardId(value)).toThrow(RangeError);
    },
  );

  test.each([-1, 0x2000_0000, 0x8000_0001, 0.5])("extendedId() throws RangeError when it is %s", (value) => {
    expect(() => extendedId(value)).toThrow(RangeError);
  });

  test.each([0x800, 0x1fff_ffff, 0x7fff_ffff, 0xa000_0000, -1, 0.5])("isCanId() refuses 0x%i", (value) => {
    expect(isCanId(value)).toBe(false);
  });

  test("parseId() reads what formatId() gives, in small letters too", () => {
    fc.assert(
      fc.property(canIds, (id) => {
        expect(isCanId(id)).toBe(true);
        expect(parseId(formatId(id))).toBe(id);
        expect(parseId(formatId(id).toLowerCase())).toBe(id);
      }),
    );
    expect([formatId(standardId(0xa)), formatId(extendedId(0xa))]).toEqual(["00A", "0000000A"]);
  });

  test.each(["", "12", "1234", "800", "FFF", "20000000", "0x1", "12g", " 123"])(
    "parseId() throws RangeError when it is %j",
    (text) => {
      expect(() => parseId(text)).toThrow(RangeError);
    },
  );
});
