import type { WaitStrategy } from "intercell/shm";
import type { HistogramData } from "../histogram.js";

/** Options of both ends of a measurement of round trips. */
export interface TripOptions {
  /** `manual`: both sides spin. `doorbell`: both sleep in the event loop. */
  readonly wait: WaitStrategy;
  readonly trips: number;
  readonly warmupTrips: number;
  /** Pause before each trip in milliseconds. */
  readonly pauseMs: number;
  /** Ring for every message, whether the peer asked for it or not. */
  readonly ringAlways: boolean;
}

export interface TripResult {
  readonly histogram: HistogramData;
  readonly doorbellsRung: number;
}
