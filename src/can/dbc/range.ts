import type { DbcSignal } from "./model.js";
import { clampNumber, type DbcNumber } from "./number.js";
import type { RawShape } from "./raw.js";
import { nearestRaw, type Scale, toPhysical } from "./scale.js";

/** Raw values from the least to the greatest, both included. */
export interface RawLimits {
  readonly least: DbcNumber;
  readonly greatest: DbcNumber;
}

/**
 * How far from the grid of a signal a limit may lie and still mean the point beside it: in steps, or for great raw values
 * as a part of the value, which is a few times what double precision keeps apart.
 */
const TOLERANCE_STEPS = 1e-6;
const TOLERANCE_PART = 2 ** -50;

/**
 * The raw values whose physical values lie within the limits of a signal. Limits are held in raw values, so that what was
 * decoded is within whenever it was meant to be, however its physical value was rounded. Limits that leave nothing are none.
 */
export function allowedRaw(signal: DbcSignal, shape: RawShape, scale: Scale): RawLimits {
  const { min, max } = signal;
  const { least, greatest } = scale;
  if (min === undefined || max === undefined || min > max) return { least, greatest };
  const ends = [limitRaw(min, 1, shape, scale), limitRaw(max, -1, shape, scale)];
  const [low, high] = (ends[0] ?? least) <= (ends[1] ?? greatest) ? ends : [ends[1], ends[0]];
  if (low === undefined || high === undefined || Number.isNaN(low) || Number.isNaN(high)) return { least, greatest };
  if (low > greatest || high < least) return { least, greatest };
  return { least: clampNumber(low, least, greatest), greatest: clampNumber(high, least, greatest) };
}

/**
 * The raw value of a limit: the nearest one, or the one beside it that lies within.
 *
 * @param inward 1 for a minimum, -1 for a maximum: where, from the limit, physical values are within.
 */
function limitRaw(limit: DbcNumber, inward: 1 | -1, shape: RawShape, scale: Scale): DbcNumber {
  const usable = scale.kind === "bigint" && typeof limit === "number" ? roundInward(limit, inward) : limit;
  const raw = nearestRaw(scale, shape, usable);
  if (shape.type === "float32" || shape.type === "float64") return raw;
  const beyond = Number(usable) - Number(toPhysical(scale, raw));
  const steps = beyond / Math.abs(Number(scale.factor));
  if (inward * steps <= Math.max(TOLERANCE_STEPS, Math.abs(Number(raw)) * TOLERANCE_PART)) return raw;
  const direction = Number(scale.factor) > 0 ? inward : -inward;
  return typeof raw === "bigint" ? raw + BigInt(direction) : raw + direction;
}

function roundInward(limit: number, inward: 1 | -1): number {
  return inward > 0 ? Math.ceil(limit) : Math.floor(limit);
}
