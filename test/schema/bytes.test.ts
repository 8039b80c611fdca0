import { runInNewContext } from "node:vm";
import { describe, expect, test } from "vitest";
import { bytes, fixedBytes, struct, u8 } from "../../src/schema/index.js";

function message(size: number, fill: number): { readonly all: Uint8Array; readonly view: DataView } {
  const all = new Uint8Array(size).fill(fill);
  return { all, view: new DataView(all.buffer) };
}

describe("fixedBytes()", () => {
  test.each([[1], [16], [200]])("fixedBytes() takes exactly %i bytes when values are encoded", (length) => {
    const T = struct("T", { v: fixedBytes(length) });
    const { all, view } = message(length + 2, 0xa5);
    const value = Uint8Array.from({ length }, (_, i) => i);
    expect(T.codec.encode({ v: Buffer.from(value) }, view, 1)).toBe(length);
    expect(T.codec.decode(view, 1, length)).toEqual({ v: value });
    expect([all[0], all.at(-1)]).toEqual([0xa5, 0xa5]);
    expect(() => T.codec.encode({ v: value.subarray(1) }, view, 1)).toThrow(RangeError);
    expect(() => T.codec.encode({ v: new Uint8Array(length + 1) }, view, 1)).toThrow(RangeError);
  });

  test("fixedBytes() takes a Uint8Array alone when values are encoded", () => {
    const T = struct("T", { v: fixedBytes(2) });
    const { view } = message(2, 0);
    for (const v of [[1, 2], "ab", new Uint16Array(1), new Uint8ClampedArray(2), new ArrayBuffer(2), undefined]) {
      expect(() => T.codec.encode({ v: v as never }, view, 0)).toThrow(TypeError);
    }
    expect(T.codec.encode({ v: runInNewContext("new Uint8Array(2)") }, view, 0)).toBe(2);
  });
});

describe("bytes()", () => {
  test.each([
    [1, 2, 4],
    [64, 2, 66],
    [65, 2, 68],
    [65535, 2, 65538],
    [65536, 4, 65540],
    [65537, 4, 65544],
  ])("bytes() has the prefix and size of its C struct when max is %i", (max, prefix, size) => {
    expect(bytes(max)).toMatchObject({ kind: "bytes", max, prefix, size, align: prefix });
  });

  test("bytes() writes zero after the used bytes when it is not last", () => {
    const T = struct("T", { v: bytes(5), end: u8 });
    const { all, view } = message(10, 0xff);
    expect(T.codec.encode({ v: Uint8Array.of(1, 2), end: 7 }, view, 0)).toBe(10);
    expect([...all]).toEqual([2, 0, 1, 2, 0, 0, 0, 0, 7, 0]);
  });

  test("bytes() decodes to bytes of their own when the message lies in shared memory", () => {
    const T = struct("T", { v: bytes(300), end: u8 });
    const view = new DataView(new SharedArrayBuffer(T.size));
    for (const length of [0, 3, 300]) {
      T.codec.encode({ v: new Uint8Array(length).fill(1), end: 7 }, view, 0);
      const { v } = T.codec.decode(view, 0, T.size);
      view.setUint8(2, 9);
      expect(v).toEqual(new Uint8Array(length).fill(1));
      expect(v.buffer).toBeInstanceOf(ArrayBuffer);
    }
  });

  test("bytes() throws ERR_DECODE when the length is over max", () => {
    const T = struct("T", { v: bytes(5), end: u8 });
    const { view } = message(10, 0);
    view.setUint16(0, 6, true);
    expect(() => T.codec.decode(view, 0, 10)).toThrow("Cannot decode T.v: wanted up to 5 bytes, found a length of 6");
    const Large = struct("Large", { v: bytes(70000) });
    const large = new DataView(new ArrayBuffer(Large.size));
    large.setUint32(0, 0xffff_ffff, true);
    expect(() => Large.codec.decode(large, 0, Large.size)).toThrow(expect.objectContaining({ code: "ERR_DECODE" }));
  });

  test("bytes() and fixedBytes() throw when the count does not fit", () => {
    for (const make of [bytes, fixedBytes]) {
      for (const count of [0, -1, 1.5, Number.NaN, 2 ** 30 + 1]) expect(() => make(count)).toThrow(RangeError);
      expect(() => make("1" as never)).toThrow(TypeError);
    }
    expect(() => bytes(2 ** 30)).toThrow(RangeError);
  });
});
