/** How much is measured. Times in milliseconds. */
export interface Plan {
  readonly quick: boolean;
  /** Runs of each measurement, of which the median is taken. */
  readonly runs: number;
  /** Time before the measured window of a throughput, in which code is compiled and caches fill. */
  readonly warmupMs: number;
  /** The measured window of a throughput. */
  readonly windowMs: number;
  /** Spin round trips in one run. */
  readonly spinTrips: number;
  /** Round trips by doorbell or socket in one run. */
  readonly wakeTrips: number;
  /** Round trips with a pause between, in one run. */
  readonly idleTrips: number;
  /** Messages between the two looks at the heap. */
  readonly heapMessages: number;
}

export function createPlan(quick: boolean): Plan {
  if (quick) {
    return {
      ...{ quick, runs: 1, warmupMs: 200, windowMs: 200 },
      ...{ spinTrips: 20_000, wakeTrips: 500, idleTrips: 50, heapMessages: 200_000 },
    };
  }
  return {
    ...{ quick, runs: 5, warmupMs: 500, windowMs: 1000 },
    ...{ spinTrips: 10_000_000, wakeTrips: 20_000, idleTrips: 1000, heapMessages: 1_000_000 },
  };
}
