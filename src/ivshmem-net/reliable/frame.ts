/*
 * What follows the Ethernet header of a frame (docs/ivshmem-net-ethernet.md, section "The wire"); little-endian:
 *
 *  0   u8  magic 0x1c
 *  1   u8  version 1 in bits 7..4, type in bits 3..0
 *  2   u16 bytes behind this header; what is behind them is padding
 *  4   u32 epoch of the sender, not 0
 *  8   u32 epoch of the receiver as the sender has heard it, or 0
 * 12   u32 number of the record, or of the one that the sender will send next
 * 16   u32 all records of the receiver's before this number have arrived
 * 20   u16 how many records beyond that one the sender takes
 * 22   u8  flags
 * 23   u8  kind of the record or datagram, which is the user's
 */

/** Bytes of the header. */
export const RELIABLE_HEADER_BYTES = 24;

const MAGIC = 0x1c;
const VERSION = 1;

/** What a frame is for. */
export const FrameKind = {
  /** I am there, under this epoch. */
  HELLO: 0,
  /** A record, which is sent until it has arrived. */
  DATA: 1,
  /** I still am, and have what the header says. */
  ACK: 2,
  /** Something that is sent once. */
  DATAGRAM: 3,
  /** I leave. */
  BYE: 4,
} as const;
export type FrameKind = (typeof FrameKind)[keyof typeof FrameKind];

/** Flag: records from the acknowledged number on got lost and are to be sent again at once. */
export const AGAIN = 1;

export interface ReliableHeader {
  readonly type: FrameKind;
  readonly epoch: number;
  readonly echo: number;
  readonly sequence: number;
  readonly acknowledged: number;
  readonly window: number;
  readonly flags: number;
  readonly kind: number;
}

/** Writes a header; `length` is that of what follows. */
export function writeReliableHeader(view: DataView, offset: number, header: ReliableHeader, length: number): void {
  view.setUint8(offset, MAGIC);
  view.setUint8(offset + 1, (VERSION << 4) | header.type);
  view.setUint16(offset + 2, length, true);
  view.setUint32(offset + 4, header.epoch, true);
  view.setUint32(offset + 8, header.echo, true);
  view.setUint32(offset + 12, header.sequence, true);
  view.setUint32(offset + 16, header.acknowledged, true);
  view.setUint16(offset + 20, header.window, true);
  view.setUint8(offset + 22, header.flags);
  view.setUint8(offset + 23, header.kind);
}

/** The header at the begin of some bytes and what it says follows it; undefined if they are no frame of this protocol. */
export function readReliableFrame(bytes: Uint8Array): { header: ReliableHeader; payload: Uint8Array } | undefined {
  if (bytes.length < RELIABLE_HEADER_BYTES) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const type = view.getUint8(1) & 0xf;
  const length = view.getUint16(2, true);
  const epoch = view.getUint32(4, true);
  if (view.getUint8(0) !== MAGIC || view.getUint8(1) >>> 4 !== VERSION || type > FrameKind.BYE || epoch === 0) {
    return undefined;
  }
  if (RELIABLE_HEADER_BYTES + length > bytes.length) return undefined;
  const header: ReliableHeader = {
    type: type as FrameKind,
    epoch,
    echo: view.getUint32(8, true),
    sequence: view.getUint32(12, true),
    acknowledged: view.getUint32(16, true),
    window: view.getUint16(20, true),
    flags: view.getUint8(22),
    kind: view.getUint8(23),
  };
  return { header, payload: bytes.subarray(RELIABLE_HEADER_BYTES, RELIABLE_HEADER_BYTES + length) };
}
