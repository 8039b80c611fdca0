import type { CanBusOptions } from "./bus.js";
import { ALL_ERRORS } from "./error-class.js";
import { type CheckedFilterSet, checkFilterSet } from "./filter.js";

/** {@link CanBusOptions} that were checked, with their defaults. */
export interface CheckedBusOptions {
  readonly filterSet: CheckedFilterSet;
  readonly ownFrames: boolean;
  readonly sendQueueFrames: number;
}

/** Names of the options that every kind of bus has. */
export const busOptionKeys: readonly (keyof CanBusOptions)[] = [
  ...(["filters", "joinFilters", "errorMask"] as const),
  ...(["ownFrames", "sendQueueFrames"] as const),
];

/** Longest line of sends that wait for room. */
const MAX_SEND_QUEUE_FRAMES = 65_536;

/** The options of a bus held against what they may be; others than {@link busOptionKeys} are left alone. */
export function checkBusOptions(options: CanBusOptions): CheckedBusOptions {
  const { filters, joinFilters, errorMask = ALL_ERRORS, ownFrames = true, sendQueueFrames = 1024 } = options;
  requireBoolean("ownFrames", ownFrames);
  requireInteger("sendQueueFrames", sendQueueFrames, 1, MAX_SEND_QUEUE_FRAMES);
  return { filterSet: checkFilterSet({ filters, joinFilters, errorMask }), ownFrames, sendQueueFrames };
}

/** @throws TypeError unless `value` is a boolean. */
export function requireBoolean(name: string, value: unknown): void {
  if (typeof value !== "boolean") throw new TypeError(`${name} of a CAN bus must be a boolean, not ${String(value)}`);
}

/** @throws RangeError unless `value` is an integer in this range. */
export function requireInteger(name: string, value: number, least: number, most: number): void {
  if (Number.isInteger(value) && value >= least && value <= most) return;
  throw new RangeError(`${name} of a CAN bus is an integer from ${least} to ${most}, not ${value}`);
}
