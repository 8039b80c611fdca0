import { type Refusal, wrongType, wrongValue } from "../../schema/refusal.js";
import { clampNumber, type DbcNumber, formatNumber } from "./number.js";
import type { RangePolicy } from "./options.js";
import type { SignalPlan } from "./plan.js";
import type { RawLimits } from "./range.js";
import { nearestRaw, toPhysical } from "./scale.js";

/** What the application may give for a signal: a physical value, or the name of a raw one. */
export type SignalValue = number | bigint | string;

/** Greatest finite float32. */
const MAX_FLOAT32 = (2 - 2 ** -23) * 2 ** 127;

/**
 * The raw value to write for what an application gave.
 *
 * @throws Refusal that names the signal.
 */
export function toRaw(plan: SignalPlan, value: unknown, policy: RangePolicy): DbcNumber {
  if (typeof value === "string") return rawOfName(plan, value);
  if (typeof value !== "number" && typeof value !== "bigint") throw refuse(plan, wrongType(wanted(plan), value));
  const { scale, shape, names } = plan;
  const raw = nearestRaw(scale, shape, value);
  const limits: RawLimits = policy === "allow" ? scale : plan.limits;
  if (raw >= limits.least && raw <= limits.greatest && !overflows(plan, value, raw)) return raw;
  if (Number.isNaN(raw)) return rawOfNaN(plan, value, policy);
  if (names.has(raw)) return raw;
  if (policy !== "clamp") throw refuse(plan, wrongValue(wanted(plan, policy), value));
  const clamped = clampNumber(raw, limits.least, limits.greatest);
  return shape.type === "float32" ? Math.max(-MAX_FLOAT32, Math.min(MAX_FLOAT32, Number(clamped))) : clamped;
}

/** Whether a finite value became infinite. */
function overflows({ shape }: SignalPlan, value: DbcNumber, raw: DbcNumber): boolean {
  const isFloat = shape.type === "float32" || shape.type === "float64";
  return isFloat && !Number.isFinite(raw) && Number.isFinite(Number(value));
}

function rawOfNaN(plan: SignalPlan, value: DbcNumber, policy: RangePolicy): number {
  const { shape, limits, scale } = plan;
  const isFloat = shape.type === "float32" || shape.type === "float64";
  const isFree = policy === "allow" || (limits.least === scale.least && limits.greatest === scale.greatest);
  if (isFloat && isFree) return Number.NaN;
  throw refuse(plan, wrongValue(wanted(plan, policy), value));
}

function rawOfName(plan: SignalPlan, name: string): DbcNumber {
  const raw = plan.values.get(name);
  if (raw !== undefined) return raw;
  const known = [...plan.values.keys()].slice(0, 8).map((text) => JSON.stringify(text));
  if (plan.values.size > known.length) known.push("...");
  const what = known.length === 0 ? wanted(plan) : `one of the names ${known.join(", ")}`;
  throw refuse(plan, wrongValue(what, name));
}

/**
 * The raw value to write for a raw one that an application gave: an integer that the bits hold, or any number of a float.
 *
 * @throws Refusal that names the signal.
 */
export function toFittingRaw(plan: SignalPlan, value: unknown): DbcNumber {
  const { shape, scale } = plan;
  const what = `a raw value from ${formatNumber(scale.least)} to ${formatNumber(scale.greatest)}`;
  if (typeof value !== "number" && typeof value !== "bigint") throw refuse(plan, wrongType(what, value));
  if (shape.type === "float64") return Number(value);
  if (shape.type === "float32") {
    const rounded = Math.fround(Number(value));
    if (!overflows(plan, value, rounded)) return rounded;
    throw refuse(plan, wrongValue("a number within single precision", value));
  }
  const isInteger = typeof value === "bigint" || Number.isInteger(value);
  if (!isInteger || value < scale.least || value > scale.greatest) throw refuse(plan, wrongValue(what, value));
  // Adding 0 turns -0 into 0.
  return shape.isBig ? BigInt(value) : Number(value) + 0;
}

function refuse(plan: SignalPlan, refusal: Refusal): Refusal {
  return refusal.within(`.${plan.name}`);
}

/** What a physical value may be, in words. */
function wanted({ scale, limits, signal, values }: SignalPlan, policy: RangePolicy = "error"): string {
  const { least, greatest } = policy === "allow" ? scale : limits;
  const ends = [toPhysical(scale, least), toPhysical(scale, greatest)].map(formatNumber);
  const [low, high] = Number(scale.factor) < 0 ? ends.reverse() : ends;
  const kind = scale.kind === "bigint" ? "a bigint" : "a number";
  const unit = signal.unit === "" ? "" : ` ${signal.unit}`;
  return `${kind} from ${low} to ${high}${unit}${values.size === 0 ? "" : ", or the name of a value"}`;
}
