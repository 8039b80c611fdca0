import { alignUp, prefixBytes, requireCount, requireLimits } from "./layout.js";
import { Refusal, wrongType } from "./refusal.js";
import { type FixedText, seal, type Text } from "./type.js";
import { Utf8Fault } from "./utf8.js";

/**
 * UTF-8 text in exactly `length` bytes, padded with NUL; a text that takes them all has no NUL after it. What follows
 * the first NUL is ignored. The text itself can hold no NUL.
 *
 * @throws TypeError or RangeError if the length is not an integer of at least 1, or over the limit of size.
 */
export function fixedText(length: number): FixedText {
  requireCount(length, "The length of fixedText()");
  return seal({ kind: "fixedText", length, size: length, align: 1, depth: 0 });
}

/**
 * UTF-8 text of up to `max` bytes. On the wire a u16 length, or a u32 one if `max` is over 65535, then `max` bytes. A
 * message whose last field is this type can end after the used bytes.
 *
 * @throws TypeError or RangeError if `max` is not an integer of at least 1, or over the limit of size.
 */
export function text(max: number): Text {
  requireCount(max, "The max of text()");
  const prefix = prefixBytes(max);
  const size = alignUp(prefix + max, prefix);
  requireLimits("The type text()", size, 0);
  return seal({ kind: "text", max, prefix, size, align: prefix, depth: 0 });
}

/** The refusal of a value that is not a string, or that `putUtf8` did not write for the reason given. */
export function refuseText(type: FixedText | Text, value: unknown, fault: number): Refusal {
  const most = type.kind === "text" ? type.max : type.length;
  if (typeof value !== "string") return wrongType(`a text of up to ${most} bytes`, value);
  switch (fault) {
    case Utf8Fault.SURROGATE:
      return new Refusal("wanted well-formed text, found half of a surrogate pair", false);
    case Utf8Fault.NUL:
      return new Refusal("wanted a text without NUL, found one", false);
    default:
      return new Refusal(`wanted a text of up to ${most} bytes, found ${Buffer.byteLength(value)}`, false);
  }
}
