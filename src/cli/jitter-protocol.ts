import { defineProtocol } from "../channel/index.js";
import { struct, u32, u64AsNumber } from "../schema/index.js";

/** One firing of the inmate's timer. Times in nanoseconds of the inmate's monotonic clock. */
export const Measurement = struct("Measurement", {
  /** Counts from 1 in each run of the inmate; a gap is a loss. */
  tick: u32,
  /** Measurements of this run that found no room on the link and were dropped. */
  unsent: u32,
  /** How much later than programmed the timer fired. */
  jitterNs: u64AsNumber,
  /** Least and greatest jitter since the statistics were reset, this one included. */
  minNs: u64AsNumber,
  maxNs: u64AsNumber,
});

/** Asks the inmate to begin its statistics anew. */
export const ResetStatistics = struct("ResetStatistics", {
  /** The last tick that the asking side has seen. */
  lastTick: u32,
});

/** The statistics as they were before a reset. */
export const Statistics = struct("Statistics", {
  /** The last tick that they include. */
  lastTick: u32,
  /** How many ticks they include. */
  ticks: u32,
  /** Both 0 if there was no tick. */
  minNs: u64AsNumber,
  maxNs: u64AsNumber,
});

/** Sent back as it is. */
export const Echo = struct("Echo", { number: u32 });

const definition = {
  messages: { measurement: Measurement },
  requests: {
    reset: { request: ResetStatistics, reply: Statistics },
    echo: { request: Echo, reply: Echo },
  },
} as const;

/** The type of {@link jitterProtocol}'s definition. */
export type JitterDefinition = typeof definition;

/** What the jitter demo's inmate and the root cell say to each other. */
export const jitterProtocol = defineProtocol("jitter", definition);
