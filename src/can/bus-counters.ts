import type { CanBusStatistics } from "./bus.js";

/** The counters that the parts of a bus handle write. */
export type CanBusCounters = { -readonly [K in keyof CanBusStatistics]: number };

export function createBusCounters(): CanBusCounters {
  return {
    sentFrames: 0,
    receivedFrames: 0,
    confirmedFrames: 0,
    droppedFrames: 0,
    overflowedFrames: 0,
    undecodableFrames: 0,
    congestions: 0,
    errorFrames: 0,
  };
}
