/** Buckets in each octave: values of one bucket differ by less than 1 / 64. */
const SUB_BUCKETS = 64;
const SUB_BITS = 6;

/** Values are below 2^31: as nanoseconds, about two seconds. Longer ones count as the longest. */
const MAX_VALUE = 0x7fff_ffff;
const BUCKETS = (31 - SUB_BITS + 1) * SUB_BUCKETS;

/** A histogram as it travels between processes: pairs of a bucket's number and its count, and the largest value. */
export interface HistogramData {
  readonly buckets: readonly (readonly [bucket: number, count: number])[];
  readonly max: number;
}

/**
 * Counts durations in nanoseconds in buckets whose width grows with the value. Recording allocates nothing.
 * bench/c/histogram.h has the same buckets.
 */
export class Histogram {
  readonly #counts = new Float64Array(BUCKETS);
  #count = 0;
  #max = 0;

  static from(data: HistogramData): Histogram {
    const histogram = new Histogram();
    for (const [bucket, count] of data.buckets) histogram.#add(bucket, count);
    histogram.#max = data.max;
    return histogram;
  }

  get count(): number {
    return this.#count;
  }

  get max(): number {
    return this.#max;
  }

  record(valueNs: number): void {
    const value = Math.min(Math.max(0, Math.round(valueNs)), MAX_VALUE);
    if (value > this.#max) this.#max = value;
    this.#add(bucketOf(value), 1);
  }

  /** The upper end of the bucket in which `fraction` of the values is reached. 0 if there are none. */
  quantile(fraction: number): number {
    const wanted = Math.max(1, Math.ceil(this.#count * fraction));
    let seen = 0;
    for (let bucket = 0; bucket < BUCKETS; bucket += 1) {
      seen += this.#counts[bucket] ?? 0;
      if (seen >= wanted) return Math.min(upperEnd(bucket), this.#max);
    }
    return this.#max;
  }

  /** Adds what another histogram counted. */
  merge(other: Histogram): void {
    for (let bucket = 0; bucket < BUCKETS; bucket += 1) this.#add(bucket, other.#counts[bucket] ?? 0);
    this.#max = Math.max(this.#max, other.#max);
  }

  toJSON(): HistogramData {
    const buckets: [number, number][] = [];
    this.#counts.forEach((count, bucket) => {
      if (count > 0) buckets.push([bucket, count]);
    });
    return { buckets, max: this.#max };
  }

  #add(bucket: number, count: number): void {
    if (!(bucket >= 0 && bucket < BUCKETS)) throw new RangeError(`Bucket ${bucket} is not one of ${BUCKETS}`);
    this.#counts[bucket] = (this.#counts[bucket] ?? 0) + count;
    this.#count += count;
  }
}

/** Values below 64 have a bucket each; above, the octave and the next six bits choose it. */
function bucketOf(value: number): number {
  if (value < SUB_BUCKETS) return value;
  const shift = 31 - SUB_BITS - Math.clz32(value);
  return (shift << SUB_BITS) + (value >> shift);
}

function upperEnd(bucket: number): number {
  if (bucket < 2 * SUB_BUCKETS) return bucket;
  const shift = (bucket >> SUB_BITS) - 1;
  return ((bucket & (SUB_BUCKETS - 1)) + SUB_BUCKETS + 1) * 2 ** shift - 1;
}
