/**
 * Holds the ticks of an inmate against the numbers they must have: each run of the inmate counts from 1, without a gap
 * and without a repetition.
 */
export class TickCount {
  #messages = 0;
  #lost = 0;
  #repeated = 0;
  #last = 0;

  /** Measurements that arrived. */
  get messages(): number {
    return this.#messages;
  }

  /** Ticks that were skipped. */
  get lost(): number {
    return this.#lost;
  }

  /** Measurements whose tick had come before. */
  get repeated(): number {
    return this.#repeated;
  }

  /** The last tick of this run, 0 before the first. */
  get last(): number {
    return this.#last;
  }

  /** The inmate was started anew, or is heard again after a time in which nobody listened: up to `last`, nothing is lost. */
  begin(last = 0): void {
    this.#last = last;
  }

  add(tick: number): void {
    this.#messages += 1;
    if (tick <= this.#last) {
      this.#repeated += 1;
      return;
    }
    this.#lost += tick - this.#last - 1;
    this.#last = tick;
  }
}
