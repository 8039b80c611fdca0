import type { DbcSignal } from "./model.js";

/** Most bits of a signal that has a value. */
export const MAX_SIGNAL_BITS = 64;

/** Bits of a signal that lie together in one byte, and in one half of the raw value. */
export interface Segment {
  /** Of the payload. */
  readonly byte: number;
  /** Of the lowest bit in its byte. */
  readonly shift: number;
  readonly widthBits: number;
  /** Of the lowest bit in the raw value. */
  readonly position: number;
}

const HALF_BITS = 32;

/**
 * Where the bits of a signal lie, from the least significant on.
 *
 * Little-endian: the start bit is the least significant, and the others follow in the numbering of the file. Big-endian:
 * it is the most significant, and the signal is the string of bits from there on in the order of the wire, most
 * significant bit of each byte first; bit b has the place 8 · ⌊b/8⌋ + 7 - b mod 8 in it.
 */
export function segmentsOf({ startBit, lengthBits, byteOrder }: BitField): readonly Segment[] {
  const segments: Segment[] = [];
  const lastPlace = wirePlace(startBit) + lengthBits - 1;
  for (let position = 0; position < lengthBits; ) {
    const bit = byteOrder === "little" ? startBit + position : wirePlace(lastPlace - position);
    const shift = bit & 7;
    const half = position < HALF_BITS ? HALF_BITS : 2 * HALF_BITS;
    const widthBits = Math.min(8 - shift, lengthBits - position, half - position);
    segments.push({ byte: bit >>> 3, shift, widthBits, position });
    position += widthBits;
  }
  return segments;
}

/** What says where the bits of a signal are. */
export type BitField = Pick<DbcSignal, "startBit" | "lengthBits" | "byteOrder">;

/** Place on the wire of a bit by its number in the file, and the other way round. */
function wirePlace(bit: number): number {
  return (bit & ~7) + 7 - (bit & 7);
}

/** Bytes that a payload must have for a signal to lie in it. */
export function bytesNeeded({ startBit, lengthBits, byteOrder }: BitField): number {
  const first = byteOrder === "little" ? startBit : wirePlace(startBit);
  return Math.ceil((first + lengthBits) / 8);
}
