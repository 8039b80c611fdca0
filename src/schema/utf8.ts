import { copyOut } from "./memory.js";

/** Why {@link putUtf8} wrote no text. Negative, so that they are told from a count of bytes. */
export const Utf8Fault = {
  /** The text takes more bytes than there are. */
  LONG: -1,
  /** The text has half of a surrogate pair, which UTF-8 cannot hold. */
  SURROGATE: -2,
  /** The text has a NUL where NUL ends it. */
  NUL: -3,
} as const;

/** One of the reasons why {@link putUtf8} wrote no text. */
export type Utf8Fault = (typeof Utf8Fault)[keyof typeof Utf8Fault];

const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/**
 * Writes `text` as UTF-8 in at most `max` bytes and gives their count, or one of {@link Utf8Fault}.
 *
 * By hand rather than with TextEncoder, which replaces halves of surrogate pairs silently and needs a view made.
 */
export function putUtf8(view: DataView, at: number, max: number, text: string, allowNul: boolean): number {
  // Each UTF-16 unit takes at least one byte, so a longer text cannot fit.
  if (text.length > max) return Utf8Fault.LONG;
  let used = 0;
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    if (unit < 0x80) {
      if (unit === 0 && !allowNul) return Utf8Fault.NUL;
      if (used >= max) return Utf8Fault.LONG;
      view.setUint8(at + used++, unit);
      continue;
    }
    // codePointAt() joins a surrogate pair; what is left of that range is half a pair.
    const point = text.codePointAt(i) as number;
    if (point >= 0xd800 && point <= 0xdfff) return Utf8Fault.SURROGATE;
    const count = point < 0x800 ? 2 : point < 0x1_0000 ? 3 : 4;
    if (used + count > max) return Utf8Fault.LONG;
    putPoint(view, at + used, point, count);
    used += count;
    if (count === 4) i++;
  }
  return used;
}

/** Writes one code point above ASCII in `count` bytes; the Unicode Standard, table 3-6. */
function putPoint(view: DataView, at: number, point: number, count: number): void {
  const lead = count === 2 ? 0xc0 : count === 3 ? 0xe0 : 0xf0;
  view.setUint8(at, lead | (point >> (6 * (count - 1))));
  for (let i = 1; i < count; i++) view.setUint8(at + i, 0x80 | ((point >> (6 * (count - 1 - i))) & 0x3f));
}

/** Bytes up to which joining characters one by one is faster than the decoder; measured on Node 20, x86-64. */
const JOIN_BYTES = 24;

/** Reads `count` bytes of UTF-8, or up to the first NUL in them if NUL ends a text. Gives undefined if they are not. */
export function getUtf8(view: DataView, at: number, count: number, toNul: boolean): string | undefined {
  let text = "";
  for (let i = 0; i < count; i++) {
    if (i === JOIN_BYTES) return decodeUtf8(copyOut(view, at, count), toNul);
    const byte = view.getUint8(at + i);
    if (byte === 0 && toNul) break;
    if (byte >= 0x80) return decodeUtf8(copyOut(view, at, count), toNul);
    text += String.fromCharCode(byte);
  }
  return text;
}

/** Takes a copy, as the search and the decoder go over bytes more than once and a peer may be writing the original. */
function decodeUtf8(copy: Uint8Array, toNul: boolean): string | undefined {
  const end = toNul ? copy.indexOf(0) : -1;
  try {
    return decoder.decode(end < 0 ? copy : copy.subarray(0, end));
  } catch {
    return undefined;
  }
}
