/** Least, mean, greatest and deviation of some times, as ping(8) prints them. */
export interface RoundTripSummary {
  readonly minMs: number;
  readonly avgMs: number;
  readonly maxMs: number;
  /** Standard deviation of all times, which ping(8) calls mdev. */
  readonly mdevMs: number;
}

/** Times as they come in; none is kept. */
export class RoundTripTimes {
  #count = 0;
  #minMs = Number.POSITIVE_INFINITY;
  #maxMs = Number.NEGATIVE_INFINITY;
  #meanMs = 0;
  /** Sum of the squares of the differences from the mean (Welford 1962). */
  #squares = 0;

  add(timeMs: number): void {
    this.#count++;
    this.#minMs = Math.min(this.#minMs, timeMs);
    this.#maxMs = Math.max(this.#maxMs, timeMs);
    const off = timeMs - this.#meanMs;
    this.#meanMs += off / this.#count;
    this.#squares += off * (timeMs - this.#meanMs);
  }

  /** Undefined before the first. */
  get summary(): RoundTripSummary | undefined {
    if (this.#count === 0) return undefined;
    const mdevMs = Math.sqrt(this.#squares / this.#count);
    return { minMs: this.#minMs, avgMs: this.#meanMs, maxMs: this.#maxMs, mdevMs };
  }
}
