import type { Timestamp } from "./bus.js";
import { timestampOfMs } from "./timestamp.js";

/** What {@link CanClock.schedule} gives. */
export interface ClockTimer {
  /** Idempotent. */
  cancel(): void;
}

/** The time as a virtual bus and a replay know it: that of the machine, or one that a test moves (`createManualClock`). */
export interface CanClock {
  /** Nanoseconds since some moment; never goes back. */
  elapsedNs(): number;
  /** The wall clock. */
  now(): Timestamp;
  /** Calls back once, `delayNs` from now or somewhat later; with 0 in another turn of the event loop. */
  schedule(delayNs: number, callback: () => void): ClockTimer;
}

/** Longest delay of a Node timer in milliseconds (Node.js documentation, setTimeout). */
const MAX_TIMER_MS = 0x7fff_ffff;

/** Difference from the wall clock, in milliseconds, beyond which it has been set, as `Date.now()` counts whole ones. */
const STEP_MS = 5;

class SystemClock implements CanClock {
  #offsetMs = performance.timeOrigin;

  elapsedNs(): number {
    return performance.now() * 1e6;
  }

  now(): Timestamp {
    // Date.now() alone would give many frames one time.
    const elapsedMs = performance.now();
    const wallMs = Date.now();
    if (Math.abs(elapsedMs + this.#offsetMs - wallMs) > STEP_MS) this.#offsetMs = wallMs - elapsedMs;
    return timestampOfMs(elapsedMs + this.#offsetMs);
  }

  schedule(delayNs: number, callback: () => void): ClockTimer {
    if (delayNs <= 0) {
      const immediate = setImmediate(callback);
      return { cancel: () => clearImmediate(immediate) };
    }
    let timer: NodeJS.Timeout;
    const wait = (leftMs: number): void => {
      const stepMs = Math.min(leftMs, MAX_TIMER_MS);
      timer = setTimeout(() => (leftMs > stepMs ? wait(leftMs - stepMs) : callback()), stepMs);
    };
    wait(Math.ceil(delayNs / 1e6));
    return { cancel: () => clearTimeout(timer) };
  }
}

/** The clock of the machine. Its timers count whole milliseconds, and keep the event loop alive. */
export const systemClock: CanClock = new SystemClock();
