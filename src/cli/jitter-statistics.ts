/** Least and greatest of the jitter since the last reset, in nanoseconds. */
export interface JitterSummary {
  readonly ticks: number;
  readonly lastTick: number;
  /** 0 if there was no tick. */
  readonly minNs: number;
  /** 0 if there was no tick. */
  readonly maxNs: number;
}

/** What the inmate knows of its timer. Ticks count from 1 and go on through a reset. */
export class JitterStatistics {
  #lastTick = 0;
  #ticks = 0;
  #minNs = 0;
  #maxNs = 0;

  get summary(): JitterSummary {
    return { ticks: this.#ticks, lastTick: this.#lastTick, minNs: this.#minNs, maxNs: this.#maxNs };
  }

  /** Takes in one firing and returns the statistics with it. */
  add(jitterNs: number): JitterSummary {
    this.#minNs = this.#ticks === 0 ? jitterNs : Math.min(this.#minNs, jitterNs);
    this.#maxNs = Math.max(this.#maxNs, jitterNs);
    this.#ticks += 1;
    this.#lastTick += 1;
    return this.summary;
  }

  /** Begins anew and returns the statistics of before. */
  reset(): JitterSummary {
    const { summary } = this;
    this.#ticks = 0;
    this.#minNs = 0;
    this.#maxNs = 0;
    return summary;
  }
}
