import type { Program } from "../../schema/program.js";
import type { DbcNumber } from "./number.js";
import { type RawShape, scratch } from "./raw.js";
import type { Segment } from "./segment.js";

/** The bits of a signal as expressions over the payload `d`, as words of 32 bits; the high one is empty if there is none. */
export interface Halves {
  readonly low: string;
  readonly high: string;
}

export function rawExpression({ segments }: RawShape): Halves {
  const join = (half: readonly Segment[], base: number) =>
    half.map((segment) => segmentExpression(segment, segment.position - base)).join(" | ");
  const low = join(
    segments.filter(({ position }) => position < 32),
    0,
  );
  const high = join(
    segments.filter(({ position }) => position >= 32),
    32,
  );
  return { low: `(${low})`, high: high === "" ? "" : `(${high})` };
}

function segmentExpression({ byte, shift, widthBits }: Segment, to: number): string {
  const moved = shift === 0 ? `d[${byte}]` : `d[${byte}] >>> ${shift}`;
  // The topmost bits of a byte need no mask.
  const bits = shift + widthBits === 8 ? moved : `${shift === 0 ? moved : `(${moved})`} & ${(1 << widthBits) - 1}`;
  return to === 0 ? `(${bits})` : `(${bits}) << ${to}`;
}

/** A number as it is written in generated code. */
export function literal(value: DbcNumber): string {
  const text = typeof value === "bigint" ? `${value}n` : String(value);
  return value < 0 ? `(${text})` : text;
}

/** Statements that read a raw value into the constant `raw`. */
export function addRawReading(program: Program, shape: RawShape, { low, high }: Halves, raw: string): string[] {
  const { type, lengthBits, isBig } = shape;
  const isFloat = type === "float32" || type === "float64";
  const upper = type === "signed" && high !== "" ? extendSign(high, lengthBits - 32) : high;
  if (isFloat || isBig) {
    const view = program.constant(scratch);
    const method = isFloat ? (type === "float32" ? "getFloat32" : "getFloat64") : bigMethod(type);
    return [
      `${view}.setInt32(0, ${low}, true);`,
      ...(high === "" ? [] : [`${view}.setInt32(4, ${upper}, true);`]),
      `const ${raw} = ${view}.${method}(0, true);`,
    ];
  }
  if (high !== "") return [`const ${raw} = ${upper} * 4294967296 + (${low} >>> 0);`];
  if (type === "signed") return [`const ${raw} = ${extendSign(low, lengthBits)};`];
  return [`const ${raw} = ${lengthBits === 32 ? `${low} >>> 0` : low};`];
}

function bigMethod(type: RawShape["type"]): string {
  return type === "signed" ? "getBigInt64" : "getBigUint64";
}

function extendSign(word: string, lengthBits: number): string {
  const unused = 32 - lengthBits;
  return unused === 0 ? `(${word} | 0)` : `(${word} << ${unused} >> ${unused})`;
}
