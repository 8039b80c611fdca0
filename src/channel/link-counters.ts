import type { LinkStatistics } from "./link.js";

/** The counters of a link, as its parts write them. */
export type LinkCounters = {
  -readonly [K in Exclude<keyof LinkStatistics, "ringHighWaterBytes" | "ringCapacityBytes">]: number;
};

export function createLinkCounters(): LinkCounters {
  return {
    sentRecords: 0,
    sentBytes: 0,
    receivedRecords: 0,
    receivedBytes: 0,
    lostRecords: 0,
    unroutableRecords: 0,
    missedBroadcasts: 0,
    doorbellsRung: 0,
    doorbellsSaved: 0,
    rescuedByPoll: 0,
    sessions: 0,
    faults: 0,
  };
}
