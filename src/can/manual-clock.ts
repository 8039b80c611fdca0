import type { Timestamp } from "./bus.js";
import type { CanClock, ClockTimer } from "./clock.js";
import { addNs } from "./timestamp.js";

interface Scheduled extends ClockTimer {
  readonly dueNs: number;
  readonly callback: () => void;
}

/** A clock that stands until it is moved, so that what takes hours on a bus takes no time in a test. */
export class ManualClock implements CanClock {
  readonly #start: Timestamp;
  /** In the order in which they are due, and of those due together in the order of the calls. */
  readonly #timers: Scheduled[] = [];
  #elapsedNs = 0;

  /** @internal Use {@link createManualClock}. */
  constructor(start: Timestamp) {
    this.#start = start;
  }

  /** Callbacks that wait for their time. */
  get scheduled(): number {
    return this.#timers.length;
  }

  elapsedNs(): number {
    return this.#elapsedNs;
  }

  now(): Timestamp {
    return addNs(this.#start, this.#elapsedNs);
  }

  schedule(delayNs: number, callback: () => void): ClockTimer {
    const dueNs = this.#elapsedNs + Math.max(0, delayNs);
    const timer: Scheduled = {
      dueNs,
      callback,
      cancel: () => {
        const index = this.#timers.indexOf(timer);
        if (index >= 0) this.#timers.splice(index, 1);
      },
    };
    const later = this.#timers.findIndex((other) => other.dueNs > dueNs);
    this.#timers.splice(later < 0 ? this.#timers.length : later, 0, timer);
    return timer;
  }

  /**
   * Moves the clock on by that many milliseconds. What becomes due on the way runs at its time, and after each callback
   * the promises that it settled are gone through.
   */
  async advance(ms: number): Promise<void> {
    if (!(ms >= 0 && ms < Number.POSITIVE_INFINITY))
      throw new RangeError(`A clock advances by 0 ms or more, not ${ms}`);
    const untilNs = this.#elapsedNs + ms * 1e6;
    await settle();
    while ((this.#timers[0]?.dueNs ?? Number.POSITIVE_INFINITY) <= untilNs) await this.#fireNext();
    this.#elapsedNs = untilNs;
    await settle();
  }

  /**
   * Moves the clock on until `promise` is settled, and gives what it gives.
   *
   * @throws RangeError if nothing is scheduled any more while the promise is still pending; or what it rejects with.
   */
  async runUntil<T>(promise: Promise<T>): Promise<T> {
    let settled = false;
    const done = () => {
      settled = true;
    };
    promise.then(done, done);
    await settle();
    while (!settled) {
      if (this.#timers.length === 0)
        throw new RangeError("The promise waits for something that the clock does not bring");
      await this.#fireNext();
    }
    return await promise;
  }

  async #fireNext(): Promise<void> {
    const timer = this.#timers.shift();
    if (timer === undefined) return;
    this.#elapsedNs = Math.max(this.#elapsedNs, timer.dueNs);
    timer.callback();
    await settle();
  }
}

/** @param start of the wall clock. @defaultValue the first second of 1970 */
export function createManualClock(start: Timestamp = { seconds: 0, nanoseconds: 0 }): ManualClock {
  return new ManualClock(start);
}

/** Another turn of the event loop: promises are gone through before it, however long their chains are. */
async function settle(): Promise<void> {
  await new Promise<void>((resolve) => {
    setImmediate(resolve);
  });
}
