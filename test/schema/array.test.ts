import { runInNewContext } from "node:vm";
import { describe, expect, test } from "vitest";
import { array, bool, f64, i16, struct, typedArray, u8, u16, u64, u64AsNumber } from "../../src/schema/index.js";

const view = new DataView(new ArrayBuffer(64));

describe("array()", () => {
  test("array() lays out the last index fastest when it is nested", () => {
    const T = struct("T", { v: array(array(u8, 3), 2) });
    const rows = [
      [1, 2, 3],
      [4, 5, 6],
    ];
    T.codec.encode({ v: rows }, view, 0);
    expect([...new Uint8Array(view.buffer, 0, 6)]).toEqual([1, 2, 3, 4, 5, 6]);
  });

  test("array() names every index when a value deep inside does not fit", () => {
    const T = struct("T", { v: array(struct("P", { x: array(i16, 2) }), 2) });
    const value = { v: [{ x: [1, 2] }, { x: [3, 40000] }] };
    expect(() => T.codec.encode(value, view, 0)).toThrow("Cannot encode T.v[1].x[1]: wanted an integer from -32768");
  });

  test("array() refuses holes and other things when values are encoded", () => {
    const T = struct("T", { v: array(u8, 2) });
    for (const v of [new Array(2), Uint8Array.of(1, 2), "ab", { length: 2 }, null, undefined]) {
      expect(() => T.codec.encode({ v: v as never }, view, 0)).toThrow(TypeError);
    }
  });

  test.each([
    [u8, 0, RangeError],
    [u8, -1, RangeError],
    [u8, 1.5, RangeError],
    [u8, "2", TypeError],
    [u8, 2 ** 30 + 1, RangeError],
    [u16, 2 ** 30, RangeError],
    [struct("Nothing", {}), 1, TypeError],
    [{ kind: "scalar", wire: "u8", size: 1, align: 1 }, 1, TypeError],
    [undefined, 1, TypeError],
  ])("array() throws when its element or length does not fit (case %#)", (element, length, Class) => {
    expect(() => array(element as never, length as never)).toThrow(Class);
  });

  test("array() throws RangeError when it is more than 32 levels deep", () => {
    let type: ReturnType<typeof array> = array(u8, 1);
    for (let depth = 2; depth <= 32; depth++) type = array(type, 1);
    expect(type.depth).toBe(32);
    expect(() => array(type, 1)).toThrow(RangeError);
  });
});

describe("typedArray()", () => {
  test("typedArray() has the wire, but not the values, of array() when both hold the same numbers", () => {
    const Plain = struct("T", { a: u8, v: array(f64, 3) });
    const Typed = struct("T", { a: u8, v: typedArray(f64, 3) });
    expect(Typed.hash).toBe(Plain.hash);
    Plain.codec.encode({ a: 1, v: [0.5, -0, 1e300] }, view, 0);
    expect(Typed.codec.decode(view, 0, 32)).toEqual({ a: 1, v: Float64Array.of(0.5, -0, 1e300) });
    Typed.codec.encode({ a: 2, v: new Float64Array([9, 8, 7, 6]).subarray(1) }, view, 0);
    expect(Plain.codec.decode(view, 0, 32)).toEqual({ a: 2, v: [8, 7, 6] });
  });

  test("typedArray() takes its class and length alone when values are encoded", () => {
    const T = struct("T", { v: typedArray(u64, 2) });
    for (const v of [new BigUint64Array(1), new BigInt64Array(2), [1n, 2n], new Uint8Array(16), view, undefined]) {
      expect(() => T.codec.encode({ v: v as never }, view, 0)).toThrow(/T\.v: wanted a BigUint64Array of 2, found/);
    }
    const foreign = runInNewContext("new BigUint64Array([3n, 4n])");
    T.codec.encode({ v: foreign }, view, 0);
    expect(T.codec.decode(view, 0, 16)).toEqual({ v: BigUint64Array.of(3n, 4n) });
  });

  test("typedArray() gives values of their own when they are decoded", () => {
    const T = struct("T", { v: typedArray(u8, 2) });
    view.setUint16(0, 0);
    const { v } = T.codec.decode(view, 0, 2);
    view.setUint8(0, 9);
    expect(v).toEqual(Uint8Array.of(0, 0));
    expect(v.buffer).not.toBe(view.buffer);
  });

  test.each([[bool], [u64AsNumber], [array(u8, 2)], [undefined]])(
    "typedArray() throws TypeError when its element is no number type (case %#)",
    (element) => {
      expect(() => typedArray(element as never, 2)).toThrow(TypeError);
    },
  );
});
