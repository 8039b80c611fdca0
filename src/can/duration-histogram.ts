/** Buckets for each power of two: what is read from one is at most an eighth too high. */
const STEPS = 8;

/** Powers of two that are told apart: 2^47 ns are 39 hours. */
const POWERS = 48;

/** Durations in nanoseconds, summed up in a fixed number of counters. */
export class DurationHistogram {
  readonly #buckets = new Float64Array(STEPS * POWERS);
  #count = 0;
  #sumNs = 0;
  #maxNs = 0;

  get count(): number {
    return this.#count;
  }

  get maxNs(): number {
    return this.#maxNs;
  }

  /** 0 if there is none. */
  get meanNs(): number {
    return this.#count === 0 ? 0 : this.#sumNs / this.#count;
  }

  /** A negative duration counts as 0. */
  add(durationNs: number): void {
    const ns = Math.max(0, durationNs);
    const bucket = bucketOf(ns);
    this.#buckets[bucket] = (this.#buckets[bucket] ?? 0) + 1;
    this.#count += 1;
    this.#sumNs += ns;
    this.#maxNs = Math.max(this.#maxNs, ns);
  }

  /** A duration that the share `quantile`, 0 to 1, of all does not exceed; 0 if there is none. */
  quantileNs(quantile: number): number {
    const wanted = quantile * this.#count;
    let seen = 0;
    // The last bucket has no upper end.
    for (let bucket = 0; bucket < this.#buckets.length - 1; bucket += 1) {
      seen += this.#buckets[bucket] ?? 0;
      if (seen >= wanted && seen > 0) return Math.min(upperEndNs(bucket), this.#maxNs);
    }
    return this.#maxNs;
  }
}

/** Below 8 ns one nanosecond each, above that the power of two and the three bits after its highest one. */
function bucketOf(ns: number): number {
  const whole = Math.floor(ns);
  if (whole < STEPS) return whole;
  const power = Math.floor(Math.log2(whole));
  const step = Math.floor(whole / 2 ** (power - 3)) - STEPS;
  return Math.min((power - 2) * STEPS + step, STEPS * POWERS - 1);
}

function upperEndNs(bucket: number): number {
  if (bucket < STEPS) return bucket;
  const power = Math.floor(bucket / STEPS) + 2;
  return (STEPS + (bucket % STEPS) + 1) * 2 ** (power - 3);
}
