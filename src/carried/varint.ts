/** Bytes of the longest number, which has 28 bits. */
export const MAX_VARINT_BYTES = 4;

/** Where a number ends, and what it is. */
export interface Varint {
  readonly value: number;
  readonly end: number;
}

/** Writes a number below 2^28, seven bits a byte, the low ones first; gives where it ends. */
export function writeVarint(bytes: Uint8Array, offset: number, value: number): number {
  let at = offset;
  let rest = value;
  while (rest > 0x7f) {
    bytes[at++] = (rest & 0x7f) | 0x80;
    rest >>>= 7;
  }
  bytes[at++] = rest;
  return at;
}

/**
 * Reads a number.
 *
 * @param byteAt gives the byte at an offset, undefined beyond the end.
 * @returns `"short"` if the end comes first, `"long"` if it has more than {@link MAX_VARINT_BYTES} bytes.
 */
export function readVarint(byteAt: (offset: number) => number | undefined, offset: number): Varint | "short" | "long" {
  let value = 0;
  for (let index = 0; index < MAX_VARINT_BYTES; index++) {
    const byte = byteAt(offset + index);
    if (byte === undefined) return "short";
    value |= (byte & 0x7f) << (7 * index);
    if (byte < 0x80) return { value, end: offset + index + 1 };
  }
  return "long";
}
