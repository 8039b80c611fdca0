import { type LinkClock, MonotonicClock } from "../carried/clock.js";
import type { Timestamp } from "./bus.js";
import { timestampOfMs } from "./timestamp.js";

export type { ClockTimer } from "../carried/clock.js";

/** The time as a virtual bus and a replay know it: that of the machine, or one that a test moves (`createManualClock`). */
export interface CanClock extends LinkClock {
  /** The wall clock. */
  now(): Timestamp;
}

/** Difference from the wall clock, in milliseconds, beyond which it has been set, as `Date.now()` counts whole ones. */
const STEP_MS = 5;

class SystemClock extends MonotonicClock implements CanClock {
  #offsetMs = performance.timeOrigin;

  now(): Timestamp {
    // Date.now() alone would give many frames one time.
    const elapsedMs = performance.now();
    const wallMs = Date.now();
    if (Math.abs(elapsedMs + this.#offsetMs - wallMs) > STEP_MS) this.#offsetMs = wallMs - elapsedMs;
    return timestampOfMs(elapsedMs + this.#offsetMs);
  }
}

/** The clock of the machine. Its timers count whole milliseconds, and keep the event loop alive. */
export const systemClock: CanClock = new SystemClock();
