import { decodeFault } from "./refusal.js";
import type { Struct } from "./type.js";

/**
 * Holds a place for `sizeBytes` against its view.
 *
 * @throws TypeError if `view` is no DataView or a number no number.
 * @throws RangeError if the bytes do not lie within the view.
 */
export function requireRoom(view: DataView, offset: number, sizeBytes: number): void {
  if (view instanceof DataView && Number.isSafeInteger(offset) && offset >= 0) {
    if (offset + sizeBytes <= view.byteLength) return;
    const place = `${sizeBytes} bytes at offset ${offset}`;
    throw new RangeError(`Cannot place ${place} as the view has ${view.byteLength} bytes`);
  }
  if (!(view instanceof DataView)) throw new TypeError(`The view must be a DataView, not ${typeof view}`);
  if (typeof offset !== "number") throw new TypeError(`The offset must be a number, not ${typeof offset}`);
  throw new RangeError(`The offset must be a non-negative integer, not ${offset}`);
}

/**
 * Holds the place and length of bytes to decode against the view and the type.
 *
 * @throws TypeError, RangeError as {@link requireRoom} does.
 * @throws IntercellError `ERR_DECODE` if no message of this type has that length.
 */
export function requireMessage(struct: Struct, view: DataView, offset: number, length: number): void {
  if (typeof length !== "number") throw new TypeError(`The length must be a number, not ${typeof length}`);
  if (!Number.isSafeInteger(length) || length < 0) {
    throw new RangeError(`The length must be a non-negative integer, not ${length}`);
  }
  requireRoom(view, offset, length);
  if (length >= struct.minSize && length <= struct.size) return;
  const wanted = struct.truncatable ? `${struct.minSize} to ${struct.size}` : `${struct.size}`;
  throw decodeFault(struct.name, `wanted ${wanted} bytes, found ${length}`);
}
