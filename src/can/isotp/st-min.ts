/** Longest gap that the field can ask for, in microseconds. */
export const MAX_ST_MIN_US = 127_000;

/**
 * STmin of a FlowControl frame in microseconds. Reserved values (80 to F0, FA to FF) ask for the longest gap of all, 127 ms
 * (ISO 15765-2, SeparationTime minimum).
 *
 * @param byte 0 to 255.
 */
export function decodeStMin(byte: number): number {
  if (byte <= 0x7f) return byte * 1000;
  return byte >= 0xf1 && byte <= 0xf9 ? (byte - 0xf0) * 100 : MAX_ST_MIN_US;
}

/**
 * The byte for a gap: 100 to 900 µs in steps of 100, or whole milliseconds up to 127. What lies between is rounded up.
 *
 * @throws RangeError if `us` is not from 0 to 127,000.
 */
export function encodeStMin(us: number): number {
  if (!(us >= 0 && us <= MAX_ST_MIN_US)) {
    throw new RangeError(`A separation time is from 0 to ${MAX_ST_MIN_US} µs, not ${us}`);
  }
  if (us > 0 && us <= 900) return 0xf0 + Math.ceil(us / 100);
  return Math.ceil(us / 1000);
}
