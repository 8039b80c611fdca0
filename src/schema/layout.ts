/** The most bytes a type can have. Keeps every offset and length far from the ends of 32-bit arithmetic. */
export const MAX_SIZE_BYTES = 2 ** 30;

/** The most levels of arrays and structs in one type. */
export const MAX_DEPTH = 32;

/** The most fields of one struct and members of one enum. */
export const MAX_FIELDS = 1024;

/** The bytes of a length before variable data: 2 as far as they reach, else 4. */
export function prefixBytes(max: number): 2 | 4 {
  return max <= 0xffff ? 2 : 4;
}

/** `bytes` rounded up to a multiple of `align`, which is a power of two. */
export function alignUp(bytes: number, align: number): number {
  return Math.ceil(bytes / align) * align;
}

/**
 * Holds a count against being an integer of at least 1 and at most {@link MAX_SIZE_BYTES}.
 *
 * @throws TypeError if it is not a number.
 * @throws RangeError if it is out of range.
 */
export function requireCount(count: unknown, what: string): asserts count is number {
  if (typeof count !== "number") throw new TypeError(`${what} must be a number, not ${typeof count}`);
  if (Number.isInteger(count) && count >= 1 && count <= MAX_SIZE_BYTES) return;
  throw new RangeError(`${what} must be an integer from 1 to ${MAX_SIZE_BYTES}, not ${count}`);
}

/** @throws RangeError if a type of this size or depth is over the limits. */
export function requireLimits(what: string, size: number, depth: number): void {
  if (size > MAX_SIZE_BYTES) throw new RangeError(`${what} has ${size} bytes, more than ${MAX_SIZE_BYTES}`);
  if (depth > MAX_DEPTH) throw new RangeError(`${what} has ${depth} levels, more than ${MAX_DEPTH}`);
}
