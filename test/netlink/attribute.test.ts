import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  type Attribute,
  AttributeSet,
  align,
  encodeAttributes,
  textAttribute,
  u32Attribute,
} from "../../src/netlink/attribute.js";

const leaf = fc.record({ type: fc.integer({ min: 1, max: 0x3fff }), value: fc.uint8Array({ maxLength: 40 }) });

describe("encodeAttributes()", () => {
  test("encodeAttributes() writes length, type, payload and zeros up to a multiple of 4", () => {
    expect(Buffer.from(encodeAttributes([textAttribute(3, "can0"), u32Attribute(4, 72)])).toString("hex")).toBe(
      "0900030063616e3000000000" + "0800040048000000",
    );
  });

  test("encodeAttributes() marks a nest when an attribute holds others", () => {
    const nested = [{ type: 18, value: [textAttribute(1, "vcan")] }];
    expect(Buffer.from(encodeAttributes(nested)).toString("hex")).toBe("10001280" + "090001007663616e00000000");
  });

  test("encodeAttributes() refuses a payload that is too long for its length field", () => {
    expect(() => encodeAttributes([{ type: 1, value: new Uint8Array(0xfffc) }])).toThrow(RangeError);
    expect(encodeAttributes([{ type: 1, value: new Uint8Array(0xfffb) }])).toHaveLength(0x1_0000);
  });
});

describe("AttributeSet", () => {
  test("AttributeSet reads what encodeAttributes() wrote when it is given any attributes", () => {
    fc.assert(
      fc.property(fc.uniqueArray(leaf, { selector: ({ type }) => type }), (attributes) => {
        const set = new AttributeSet(encodeAttributes(attributes));
        for (const { type, value } of attributes) expect(set.bytes(type)).toEqual(value);
        expect(set.has(0x3fff)).toBe(attributes.some(({ type }) => type === 0x3fff));
      }),
    );
  });

  test("AttributeSet reads nests, numbers and texts", () => {
    const inner: Attribute[] = [textAttribute(1, "käse"), u32Attribute(2, 0xffff_fffe)];
    const info = new AttributeSet(encodeAttributes([{ type: 18, value: inner }])).nest(18);
    expect(info?.text(1)).toBe("käse");
    expect(info?.u32(2)).toBe(0xffff_fffe);
    expect(info?.u16(2)).toBe(0xfffe);
    expect(info?.u8(2)).toBe(0xfe);
    expect(info?.nest(3)).toBeUndefined();
  });

  test("AttributeSet ends with the bytes or with ERR_DECODE when they are of a hostile sender", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => {
        try {
          new AttributeSet(bytes);
        } catch (error) {
          expect(error).toMatchObject({ code: "ERR_DECODE" });
        }
      }),
    );
  });

  const refused: readonly [string, string][] = [
    ["a length below the header's", "0300010000000000"],
    ["a length of 0", "0000010000000000"],
    ["a length beyond the end", "0c00010000000000"],
    ["bytes behind the last attribute", "040001000000"],
  ];
  test.each(refused)("AttributeSet refuses %s", (_, hex) => {
    expect(() => new AttributeSet(Buffer.from(hex, "hex"))).toThrow(/netlink: found/);
  });

  test("AttributeSet refuses a number that is shorter than asked for", () => {
    const set = new AttributeSet(encodeAttributes([{ type: 1, value: Uint8Array.of(1, 2) }]));
    expect(set.u16(1)).toBe(0x201);
    expect(() => set.u32(1)).toThrow(/attribute 1 of 2 bytes instead of 4/);
  });
});

test("align() gives the next multiple of 4", () => {
  expect([0, 1, 4, 5, 7].map(align)).toEqual([0, 4, 4, 8, 8]);
});
