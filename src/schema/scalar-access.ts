import { Refusal } from "./refusal.js";
import type { Scalar, ScalarWire } from "./type.js";

const TWO_32 = 2 ** 32;

/** Reads one scalar in place; throws a Refusal if the bytes hold none. */
export type ScalarReader = (view: DataView, at: number) => number | bigint | boolean;

/** Writes one scalar that was checked. */
export type ScalarWriter = (view: DataView, at: number, value: never) => void;

const readers: Readonly<Record<ScalarWire, ScalarReader>> = {
  u8: (view, at) => view.getUint8(at),
  u16: (view, at) => view.getUint16(at, true),
  u32: (view, at) => view.getUint32(at, true),
  u64: (view, at) => view.getBigUint64(at, true),
  i8: (view, at) => view.getInt8(at),
  i16: (view, at) => view.getInt16(at, true),
  i32: (view, at) => view.getInt32(at, true),
  i64: (view, at) => view.getBigInt64(at, true),
  f32: (view, at) => view.getFloat32(at, true),
  f64: (view, at) => view.getFloat64(at, true),
  bool: (view, at) => {
    const byte = view.getUint8(at);
    if (byte > 1) throw new Refusal(`wanted a boolean (0 or 1), found ${byte}`, false);
    return byte === 1;
  },
};

const writers: Readonly<Record<ScalarWire, ScalarWriter>> = {
  u8: (view, at, value) => view.setUint8(at, value),
  u16: (view, at, value) => view.setUint16(at, value, true),
  u32: (view, at, value) => view.setUint32(at, value, true),
  u64: (view, at, value) => view.setBigUint64(at, value, true),
  i8: (view, at, value) => view.setInt8(at, value),
  i16: (view, at, value) => view.setInt16(at, value, true),
  i32: (view, at, value) => view.setInt32(at, value, true),
  i64: (view, at, value) => view.setBigInt64(at, value, true),
  f32: (view, at, value) => view.setFloat32(at, value, true),
  f64: (view, at, value) => view.setFloat64(at, value, true),
  bool: (view, at, value) => view.setUint8(at, value ? 1 : 0),
};

/** Writes a 64-bit integer, signed or not, from a safe number. Both halves are exact as 2^32 divides exactly. */
function writeSafe(view: DataView, at: number, value: number): void {
  view.setUint32(at, value >>> 0, true);
  view.setInt32(at + 4, Math.floor(value / TWO_32), true);
}

function readSafeUnsigned(view: DataView, at: number): number {
  const low = view.getUint32(at, true);
  return requireSafe(view.getUint32(at + 4, true) * TWO_32 + low);
}

function readSafeSigned(view: DataView, at: number): number {
  const low = view.getUint32(at, true);
  return requireSafe(view.getInt32(at + 4, true) * TWO_32 + low);
}

/** Sums of halves beyond the safe range are rounded, but never back into it. */
function requireSafe(value: number): number {
  if (Number.isSafeInteger(value)) return value;
  throw new Refusal(`wanted a safe integer (within 2^53 - 1), found about ${value}`, false);
}

/** The reader of a scalar. */
export function scalarReader(type: Scalar): ScalarReader {
  if (type.asNumber) return type.wire === "u64" ? readSafeUnsigned : readSafeSigned;
  return readers[type.wire];
}

/** The writer of a scalar. */
export function scalarWriter(type: Scalar): ScalarWriter {
  return type.asNumber ? writeSafe : writers[type.wire];
}
