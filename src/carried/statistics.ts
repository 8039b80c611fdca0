import type { LinkStatistics } from "../channel/link.js";
import { createLinkCounters, type LinkCounters } from "../channel/link-counters.js";

/** Counters of a link that is carried since it was opened; all u53. What rings doorbells elsewhere is 0 here. */
export interface CarriedLinkStatistics extends LinkStatistics {
  /** Bytes of the stream that were sent once more, as the peer missed them. */
  readonly resentBytes: number;
  /** PDUs that did not get through; what was in them is sent again. */
  readonly failedPdus: number;
  /** PDUs that came for a session that is over, or not yet open; broadcasts that came again or late. */
  readonly stalePdus: number;
}

/** The counters, as the parts of a link write them. */
export type CarriedCounters = LinkCounters & { resentBytes: number; failedPdus: number; stalePdus: number };

export function createCarriedCounters(): CarriedCounters {
  return { ...createLinkCounters(), resentBytes: 0, failedPdus: 0, stalePdus: 0 };
}
