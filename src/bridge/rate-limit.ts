/** Keeps what passes to so many a second: two are never closer than the second's part. Saves nothing up for later. */
export class RateLimit {
  readonly #gapMs: number;
  readonly #nowMs: () => number;
  #nextMs = Number.NEGATIVE_INFINITY;

  /**
   * @param maxPerSecond more than 0; Infinity for no limit.
   * @param nowMs the time in milliseconds, of a clock that only goes forward.
   */
  constructor(maxPerSecond: number, nowMs: () => number = () => performance.now()) {
    this.#gapMs = 1000 / maxPerSecond;
    this.#nowMs = nowMs;
  }

  /** Milliseconds until the next may pass, 0 or more. */
  get delayMs(): number {
    return Math.max(0, this.#nextMs - this.#nowMs());
  }

  /** One passes now. */
  passed(): void {
    this.#nextMs = this.#nowMs() + this.#gapMs;
  }

  /** Lets one pass if it may. */
  tryPass(): boolean {
    if (this.delayMs > 0) return false;
    this.passed();
    return true;
  }
}
