import type { LinkStatistics } from "../../src/channel/index.js";

export type Counters = { -readonly [K in keyof LinkStatistics]: number };

export function createLinkCounters(capacityBytes: number): Counters {
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
    ringHighWaterBytes: 0,
    ringCapacityBytes: capacityBytes,
    sessions: 0,
    faults: 0,
  };
}
