import { ErrorCode, IntercellError, requireKnownKeys } from "../../errors.js";
import { type BitTiming, type BitTimingLimits, type Range, SYNC_SEGMENT } from "./bit-timing.js";

export interface CalculateBitTimingOptions {
  /** Bits per second. */
  readonly bitRate: number;
  /** Ticks per second of the controller's clock. */
  readonly clockHz: number;
  readonly limits: BitTimingLimits;
  /** Part of a bit's time, above 0 and below 1. @defaultValue {@link recommendedSamplePoint} of the bit rate */
  readonly samplePoint?: number | undefined;
  /** Quanta; what is too large is cut to what the controller and phase segment 2 allow. @defaultValue 1 */
  readonly jumpWidth?: number | undefined;
}

/** Largest deviation of the bit rate, in 1/1000 (Linux, drivers/net/can/dev, CAN_CALC_MAX_ERROR). */
const MAX_DEVIATION = 50;

/** The sample point that CiA recommends: 87.5 % up to 500 kbit/s, 80 % up to 800 kbit/s, 75 % above (CiA 301, table 1). */
export function recommendedSamplePoint(bitRate: number): number {
  if (bitRate > 800_000) return 0.75;
  return bitRate > 500_000 ? 0.8 : 0.875;
}

/** One way to divide a bit. */
interface Division {
  readonly prescaler: number;
  readonly quanta: number;
  readonly segment2: number;
  /** By how many bit/s the rate is off. */
  readonly rateError: number;
  /** By how much the sample point is before the wanted one, in 1/1000. */
  readonly pointError: number;
}

/**
 * Finds the bit timing that Linux (6.1) chooses for a bit rate: the nearest bit rate first, then the nearest sample point that
 * is not behind the wanted one, then the finest division.
 *
 * @throws TypeError or RangeError for options that make no sense.
 * @throws IntercellError `ERR_UNSUPPORTED` if the controller cannot come within 5 % of the bit rate.
 */
export function calculateBitTiming(options: CalculateBitTimingOptions): BitTiming {
  requireKnownKeys("calculateBitTiming", options, ["bitRate", "clockHz", "limits", "samplePoint", "jumpWidth"]);
  const { bitRate, clockHz, limits, samplePoint = recommendedSamplePoint(bitRate), jumpWidth = 1 } = options;
  requirePositive("bitRate", bitRate);
  requirePositive("clockHz", clockHz);
  requirePositive("jumpWidth", jumpWidth);
  requireSamplePoint("samplePoint", samplePoint);
  let best: Division | undefined;
  for (const division of divisions(bitRate, clockHz, limits, Math.round(samplePoint * 1000))) {
    if (best === undefined || isBetter(division, best)) best = division;
  }
  if (best === undefined || Math.floor((best.rateError * 1000) / bitRate) > MAX_DEVIATION) {
    throw new IntercellError(
      ErrorCode.UNSUPPORTED,
      `A controller ${limits.name} with a clock of ${clockHz} Hz cannot come within 5 % of ${bitRate} bit/s` +
        (best === undefined ? "" : `: the nearest is ${rateOf(best, clockHz)} bit/s`),
    );
  }
  return describe(best, clockHz, limits, jumpWidth);
}

/** @internal */
export function requireSamplePoint(name: string, value: number): void {
  if (typeof value !== "number") throw new TypeError(`${name} must be a number`);
  if (!(value >= 0.001 && value <= 0.999)) {
    throw new RangeError(`${name} is a part of a bit's time, from 0.001 to 0.999, not ${value}`);
  }
}

/** @internal */
export function requirePositive(name: string, value: number): void {
  if (typeof value !== "number") throw new TypeError(`${name} must be a number`);
  if (!Number.isInteger(value) || value < 1 || value > 0xffff_ffff) {
    throw new RangeError(`${name} must be an integer from 1 to 4294967295, not ${value}`);
  }
}

function isBetter(one: Division, other: Division): boolean {
  return one.rateError === other.rateError ? one.pointError < other.pointError : one.rateError < other.rateError;
}

function rateOf({ prescaler, quanta }: Pick<Division, "prescaler" | "quanta">, clockHz: number): number {
  return Math.floor(clockHz / (prescaler * quanta));
}

/** All ways worth a look, the one with most quanta first; of two equally good ones the first is taken. */
function* divisions(bitRate: number, clockHz: number, limits: BitTimingLimits, point: number): Generator<Division> {
  const { segment1, segment2, prescaler: allowed, prescalerStep } = limits;
  const fewest = SYNC_SEGMENT + segment1.min + segment2.min;
  for (let quanta = SYNC_SEGMENT + segment1.max + segment2.max; quanta >= fewest; quanta--) {
    const second = placeSamplePoint(quanta, point, segment1, segment2);
    if (second === undefined) continue;
    const pointError = point - pointOf(quanta, second);
    const below = Math.floor(clockHz / (quanta * bitRate));
    for (const ticks of [below + 1, below]) {
      const prescaler = ticks - (ticks % prescalerStep);
      if (!isWithin(prescaler, allowed)) continue;
      const rateError = Math.abs(bitRate - rateOf({ prescaler, quanta }, clockHz));
      yield { prescaler, quanta, segment2: second, rateError, pointError };
    }
  }
}

/** Quanta of the shortest second segment that does not put the sample point behind the wanted one. */
function placeSamplePoint(quanta: number, point: number, segment1: Range, segment2: Range): number | undefined {
  const shortest = Math.max(segment2.min, quanta - SYNC_SEGMENT - segment1.max);
  const longest = Math.min(segment2.max, quanta - SYNC_SEGMENT - segment1.min);
  for (let second = shortest; second <= longest; second++) if (pointOf(quanta, second) <= point) return second;
  return undefined;
}

function pointOf(quanta: number, segment2: number): number {
  return Math.floor((1000 * (quanta - segment2)) / quanta);
}

function isWithin(value: number, { min, max }: Range): boolean {
  return value >= min && value <= max;
}

function describe(division: Division, clockHz: number, limits: BitTimingLimits, jumpWidth: number): BitTiming {
  const { prescaler, quanta, segment2 } = division;
  const segment1 = quanta - SYNC_SEGMENT - segment2;
  const propagationSegment = segment1 >> 1;
  return {
    bitRate: rateOf(division, clockHz),
    samplePoint: pointOf(quanta, segment2) / 1000,
    quantumNs: Math.floor((prescaler * 1e9) / clockHz),
    propagationSegment,
    phaseSegment1: segment1 - propagationSegment,
    phaseSegment2: segment2,
    // A driver that names no limit has 1 (Linux, drivers/net/can/dev).
    jumpWidth: limits.maxJumpWidth === 0 ? 1 : Math.min(jumpWidth, limits.maxJumpWidth, segment2),
    prescaler,
  };
}
