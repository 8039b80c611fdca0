import { type Refusal, wrongType, wrongValue } from "./refusal.js";
import { type Scalar, type ScalarWire, seal } from "./type.js";

const sizes: Readonly<Record<ScalarWire, number>> = {
  u8: 1,
  u16: 2,
  u32: 4,
  u64: 8,
  i8: 1,
  i16: 2,
  i32: 4,
  i64: 8,
  f32: 4,
  f64: 8,
  bool: 1,
};

/** Unsigned integer of 8 bits. */
export const u8: Scalar<number, "u8"> = scalar("u8");
/** Unsigned integer of 16 bits. */
export const u16: Scalar<number, "u16"> = scalar("u16");
/** Unsigned integer of 32 bits. */
export const u32: Scalar<number, "u32"> = scalar("u32");
/** Unsigned integer of 64 bits, as a bigint. */
export const u64: Scalar<bigint, "u64"> = scalar("u64");
/** Signed integer of 8 bits. */
export const i8: Scalar<number, "i8"> = scalar("i8");
/** Signed integer of 16 bits. */
export const i16: Scalar<number, "i16"> = scalar("i16");
/** Signed integer of 32 bits. */
export const i32: Scalar<number, "i32"> = scalar("i32");
/** Signed integer of 64 bits, as a bigint. */
export const i64: Scalar<bigint, "i64"> = scalar("i64");
/** IEEE 754 single precision. A finite number beyond its range is refused; others are rounded. */
export const f32: Scalar<number, "f32"> = scalar("f32");
/** IEEE 754 double precision. */
export const f64: Scalar<number, "f64"> = scalar("f64");
/** One byte, 0 or 1. */
export const bool: Scalar<boolean, "bool"> = scalar("bool");
/** Unsigned integer of 64 bits, as a safe JavaScript number: 0 to 2^53 - 1. On the wire it is {@link u64}. */
export const u64AsNumber: Scalar<number, "u64"> = scalar("u64", true);
/** Signed integer of 64 bits, as a safe JavaScript number: within ±(2^53 - 1). On the wire it is {@link i64}. */
export const i64AsNumber: Scalar<number, "i64"> = scalar("i64", true);

/** The least and greatest integer that a scalar holds, as its values are; undefined for floats and booleans. */
export function integerRange(type: Scalar): Range | undefined {
  if (type.wire === "f32" || type.wire === "f64" || type.wire === "bool") return undefined;
  return type.asNumber ? safeRanges[type.wire] : ranges[type.wire];
}

/** Why `value` does not fit a scalar, or undefined if it does. */
export function refuseScalar(type: Scalar, value: unknown): Refusal | undefined {
  if (type.wire === "bool") return typeof value === "boolean" ? undefined : wrongType("a boolean", value);
  if (type.wire === "f64") return typeof value === "number" ? undefined : wrongType("a number", value);
  if (type.wire === "f32") {
    if (typeof value !== "number") return wrongType("a number", value);
    const overflows = Number.isFinite(value) && !Number.isFinite(Math.fround(value));
    return overflows ? wrongValue("a number within single precision", value) : undefined;
  }
  const range = type.asNumber ? safeRanges[type.wire] : ranges[type.wire];
  const least = range[0];
  const greatest = range[1];
  if (typeof value === typeof least) {
    const inRange = (value as number) >= least && (value as number) <= greatest;
    if (inRange && (typeof value === "bigint" || Number.isInteger(value))) return undefined;
  }
  const wanted = `${typeof least === "bigint" ? "a bigint" : "an integer"} from ${least} to ${greatest} (${type.wire})`;
  return typeof value === typeof least ? wrongValue(wanted, value) : wrongType(wanted, value);
}

type IntegerWire = Exclude<ScalarWire, "f32" | "f64" | "bool">;
type Range = readonly [least: number, greatest: number] | readonly [least: bigint, greatest: bigint];

const ranges: Readonly<Record<IntegerWire, Range>> = {
  u8: [0, 0xff],
  u16: [0, 0xffff],
  u32: [0, 0xffff_ffff],
  u64: [0n, 2n ** 64n - 1n],
  i8: [-0x80, 0x7f],
  i16: [-0x8000, 0x7fff],
  i32: [-0x8000_0000, 0x7fff_ffff],
  i64: [-(2n ** 63n), 2n ** 63n - 1n],
};

const safeRanges: Readonly<Record<IntegerWire, Range>> = {
  ...ranges,
  u64: [0, Number.MAX_SAFE_INTEGER],
  i64: [Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER],
};

function scalar<T extends number | bigint | boolean, W extends ScalarWire>(wire: W, asNumber = false): Scalar<T, W> {
  return seal({ kind: "scalar", wire, asNumber, size: sizes[wire], align: sizes[wire], depth: 0 });
}
