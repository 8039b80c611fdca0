/*
 * Places and sizes of the wire, version 1 (docs/wire-protocol.md, section 1). native/include/intercell/wire.h holds the
 * same numbers; a test holds the two against each other. All offsets are in bytes.
 */

/** "ICEL" as a little-endian u32. */
export const MAGIC = 0x4c454349;
export const WIRE_VERSION = 1;

/** Parts of a section start at multiples of this, so that no two share a cache line on any machine of the field. */
export const LINE_BYTES = 128;

export const Header = {
  magic: 0x00,
  version: 0x04,
  peerId: 0x06,
  sectionSize: 0x08,
  flags: 0x0c,
  epochCounter: 0x10,
  maxPeers: 0x14,
  vector: 0x16,
  latestOffset: 0x18,
  latestSize: 0x1c,
  broadcastControl: 0x20,
  broadcastRing: 0x24,
  broadcastCapacity: 0x28,
  heartbeatIntervalMs: 0x2c,
  reserved: 0x30,
} as const;
export const HEADER_BYTES = LINE_BYTES;

export const HEARTBEAT_OFFSET = 0x80;

export const DIRECTORY_OFFSET = 0x100;
export const DIRECTORY_ENTRY_BYTES = 16;
export const DirectoryEntry = { control: 0, ring: 4, capacity: 8, epoch: 12 } as const;

export const Control = { tail: 0x000, head: 0x080, wake: 0x100, echo: 0x104, open: 0x108, fault: 0x10c } as const;
export const CONTROL_BYTES = 3 * LINE_BYTES;

export const Broadcast = { intent: 0, tail: 4, latest: 8, nextSequence: 12 } as const;

export const Record = { length: 0, kind: 4, flags: 5, channel: 6, sequence: 8, message: 12, reserved: 14 } as const;
export const RECORD_HEADER_BYTES = 16;
export const RECORD_ALIGN_BYTES = 8;
export const PAD_KIND = 0;
export const HIGHEST_KIND = 7;

export const MIN_RING_BYTES = 256;
export const MAX_RING_BYTES = 2 ** 30;

export const Slot = { sequence: 0, length: 4 } as const;
export const SLOT_HEADER_BYTES = 16;
export const SLOT_ALIGN_BYTES = 64;

export const WakeBit = { data: 1, room: 2 } as const;

/** Bytes before the first part whose place the owner chooses. */
export function fixedBytes(maxPeers: number): number {
  return DIRECTORY_OFFSET + alignUp(maxPeers * DIRECTORY_ENTRY_BYTES, LINE_BYTES);
}

/** Rounds `value` up to a multiple of `align`, a power of two; both below 2^53. */
export function alignUp(value: number, align: number): number {
  return Math.ceil(value / align) * align;
}

/** Largest power of two that is not above `value`; 0 for values below 1. */
export function powerOfTwoBelow(value: number): number {
  return value < 1 ? 0 : 2 ** Math.floor(Math.log2(value));
}

/** Bytes of the latest-value slot of a topic whose values take up to `valueBytes`. */
export function slotBytes(valueBytes: number): number {
  return alignUp(SLOT_HEADER_BYTES + valueBytes, SLOT_ALIGN_BYTES);
}
