import { requireKnownKeys } from "../../errors.js";

/**
 * What is done with a physical value outside the limits of its signal. Names, and values that have one, are within.
 *
 * - `error`: encoding throws
 * - `clamp`: the nearest value within is taken
 * - `allow`: the limits are ignored; what the bits cannot hold is still an error
 */
export type RangePolicy = "error" | "clamp" | "allow";

/** What is done with a value of a multiplexer that has no signals, or with a payload that is too short. */
export type LenientPolicy = "error" | "allow";

export interface CodecOptions {
  /** @defaultValue `"error"` */
  readonly range?: RangePolicy;
  /**
   * Whether a multiplexer may have a value with which none of its signals are there: `error` refuses it in both directions,
   * `allow` takes the message without them. @defaultValue `"error"`
   */
  readonly unknownMultiplexer?: LenientPolicy;
  /**
   * Whether a payload may be shorter than the message: `allow` leaves out the signals that are not all there.
   * @defaultValue `"error"`
   */
  readonly truncated?: LenientPolicy;
  /** Byte that encoding fills the payload with, before the signals. @defaultValue 0xff for J1939 messages, else 0 */
  readonly fill?: number;
}

/** Options with defaults put in. */
export interface CodecSettings {
  readonly range: RangePolicy;
  readonly unknownMultiplexer: LenientPolicy;
  readonly truncated: LenientPolicy;
  readonly fill: number | undefined;
}

export const codecOptionKeys: readonly string[] = ["range", "unknownMultiplexer", "truncated", "fill"];

/** @throws TypeError for an unknown key or word; RangeError for a fill that is no byte. */
export function checkCodecOptions(what: string, options: CodecOptions, known = codecOptionKeys): CodecSettings {
  requireKnownKeys(what, options, known);
  const { range = "error", unknownMultiplexer = "error", truncated = "error", fill } = options;
  requireWord("range", range, ["error", "clamp", "allow"]);
  requireWord("unknownMultiplexer", unknownMultiplexer, ["error", "allow"]);
  requireWord("truncated", truncated, ["error", "allow"]);
  if (fill !== undefined && !(Number.isInteger(fill) && fill >= 0 && fill <= 0xff)) {
    throw new RangeError(`The option "fill" is a byte, 0 to 255, not ${fill}`);
  }
  return { range, unknownMultiplexer, truncated, fill };
}

function requireWord(name: string, value: string, words: readonly string[]): void {
  if (!words.includes(value)) {
    const shown = words.map((word) => `"${word}"`).join(" or ");
    throw new TypeError(`The option "${name}" is ${shown}, not ${JSON.stringify(value)}`);
  }
}
