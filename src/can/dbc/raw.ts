import type { DbcSignalType } from "./model.js";
import type { Segment } from "./segment.js";

const TWO_32 = 2 ** 32;

/** Where halves become a 64-bit integer or a float, and the other way round. Nothing stays in it. */
export const scratch: DataView = new DataView(new ArrayBuffer(8));

/** How the bits of a signal are a raw value. */
export interface RawShape {
  readonly type: DbcSignalType;
  readonly lengthBits: number;
  readonly segments: readonly Segment[];
  /** Whether the raw value is a bigint: an integer of more than 53 bits. */
  readonly isBig: boolean;
}

/** Most bits of an integer that is a number. */
export const MAX_NUMBER_BITS = 53;

/** Reads the raw value of a signal, all of whose bytes are there. */
export function readRaw(shape: RawShape, data: Uint8Array): number | bigint {
  let low = 0;
  let high = 0;
  for (const { byte, shift, widthBits, position } of shape.segments) {
    const bits = ((data[byte] as number) >>> shift) & ((1 << widthBits) - 1);
    if (position < 32) low |= bits << position;
    else high |= bits << (position - 32);
  }
  return joinHalves(shape, low, high);
}

function joinHalves({ type, lengthBits, isBig }: RawShape, low: number, high: number): number | bigint {
  if (type === "float32" || type === "float64" || isBig) {
    const extended = type === "signed" ? extendSign(high, lengthBits - 32) : high;
    scratch.setInt32(0, low, true);
    scratch.setInt32(4, extended, true);
    if (type === "float32") return scratch.getFloat32(0, true);
    if (type === "float64") return scratch.getFloat64(0, true);
    return type === "signed" ? scratch.getBigInt64(0, true) : scratch.getBigUint64(0, true);
  }
  if (lengthBits <= 32) return type === "signed" ? extendSign(low, lengthBits) : low >>> 0;
  const upper = type === "signed" ? extendSign(high, lengthBits - 32) : high;
  return upper * TWO_32 + (low >>> 0);
}

/** The lowest bits of a word as a signed integer. */
function extendSign(word: number, lengthBits: number): number {
  const unused = 32 - lengthBits;
  return (word << unused) >> unused;
}

/** Writes the raw value of a signal, which fits, and leaves all other bits as they are. */
export function writeRaw(shape: RawShape, raw: number | bigint, data: Uint8Array): void {
  splitHalves(shape, raw);
  const low = scratch.getInt32(0, true);
  const high = scratch.getInt32(4, true);
  for (const { byte, shift, widthBits, position } of shape.segments) {
    const mask = (1 << widthBits) - 1;
    const bits = (position < 32 ? low >>> position : high >>> (position - 32)) & mask;
    data[byte] = ((data[byte] as number) & ~(mask << shift)) | (bits << shift);
  }
}

/** Puts a raw value into {@link scratch}, low half first. */
export function splitHalves({ type }: RawShape, raw: number | bigint): void {
  if (typeof raw === "bigint") scratch.setBigUint64(0, BigInt.asUintN(64, raw), true);
  else if (type === "float32") scratch.setFloat32(0, raw, true);
  else if (type === "float64") scratch.setFloat64(0, raw, true);
  else {
    // Both halves are exact: the first is taken modulo 2^32, and 2^32 divides exactly.
    scratch.setInt32(0, raw | 0, true);
    scratch.setInt32(4, Math.floor(raw / TWO_32) | 0, true);
  }
}
