import { isUint8Array } from "node:util/types";
import { alignUp, prefixBytes, requireCount, requireLimits } from "./layout.js";
import { type Refusal, wrongType, wrongValue } from "./refusal.js";
import { type Bytes, type FixedBytes, seal } from "./type.js";

/**
 * Exactly `length` bytes, as a `Uint8Array`.
 *
 * @throws TypeError or RangeError if the length is not an integer of at least 1, or over the limit of size.
 */
export function fixedBytes(length: number): FixedBytes {
  requireCount(length, "The length of fixedBytes()");
  return seal({ kind: "fixedBytes", length, size: length, align: 1, depth: 0 });
}

/**
 * Up to `max` bytes, as a `Uint8Array`. On the wire a u16 length, or a u32 one if `max` is over 65535, then `max`
 * bytes. A message whose last field is this type can end after the used bytes.
 *
 * @throws TypeError or RangeError if `max` is not an integer of at least 1, or over the limit of size.
 */
export function bytes(max: number): Bytes {
  requireCount(max, "The max of bytes()");
  const prefix = prefixBytes(max);
  const size = alignUp(prefix + max, prefix);
  requireLimits("The type bytes()", size, 0);
  return seal({ kind: "bytes", max, prefix, size, align: prefix, depth: 0 });
}

/** Why `value` is not a `Uint8Array` of a fitting length, or undefined if it is. */
export function refuseBytes(type: FixedBytes | Bytes, value: unknown): Refusal | undefined {
  const [least, most] = type.kind === "bytes" ? [0, type.max] : [type.length, type.length];
  if (isUint8Array(value)) {
    if (value.length >= least && value.length <= most) return undefined;
    return wrongValue(`${least === most ? "" : "up to "}${most} bytes`, value.length);
  }
  return wrongType(`a Uint8Array of ${least === most ? "" : "up to "}${most} bytes`, value);
}
