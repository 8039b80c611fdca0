import { viewOf } from "./attribute.js";

/** Counters of an interface since it was made; u53. */
export interface LinkStatistics {
  readonly receivedPackets: number;
  readonly sentPackets: number;
  readonly receivedBytes: number;
  readonly sentBytes: number;
  readonly receiveErrors: number;
  readonly sendErrors: number;
  readonly receiveDropped: number;
  readonly sendDropped: number;
  readonly multicast: number;
  readonly collisions: number;
  /** Received faulty, by reason: they are among `receiveErrors`. */
  readonly receiveLengthErrors: number;
  readonly receiveOverErrors: number;
  readonly receiveCrcErrors: number;
  readonly receiveFrameErrors: number;
  readonly receiveFifoErrors: number;
  readonly receiveMissedErrors: number;
}

/** In the order of the kernel, one u64 each (linux/if_link.h, struct rtnl_link_stats64). */
const fields = [
  "receivedPackets",
  "sentPackets",
  "receivedBytes",
  "sentBytes",
  "receiveErrors",
  "sendErrors",
  "receiveDropped",
  "sendDropped",
  "multicast",
  "collisions",
  "receiveLengthErrors",
  "receiveOverErrors",
  "receiveCrcErrors",
  "receiveFrameErrors",
  "receiveFifoErrors",
  "receiveMissedErrors",
] as const satisfies readonly (keyof LinkStatistics)[];

const COUNTER_BYTES = 8;

/** Reads as many counters as there are; those that an old kernel does not have are 0. */
export function parseStatistics(bytes: Uint8Array): LinkStatistics {
  const view = viewOf(bytes);
  const read = (at: number) => (at + COUNTER_BYTES <= bytes.length ? Number(view.getBigUint64(at, true)) : 0);
  const entries = fields.map((field, position) => [field, read(position * COUNTER_BYTES)] as const);
  return Object.fromEntries(entries) as unknown as LinkStatistics;
}
