import { type DbcNumber, isIntegral } from "./number.js";
import type { RawShape } from "./raw.js";

/**
 * How raw and physical values turn into each other: physical = raw · factor + offset.
 *
 * - `number`: both are numbers
 * - `bigint`: the physical value is a bigint, as factor and offset are integers and it may be beyond ±(2^53 - 1)
 * - `rounded`: the raw value is a bigint and the physical one a number, as factor or offset has a fraction
 */
export interface Scale {
  readonly kind: "number" | "bigint" | "rounded";
  readonly factor: DbcNumber;
  readonly offset: DbcNumber;
  /** Least and greatest raw value that the bits can hold. */
  readonly least: DbcNumber;
  readonly greatest: DbcNumber;
}

/** @param factor not 0: a signal without a factor is taken as it is. */
export function createScale(shape: RawShape, factor: DbcNumber, offset: DbcNumber): Scale {
  const used = Number(factor) === 0 ? 1 : factor;
  const [least, greatest] = rawBounds(shape);
  const bounds = { least, greatest };
  const isFloat = shape.type === "float32" || shape.type === "float64";
  const isExact = !isFloat && isIntegral(used) && isIntegral(offset);
  if (isExact) {
    const ends = [least, greatest].map((raw) => BigInt(raw) * BigInt(used) + BigInt(offset));
    const isSafe = ends.every((end) => end >= Number.MIN_SAFE_INTEGER && end <= Number.MAX_SAFE_INTEGER);
    if (!isSafe || shape.isBig) return { kind: "bigint", factor: BigInt(used), offset: BigInt(offset), ...bounds };
  }
  const numbers = { factor: Number(used), offset: Number(offset) };
  return { kind: shape.isBig ? "rounded" : "number", ...numbers, ...bounds };
}

function rawBounds({ type, lengthBits, isBig }: RawShape): [DbcNumber, DbcNumber] {
  if (type === "float32" || type === "float64") return [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY];
  const [least, greatest] =
    type === "signed"
      ? [-(2n ** BigInt(lengthBits - 1)), 2n ** BigInt(lengthBits - 1) - 1n]
      : [0n, 2n ** BigInt(lengthBits) - 1n];
  return isBig ? [least, greatest] : [Number(least), Number(greatest)];
}

/** The physical value of a raw one. */
export function toPhysical({ kind, factor, offset }: Scale, raw: DbcNumber): DbcNumber {
  if (kind === "bigint") return BigInt(raw) * (factor as bigint) + (offset as bigint);
  return Number(raw) * (factor as number) + (offset as number);
}

/**
 * The raw value that is nearest to a physical one, whether the bits can hold it or not; NaN if there is none, as for a
 * fraction where the physical value is a bigint.
 */
export function nearestRaw(scale: Scale, shape: RawShape, physical: DbcNumber): DbcNumber {
  if (scale.kind === "bigint") return nearestBig(scale, shape, physical);
  const { factor, offset } = scale as { readonly factor: number; readonly offset: number };
  const quotient = (Number(physical) - offset) / factor;
  if (shape.type === "float32") return Math.fround(quotient);
  if (shape.type === "float64") return quotient;
  if (!Number.isFinite(quotient)) return quotient;
  const rounded = Math.round(quotient);
  if (shape.lengthBits <= 32) return rounded;
  const nearest = correct(scale, rounded, Number(physical));
  return shape.isBig ? BigInt(nearest) : nearest;
}

/** Where a quotient has more bits than double precision keeps apart, a neighbour may be the one that gives the value. */
function correct(scale: Scale, rounded: number, physical: number): number {
  const step = Math.max(1, 2 ** (Math.floor(Math.log2(Math.abs(rounded) || 1)) - 52));
  for (const steps of [0, 1, -1, 2, -2, 3, -3]) {
    const neighbour = rounded + steps * step;
    if (toPhysical(scale, neighbour) === physical) return neighbour;
  }
  return rounded;
}

function nearestBig(scale: Scale, shape: RawShape, physical: DbcNumber): DbcNumber {
  if (typeof physical === "number" && !Number.isInteger(physical)) return Number.NaN;
  const nearest = divideRounded(BigInt(physical) - (scale.offset as bigint), scale.factor as bigint);
  return shape.isBig ? nearest : Number(nearest);
}

/** The quotient rounded to the nearest integer, halves up, as `Math.round` does. */
function divideRounded(dividend: bigint, divisor: bigint): bigint {
  const sign = divisor < 0n ? -1n : 1n;
  const numerator = 2n * dividend * sign + divisor * sign;
  const denominator = 2n * divisor * sign;
  const quotient = numerator / denominator;
  return numerator < 0n && numerator % denominator !== 0n ? quotient - 1n : quotient;
}
