import { describe, expect, test } from "vitest";
import { encodeBroadcast } from "../../src/carried/broadcast.js";
import { LinkInbox } from "../../src/carried/inbox.js";
import { Incoming } from "../../src/carried/incoming.js";
import { LinkRoster } from "../../src/carried/roster.js";
import { createCarriedCounters } from "../../src/carried/statistics.js";

describe("LinkInbox", () => {
  test.each<[string, readonly number[], missed: number, stale: number]>([
    ["each comes once", [7, 8, 9], 0, 0],
    ["some are missing", [7, 10, 11, 20], 10, 0],
    ["one comes twice", [7, 8, 8, 9], 0, 1],
    ["one comes late", [7, 9, 8, 10], 1, 1],
    ["the numbers wrap", [65_535, 0, 1, 65_535], 0, 1],
    ["more than half of all numbers are missing", [7, 40_007, 40_008], 39_999, 0],
  ])("takeBroadcast() counts what was missed and what is stale when %s", (_, sequences, missed, stale) => {
    const counters = createCarriedCounters();
    const inbox = new LinkInbox(new Incoming(1024), new LinkRoster(), counters);
    for (const sequence of sequences) inbox.takeBroadcast(encodeBroadcast(sequence, 1, 0, Uint8Array.of(1)));
    expect([counters.missedBroadcasts, counters.stalePdus]).toEqual([missed, stale]);
  });
});
