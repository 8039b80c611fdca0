import { isAscii } from "node:buffer";
import { ErrorCode, IntercellError } from "../../errors.js";
import type { DbcEncoding } from "./model.js";

/**
 * Characters of the bytes 0x80 to 0x9f in windows-1252 (WHATWG Encoding Standard, index-windows-1252); the five bytes that
 * it leaves open are the control characters of that number. Written out, as versions of Node differ in them.
 */
const upperControls =
  "\u20ac\u0081\u201a\u0192\u201e\u2026\u2020\u2021\u02c6\u2030\u0160\u2039\u0152\u008d\u017d\u008f" +
  "\u0090\u2018\u2019\u201c\u201d\u2022\u2013\u2014\u02dc\u2122\u0161\u203a\u0153\u009d\u017e\u0178";

const FIRST_UPPER = 0x80;

/** Text and how it was found to be encoded. */
export interface DecodedText {
  readonly text: string;
  readonly encoding: DbcEncoding;
}

/**
 * Reads bytes as text. Without a wish it is UTF-8 if there are bytes above 0x7f and all of them make UTF-8, which text in
 * windows-1252 hardly ever does by chance; else windows-1252. A byte order mark is taken off.
 */
export function decodeText(bytes: Uint8Array, wanted: DbcEncoding | undefined): DecodedText {
  if (wanted === "utf-8") return { text: new TextDecoder("utf-8").decode(bytes), encoding: "utf-8" };
  const latin = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString("latin1");
  if (isAscii(bytes)) return { text: latin, encoding: "windows-1252" };
  if (wanted === undefined) {
    try {
      return { text: new TextDecoder("utf-8", { fatal: true }).decode(bytes), encoding: "utf-8" };
    } catch {
      // Not UTF-8 then.
    }
  }
  const text = latin.replace(/[\x80-\x9f]/g, (control) => upperControls.charAt(control.charCodeAt(0) - FIRST_UPPER));
  return { text, encoding: "windows-1252" };
}

/** @throws IntercellError `ERR_UNSUPPORTED` for a character that the encoding does not have. */
export function encodeText(text: string, encoding: DbcEncoding): Uint8Array {
  if (encoding === "utf-8") return new TextEncoder().encode(text);
  const bytes = new Uint8Array(text.length);
  for (let index = 0; index < text.length; index++) {
    const unit = text.charCodeAt(index);
    const upper = upperControls.indexOf(text.charAt(index));
    const same = unit < FIRST_UPPER || (unit > 0x9f && unit <= 0xff);
    if (!same && upper < 0) throw noSuchCharacter(text.charAt(index));
    bytes[index] = same ? unit : FIRST_UPPER + upper;
  }
  return bytes;
}

function noSuchCharacter(character: string): IntercellError {
  const shown = `${JSON.stringify(character)} (U+${character.charCodeAt(0).toString(16).padStart(4, "0")})`;
  const message = `Cannot write ${shown} in windows-1252: replace it, or make "utf-8" the encoding of the database`;
  return new IntercellError(ErrorCode.UNSUPPORTED, message);
}
