/** What {@link LinkClock.schedule} gives. */
export interface ClockTimer {
  /** Idempotent. */
  cancel(): void;
}

/** The time as links know it: that of the machine, or one that a test moves. */
export interface LinkClock {
  /** Nanoseconds since some moment; never goes back. */
  elapsedNs(): number;
  /** Calls back once, `delayNs` from now or somewhat later; with 0 in another turn of the event loop. */
  schedule(delayNs: number, callback: () => void): ClockTimer;
}

/** Longest delay of a Node timer in milliseconds (Node.js documentation, setTimeout). */
const MAX_TIMER_MS = 0x7fff_ffff;

/** The clock of the machine. Its timers count whole milliseconds, and keep the event loop alive. */
export class MonotonicClock implements LinkClock {
  elapsedNs(): number {
    return performance.now() * 1e6;
  }

  schedule(delayNs: number, callback: () => void): ClockTimer {
    if (delayNs <= 0) {
      const immediate = setImmediate(callback);
      return { cancel: () => clearImmediate(immediate) };
    }
    let timer: NodeJS.Timeout;
    let last: NodeJS.Immediate | undefined;
    const wait = (leftMs: number): void => {
      const stepMs = Math.min(leftMs, MAX_TIMER_MS);
      timer = setTimeout(() => {
        if (leftMs > stepMs) wait(leftMs - stepMs);
        // A process that was stopped sees first what came meanwhile, so that nobody is missed who is there.
        else last = setImmediate(callback);
      }, stepMs);
    };
    wait(Math.ceil(delayNs / 1e6));
    const cancel = (): void => {
      clearTimeout(timer);
      clearImmediate(last);
    };
    return { cancel };
  }
}
