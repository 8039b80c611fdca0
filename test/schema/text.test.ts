import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { fixedText, struct, text, u8 } from "../../src/schema/index.js";
import { getUtf8, putUtf8, Utf8Fault } from "../../src/schema/utf8.js";

function viewOf(...bytes: readonly number[]): DataView {
  return new DataView(Uint8Array.from(bytes).buffer);
}

describe("putUtf8()", () => {
  test("putUtf8() writes what TextEncoder does when the text is well-formed", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary", maxLength: 60 }), (value) => {
        const expected = new TextEncoder().encode(value);
        const bytes = new Uint8Array(expected.length + 2);
        const view = new DataView(bytes.buffer);
        expect(putUtf8(view, 1, expected.length, value, true)).toBe(expected.length);
        expect(bytes).toEqual(Uint8Array.of(0, ...expected, 0));
        expect(getUtf8(view, 1, expected.length, false)).toBe(value);
        if (expected.length > 0) expect(putUtf8(view, 1, expected.length - 1, value, true)).toBe(Utf8Fault.LONG);
      }),
    );
  });

  test.each(["\ud800", "a\udc00", "\ud800a", "\udc00\ud800", "\ud800\ud800\udc00"])(
    "putUtf8() gives SURROGATE when the text is %j",
    (value) => {
      expect(putUtf8(new DataView(new ArrayBuffer(16)), 0, 16, value, true)).toBe(Utf8Fault.SURROGATE);
    },
  );
});

describe("getUtf8()", () => {
  test("getUtf8() gives what a fatal TextDecoder does when bytes are random", () => {
    const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
    const likely = fc.constantFrom(0x41, 0x80, 0xbf, 0xc2, 0xc3, 0xe2, 0x82, 0xac, 0xf0, 0x9f, 0x98, 0xed, 0xa0, 0xff);
    fc.assert(
      fc.property(fc.array(fc.oneof(likely, fc.nat(255)), { maxLength: 40 }), (bytes) => {
        let expected: string | undefined;
        try {
          expected = decoder.decode(Uint8Array.from(bytes));
        } catch {
          expected = undefined;
        }
        expect(getUtf8(viewOf(...bytes), 0, bytes.length, false)).toBe(expected);
      }),
      { numRuns: 500 },
    );
  });
});

describe("text()", () => {
  test.each([
    ["", [0, 0]],
    ["abc", [3, 0, 97, 98, 99]],
    ["a\0b", [3, 0, 97, 0, 98]],
    ["ä€", [5, 0, 0xc3, 0xa4, 0xe2, 0x82, 0xac]],
    ["\ufeffx", [4, 0, 0xef, 0xbb, 0xbf, 120]],
    ["😀", [4, 0, 0xf0, 0x9f, 0x98, 0x80]],
  ])("text() keeps %j when it is encoded and decoded", (value, bytes) => {
    const T = struct("T", { v: text(8) });
    const view = new DataView(new ArrayBuffer(T.size));
    const used = T.codec.encode({ v: value }, view, 0);
    expect([...new Uint8Array(view.buffer, 0, used)]).toEqual(bytes);
    expect(T.codec.decode(view, 0, used)).toEqual({ v: value });
  });

  test.each([
    ["123456789", RangeError, "wanted a text of up to 8 bytes, found 9"],
    ["€€€", RangeError, "wanted a text of up to 8 bytes, found 9"],
    ["\ud800", RangeError, "wanted well-formed text, found half of a surrogate pair"],
    [5, TypeError, "wanted a text of up to 8 bytes, found 5"],
    [undefined, TypeError, "wanted a text of up to 8 bytes, found nothing"],
  ])("text() throws when the value is %j", (value, Class, message) => {
    const T = struct("T", { v: text(8), end: u8 });
    const run = (): number => T.codec.encode({ v: value as string, end: 1 }, new DataView(new ArrayBuffer(12)), 0);
    expect(run).toThrow(Class);
    expect(run).toThrow(`Cannot encode T.v: ${message}`);
  });

  test("text() throws ERR_DECODE when the bytes are no UTF-8", () => {
    const T = struct("T", { v: text(8) });
    const run = (): unknown => T.codec.decode(viewOf(2, 0, 0xc3, 0x28), 0, 4);
    expect(run).toThrow("Cannot decode T.v: wanted UTF-8, found bytes that are not");
    expect(run).toThrow(expect.objectContaining({ code: "ERR_DECODE" }));
  });

  test("text() keeps long text when it is mixed with other scripts", () => {
    const T = struct("T", { v: text(4000) });
    const view = new DataView(new ArrayBuffer(T.size));
    for (const v of ["a".repeat(4000), "é".repeat(2000), `${"a".repeat(100)}€`, "a".repeat(25)]) {
      expect(T.codec.decode(view, 0, T.codec.encode({ v }, view, 0))).toEqual({ v });
    }
  });
});

describe("fixedText()", () => {
  const T = struct("T", { v: fixedText(4), end: u8 });

  test.each([
    ["", [0, 0, 0, 0, 1]],
    ["ab", [97, 98, 0, 0, 1]],
    ["abcd", [97, 98, 99, 100, 1]],
    ["€", [0xe2, 0x82, 0xac, 0, 1]],
  ])("fixedText() pads %j with NUL when it is encoded", (value, bytes) => {
    const all = new Uint8Array(5).fill(0xff);
    const view = new DataView(all.buffer);
    T.codec.encode({ v: value, end: 1 }, view, 0);
    expect([...all]).toEqual(bytes);
    expect(T.codec.decode(view, 0, 5)).toEqual({ v: value, end: 1 });
  });

  test("fixedText() ignores what follows the first NUL when it is decoded", () => {
    expect(T.codec.decode(viewOf(97, 0, 0xff, 98, 1), 0, 5)).toEqual({ v: "a", end: 1 });
    expect(T.codec.decode(viewOf(0xc3, 0xa4, 0, 0xff, 1), 0, 5)).toEqual({ v: "ä", end: 1 });
    expect(() => T.codec.decode(viewOf(97, 0xff, 0, 0, 1), 0, 5)).toThrow("wanted UTF-8");
  });

  test("fixedText() throws RangeError when the text is too long or holds NUL", () => {
    const view = new DataView(new ArrayBuffer(5));
    expect(() => T.codec.encode({ v: "abcde", end: 1 }, view, 0)).toThrow("a text of up to 4 bytes, found 5");
    expect(() => T.codec.encode({ v: "a\0", end: 1 }, view, 0)).toThrow("wanted a text without NUL, found one");
  });

  test("fixedText() and text() throw when the count does not fit", () => {
    for (const make of [text, fixedText]) {
      for (const count of [0, -1, 1.5, Number.NaN, 2 ** 30 + 1]) expect(() => make(count)).toThrow(RangeError);
      expect(() => make("1" as never)).toThrow(TypeError);
    }
  });
});
