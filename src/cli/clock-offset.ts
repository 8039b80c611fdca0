/** What is known of the age of something that the peer stamped, in nanoseconds. */
export interface Age {
  /** Never below 0. */
  readonly ageNs: number;
  /** The true age is no farther from `ageNs` than this. */
  readonly errorNs: number;
}

/** A reading of the peer's clock: the offset, peer's less own, lies from `least` to `most`. */
interface Sample {
  readonly least: bigint;
  readonly most: bigint;
  readonly atNs: bigint;
}

/** Readings that are kept; the best of them counts. */
const SAMPLES = 16;

/**
 * How far two clocks part in a second, in nanoseconds: CLOCK_MONOTONIC is slewed by at most 500 ppm (`freq` of adjtimex(2)) on
 * either board.
 */
const DRIFT_NS_PER_S = 1_000_000n;

const NS_PER_S = 1_000_000_000n;

/**
 * How the clock of another board stands to that of this one, found by asking for its time: it was read some time between question
 * and answer, so that half the round trip bounds the error, whatever the two ways took. All times in nanoseconds.
 */
export class ClockOffset {
  readonly #samples: Sample[] = [];

  /** The peer showed `peerNs` at some time between `askedNs` and `answeredNs` of this side's clock. */
  add(askedNs: bigint, peerNs: bigint, answeredNs: bigint): void {
    this.#samples.push({ least: peerNs - answeredNs, most: peerNs - askedNs, atNs: answeredNs });
    if (this.#samples.length > SAMPLES) this.#samples.shift();
  }

  /** Forgets all, as the peer may have another clock now. */
  clear(): void {
    this.#samples.length = 0;
  }

  /** How long before `nowNs` of this side the peer's clock showed `stampNs`; undefined before the first reading. */
  age(stampNs: bigint, nowNs: bigint): Age | undefined {
    let best: { readonly middleNs: number; readonly errorNs: number } | undefined;
    for (const { least, most, atNs } of this.#samples) {
      const driftNs = ((nowNs - atNs) * DRIFT_NS_PER_S) / NS_PER_S;
      const errorNs = Number(most - least) / 2 + Number(driftNs);
      if (best === undefined || errorNs < best.errorNs) {
        best = { middleNs: Number(nowNs - stampNs + least) + Number(most - least) / 2, errorNs };
      }
    }
    return best && { ageNs: Math.max(0, best.middleNs), errorNs: best.errorNs };
  }
}
