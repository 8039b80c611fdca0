import type { RoundTripSummary } from "./round-trip-times.js";

/** What came of it. Each probe is in one of `received`, `timedOut`, `unanswered` and `unsent`. */
export interface PingReport {
  /** Probes, with those that could not be sent. */
  readonly transmitted: number;
  /** Probes that were answered in time. */
  readonly received: number;
  readonly timedOut: number;
  /** Probes that still waited when it was ended. */
  readonly unanswered: number;
  /** Probes that found no room, or the link down. */
  readonly unsent: number;
  /** Further answers to a probe; answers that came too late; answers that were not what was sent. */
  readonly duplicates: number;
  readonly late: number;
  readonly corrupted: number;
  readonly durationMs: number;
  /** Undefined without an answer. */
  readonly roundTrip: RoundTripSummary | undefined;
}
