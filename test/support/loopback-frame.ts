import type { PortAnnouncement, RecordKind } from "../../src/channel/index.js";

export interface LoopbackOptions {
  /** Bytes on the way in each direction, headers included. A record takes at most half. */
  readonly capacityBytes: number;
  /** Broadcasts that a slow reader may be behind. */
  readonly broadcastRecords: number;
}

/** One record on the way; the payload lies at `OFFSET`, so that whoever forgets the offset is found out. */
export interface Frame {
  readonly kind: RecordKind;
  readonly channel: number;
  readonly message: number;
  readonly sequence: number;
  readonly view: DataView;
  readonly length: number;
  readonly announcement?: PortAnnouncement;
}

export interface Broadcast {
  readonly index: number;
  readonly channel: number;
  readonly message: number;
  readonly view: DataView;
  readonly length: number;
}

/** Bytes of a record without its payload. */
export const HEADER_BYTES = 16;

/** Bytes that a record takes on the way. */
export function frameBytes(lengthBytes: number): number {
  return HEADER_BYTES + Math.ceil(lengthBytes / 8) * 8;
}
