import type { Timestamp } from "./bus.js";

const NS_PER_SECOND = 1_000_000_000;

/** Digits of the fraction of a second that logs have: microseconds or nanoseconds. */
export type FractionDigits = 6 | 9;

/** Nanoseconds from `earlier` to `later`, negative the other way; exact up to 104 days. */
export function elapsedNs(earlier: Timestamp, later: Timestamp): number {
  return (later.seconds - earlier.seconds) * NS_PER_SECOND + (later.nanoseconds - earlier.nanoseconds);
}

/** The moment `ns` nanoseconds later, or earlier if negative. Fractions of a nanosecond are cut off. */
export function addNs(timestamp: Timestamp, ns: number): Timestamp {
  const whole = Math.floor(ns / NS_PER_SECOND);
  const sum = timestamp.nanoseconds + Math.trunc(ns - whole * NS_PER_SECOND);
  const carry = sum >= NS_PER_SECOND ? 1 : 0;
  return { seconds: timestamp.seconds + whole + carry, nanoseconds: sum - carry * NS_PER_SECOND };
}

/** Such as `1436509052.249713`; what the digits do not show is cut off, as candump does. */
export function formatTimestamp(timestamp: Timestamp, digits: FractionDigits): string {
  const fraction = String(timestamp.nanoseconds).padStart(9, "0").slice(0, digits);
  return `${timestamp.seconds}.${fraction}`;
}

/** The moment of seconds and a fraction, both decimal digits, the fraction of any length; exact to the nanosecond. */
export function parseTimestamp(seconds: string, fraction: string): Timestamp {
  return { seconds: Number(seconds), nanoseconds: Number(fraction.slice(0, 9).padEnd(9, "0")) };
}

/** The moment that many milliseconds after 1970, as `Date.now()` counts them. */
export function timestampOfMs(ms: number): Timestamp {
  return addNs({ seconds: Math.floor(ms / 1000), nanoseconds: 0 }, (ms - Math.floor(ms / 1000) * 1000) * 1e6);
}
