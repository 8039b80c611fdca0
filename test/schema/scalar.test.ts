import { describe, expect, test } from "vitest";
import { isIntercellError } from "../../src/errors.js";
import { compileStruct } from "../../src/schema/compile.js";
import { interpretStruct } from "../../src/schema/engine.js";
import { struct } from "../../src/schema/struct.js";
import type { Scalar } from "../../src/schema/type.js";
import { allScalars } from "./arbitrary.js";

/** Each scalar's values at its limits, with their bytes in hexadecimal. */
const boundaries: readonly (readonly [scalar: string, value: unknown, hex: string])[] = [
  ["u8", 0, "00"],
  ["u8", 255, "ff"],
  ["u16", 0x1234, "3412"],
  ["u16", 0xffff, "ffff"],
  ["u32", 0x12345678, "78563412"],
  ["u32", 0xffffffff, "ffffffff"],
  ["u64", 0x0123456789abcdefn, "efcdab8967452301"],
  ["u64", 2n ** 64n - 1n, "ffffffffffffffff"],
  ["i8", -128, "80"],
  ["i8", 127, "7f"],
  ["i16", -32768, "0080"],
  ["i16", 32767, "ff7f"],
  ["i32", -(2 ** 31), "00000080"],
  ["i32", 2 ** 31 - 1, "ffffff7f"],
  ["i64", -(2n ** 63n), "0000000000000080"],
  ["i64", 2n ** 63n - 1n, "ffffffffffffff7f"],
  ["f32", 1.5, "0000c03f"],
  ["f32", 3.4028234663852886e38, "ffff7f7f"],
  ["f32", Number.NEGATIVE_INFINITY, "000080ff"],
  ["f32", -0, "00000080"],
  ["f64", 1.5, "000000000000f83f"],
  ["f64", Number.MAX_VALUE, "ffffffffffffef7f"],
  ["f64", Number.MIN_VALUE, "0100000000000000"],
  ["f64", -0, "0000000000000080"],
  ["bool", true, "01"],
  ["bool", false, "00"],
  ["u64AsNumber", 0, "0000000000000000"],
  ["u64AsNumber", 2 ** 32, "0000000001000000"],
  ["u64AsNumber", Number.MAX_SAFE_INTEGER, "ffffffffffff1f00"],
  ["i64AsNumber", -1, "ffffffffffffffff"],
  ["i64AsNumber", -(2 ** 32), "00000000ffffffff"],
  ["i64AsNumber", Number.MIN_SAFE_INTEGER, "010000000000e0ff"],
  ["i64AsNumber", Number.MAX_SAFE_INTEGER, "ffffffffffff1f00"],
];

/** Values that a scalar must refuse. */
const misfits: Readonly<Record<string, readonly unknown[]>> = {
  u8: [-1, 256, 1.5, Number.NaN, Number.POSITIVE_INFINITY, 1n, "1", true, null, undefined, [1], {}],
  u16: [-1, 65536, 0.1, 1n, "1"],
  u32: [-1, 2 ** 32, 2 ** 53, 0.5, Number.NaN, 1n, "1"],
  u64: [-1n, 2n ** 64n, 1, "1", undefined],
  i8: [-129, 128, 1.5, 1n],
  i16: [-32769, 32768, 1.5, 1n],
  i32: [-(2 ** 31) - 1, 2 ** 31, 1.5, Number.NaN, 1n],
  i64: [-(2n ** 63n) - 1n, 2n ** 63n, 1],
  f32: [1e39, -1e39, Number.MAX_VALUE, 1n, "1", undefined],
  f64: [1n, "1", null, undefined, new Date(0)],
  bool: [0, 1, "true", null, undefined],
  u64AsNumber: [-1, 2 ** 53, 0.5, Number.NaN, Number.POSITIVE_INFINITY, 1n, "1"],
  i64AsNumber: [2 ** 53, -(2 ** 53), 0.5, 1n, undefined],
};

/** Bytes that hold no value of a scalar. */
const badBytes: readonly (readonly [scalar: string, hex: string])[] = [
  ["bool", "02"],
  ["bool", "ff"],
  ["u64AsNumber", "0000000000002000"],
  ["u64AsNumber", "0100000000002000"],
  ["u64AsNumber", "ffffffffffffffff"],
  ["i64AsNumber", "0000000000002000"],
  ["i64AsNumber", "000000000000e0ff"],
  ["i64AsNumber", "0000000000000080"],
];

const engines = [
  ["compileStruct()", compileStruct],
  ["interpretStruct()", interpretStruct],
] as const;

describe.each(engines)("%s of a scalar", (_name, make) => {
  const engineOf = (name: string): ReturnType<typeof make<unknown>> =>
    make<unknown>(struct("T", { v: allScalars[name] as Scalar }));

  test.each(boundaries)("encode() and decode() hold %s %s to %s when it is at a limit", (name, value, hex) => {
    const bytes = Buffer.alloc(hex.length / 2);
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    expect(engineOf(name).encode({ v: value }, view, 0)).toBe(bytes.length);
    expect(bytes.toString("hex")).toBe(hex);
    expect(engineOf(name).decode(view, 0, bytes.length)).toEqual({ v: value });
  });

  test.each(Object.keys(misfits))(
    "encode() throws an error that names the path when a value does not fit %s",
    (name) => {
      const view = new DataView(new ArrayBuffer(8));
      for (const value of misfits[name] ?? []) {
        const run = (): number => engineOf(name).encode({ v: value }, view, 0);
        const numeric = typeof value === "number" || typeof value === "bigint";
        expect(run, String(value)).toThrow(/^Cannot encode T\.v: wanted .*, found /);
        if (!numeric) expect(run).toThrow(TypeError);
      }
    },
  );

  test.each(badBytes)("decode() throws ERR_DECODE when the bytes of %s are %s", (name, hex) => {
    const bytes = Uint8Array.from(Buffer.from(hex, "hex"));
    try {
      engineOf(name).decode(new DataView(bytes.buffer), 0, bytes.length);
      expect.unreachable();
    } catch (error) {
      expect(isIntercellError(error, "ERR_DECODE"), String(error)).toBe(true);
    }
  });

  test("encode() writes 0 when an integer is -0", () => {
    const view = new DataView(new ArrayBuffer(8));
    for (const name of ["u8", "u16", "u32", "i8", "i16", "i32", "u64AsNumber", "i64AsNumber"]) {
      const used = engineOf(name).encode({ v: -0 }, view, 0);
      expect(engineOf(name).decode(view, 0, used), name).toEqual({ v: 0 });
    }
  });

  test("encode() rounds to single precision when a number has more", () => {
    const view = new DataView(new ArrayBuffer(4));
    engineOf("f32").encode({ v: 0.1 }, view, 0);
    expect(engineOf("f32").decode(view, 0, 4)).toEqual({ v: Math.fround(0.1) });
  });
});
