import type { CarriedLinkStatistics } from "../../carried/statistics.js";

/** What a link over a network counts besides; all u53. */
export interface NetCounts {
  /** TCP connections to the peer that were made. */
  readonly connections: number;
  /** Connections that were not taken, or cut: not from the link, without a greeting, too many, or breaking the framing. */
  readonly refusedConnections: number;
  /** Connections that were cut as nothing came over them for `stallMs`. */
  readonly silentConnections: number;
  readonly sentDatagrams: number;
  /** Datagrams that the own kernel refused, and broadcasts that gave way to newer ones while the socket was busy. */
  readonly unsentDatagrams: number;
  readonly receivedDatagrams: number;
  /** Datagrams of the peer that did not come, or not in time. */
  readonly lostDatagrams: number;
  /** Datagrams that came after later ones, or twice: let go, as what they carry is old. */
  readonly lateDatagrams: number;
  /** Datagrams of somebody else, of another connection, or that are none. */
  readonly refusedDatagrams: number;
}

/** Counters of a link over a network since it was opened; all u53. */
export interface NetLinkStatistics extends CarriedLinkStatistics, NetCounts {}

/** The counters, as the parts of a carrier write them. */
export type NetCounters = { -readonly [K in keyof NetCounts]: number };

export function createNetCounters(): NetCounters {
  return {
    ...{ connections: 0, refusedConnections: 0, silentConnections: 0 },
    ...{ sentDatagrams: 0, unsentDatagrams: 0, receivedDatagrams: 0 },
    ...{ lostDatagrams: 0, lateDatagrams: 0, refusedDatagrams: 0 },
  };
}
