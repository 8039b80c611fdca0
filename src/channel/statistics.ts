import type { LinkStatistics } from "./link.js";

/** Counters of one channel since it was opened; all u53. Bytes are counted by the link. */
export interface ChannelStatistics {
  /** Messages that this side committed. */
  readonly sent: number;
  /** Messages that arrived while somebody listened, those that do not decode included. */
  readonly received: number;
  /** Messages that a reader with `drop-oldest` or `drop-newest` had no room for, summed over all readers. */
  readonly dropped: number;
  /** Messages and broadcasts that nobody listened to. */
  readonly unheard: number;
  /** Messages, broadcasts, requests, replies and topics whose bytes hold no value of their type. */
  readonly undecodable: number;
  /** Requests that this side committed. */
  readonly requestsSent: number;
  /** Replies that settled a request of this side. */
  readonly repliesReceived: number;
  /** Requests of this side that ended without a reply: refused, timed out, aborted or cut off by the session's end. */
  readonly requestsFailed: number;
  /** Replies and errors that came after their request had ended. */
  readonly lateReplies: number;
  /** Requests that arrived here. */
  readonly requestsReceived: number;
  /** Replies that this side committed. */
  readonly repliesSent: number;
  /** Requests that were answered with an error: no handler, undecodable, busy, or the handler failed. */
  readonly requestsRefused: number;
  /** Replies that nobody waits for, as the request was cancelled or its session ended. */
  readonly repliesDiscarded: number;
  /** Errors and cancels that found no room on the link and none in the bounded queue. */
  readonly controlsDropped: number;
  readonly broadcastsSent: number;
  readonly broadcastsReceived: number;
  /** Broadcasts of the peer that this side was too slow for. */
  readonly broadcastsMissed: number;
  /** Values stored in topics. */
  readonly published: number;
  /** Sends and requests that wait for room or for the peer at this moment. */
  readonly waitingSends: number;
  /** Requests of this side that have not ended at this moment. */
  readonly pendingRequests: number;
  /** Requests of the peer that handlers are at work on at this moment. */
  readonly activeRequests: number;
  /** Of the whole link, all channels. */
  readonly link: LinkStatistics;
}

/** The counters that the parts of a channel write. */
export type ChannelCounters = {
  -readonly [K in Exclude<
    keyof ChannelStatistics,
    "waitingSends" | "pendingRequests" | "activeRequests" | "link"
  >]: number;
};

export function createCounters(): ChannelCounters {
  return {
    sent: 0,
    received: 0,
    dropped: 0,
    unheard: 0,
    undecodable: 0,
    requestsSent: 0,
    repliesReceived: 0,
    requestsFailed: 0,
    lateReplies: 0,
    requestsReceived: 0,
    repliesSent: 0,
    requestsRefused: 0,
    repliesDiscarded: 0,
    controlsDropped: 0,
    broadcastsSent: 0,
    broadcastsReceived: 0,
    broadcastsMissed: 0,
    published: 0,
  };
}
