import type { Age } from "./clock-offset.js";
import type { DisplayCounts } from "./jitter-display.js";
import type { RoundTrips } from "./round-trips.js";

/** What Pi B's process is told to do. */
export type DisplayCommand =
  | { readonly kind: "ask-statistics" }
  | { readonly kind: "measure-round-trips"; readonly count: number };

/** Times in nanoseconds. */
export interface ShownMeasurement {
  readonly jitterNs: number;
  readonly minNs: number;
  readonly maxNs: number;
  readonly age?: Age | undefined;
}

export interface ShownStatistics {
  readonly ticks: number;
  readonly minNs: number;
  readonly maxNs: number;
}

/** What Pi B's process tells, with its counts at that moment. */
export type DisplayReport = { readonly counts: DisplayCounts } & (
  | { readonly kind: "ready" }
  | { readonly kind: "up"; readonly epoch: number; readonly resumed: boolean }
  | { readonly kind: "down"; readonly reason: string; readonly resumable: boolean }
  | { readonly kind: "measured"; readonly measurement: ShownMeasurement }
  | { readonly kind: "statistics"; readonly statistics: ShownStatistics }
  | { readonly kind: "round-trips"; readonly roundTrips: RoundTrips }
  | { readonly kind: "fault"; readonly message: string }
);

type Told<R> = R extends unknown ? Omit<R, "counts"> : never;

/** A report without the counts. */
export type DisplayEvent = Told<DisplayReport>;
