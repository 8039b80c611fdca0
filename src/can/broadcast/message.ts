import { endianness } from "node:os";
import type { CanFrame } from "../frame.js";
import { FrameBytesOf, readFrame, writeFrame } from "../layout.js";

/*
 * Messages of CAN_BCM (linux/can/bcm.h), in the byte order of the machine: a header, then frames of 16 bytes, or of 72 with
 * CAN_FD_FRAME. The header has longs, so that it is as the kernel's processor has it, whatever the process is.
 *
 *                  opcode flags count        ival1       ival2       can_id nframes        frames
 *  64-bit kernel  | 0    | 4   | 8   | pad  | 16   24   | 32   40   | 48   | 52           | 56 …
 *  32-bit kernel  | 0    | 4   | 8          | 12   16   | 20   24   | 28   | 32    | pad  | 40 …
 */
interface HeaderLayout {
  readonly longBytes: 4 | 8;
  readonly firstInterval: number;
  readonly secondInterval: number;
  readonly canId: number;
  readonly frameCount: number;
  readonly bytes: number;
}

/** Where the parts of the header lie, by the bits of the kernel's `long`. */
export const headerLayouts = {
  64: { longBytes: 8, firstInterval: 16, secondInterval: 32, canId: 48, frameCount: 52, bytes: 56 },
  32: { longBytes: 4, firstInterval: 12, secondInterval: 20, canId: 28, frameCount: 32, bytes: 40 },
} as const satisfies Record<number, HeaderLayout>;

export type LongBits = keyof typeof headerLayouts;

export const BroadcastOpcode = {
  TX_SETUP: 1,
  TX_DELETE: 2,
  RX_SETUP: 5,
  RX_DELETE: 6,
  TX_EXPIRED: 9,
  RX_TIMEOUT: 11,
  RX_CHANGED: 12,
} as const;

export const BroadcastFlag = {
  SETTIMER: 0x001,
  STARTTIMER: 0x002,
  TX_COUNTEVT: 0x004,
  TX_ANNOUNCE: 0x008,
  RX_FILTER_ID: 0x020,
  RX_CHECK_DLC: 0x040,
  RX_ANNOUNCE_RESUME: 0x100,
  CAN_FD_FRAME: 0x800,
} as const;

export interface BroadcastMessage {
  readonly opcode: number;
  readonly flags: number;
  readonly count: number;
  /** Microseconds. */
  readonly firstIntervalUs: number;
  /** Microseconds. */
  readonly secondIntervalUs: number;
  /** u32, with the flags of `can_id`. */
  readonly canId: number;
  readonly frames: readonly CanFrame[];
}

/** Most bytes of a message that the kernel sends: a header and one frame. */
export const MAX_EVENT_BYTES = headerLayouts[64].bytes + FrameBytesOf.FD;

const US_PER_SECOND = 1_000_000;
const little = endianness() === "LE";

/** A message as a kernel of this size of `long` takes it. */
export function encodeBroadcast(message: BroadcastMessage, bits: LongBits): Uint8Array {
  const layout: HeaderLayout = headerLayouts[bits];
  const frameBytes = frameBytesOf(message.flags);
  const bytes = new Uint8Array(layout.bytes + message.frames.length * frameBytes);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, message.opcode, little);
  view.setUint32(4, message.flags, little);
  view.setUint32(8, message.count, little);
  writeInterval(view, layout, layout.firstInterval, message.firstIntervalUs);
  writeInterval(view, layout, layout.secondInterval, message.secondIntervalUs);
  view.setUint32(layout.canId, message.canId, little);
  view.setUint32(layout.frameCount, message.frames.length, little);
  message.frames.forEach((frame, index) => {
    writeFrame(bytes, layout.bytes + index * frameBytes, frame);
  });
  return bytes;
}

/**
 * Reads a message of the kernel. What does not fit, frames that end too early among it, gives undefined.
 *
 * @throws IntercellError `ERR_DECODE` if a frame in it is none.
 */
export function decodeBroadcast(bytes: Uint8Array, bits: LongBits): BroadcastMessage | undefined {
  const layout: HeaderLayout = headerLayouts[bits];
  if (bytes.length < layout.bytes) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const flags = view.getUint32(4, little);
  const count = view.getUint32(layout.frameCount, little);
  const frameBytes = frameBytesOf(flags);
  if (bytes.length !== layout.bytes + count * frameBytes) return undefined;
  const frames: CanFrame[] = [];
  for (let index = 0; index < count; index++) {
    frames.push(readFrame(bytes, layout.bytes + index * frameBytes, frameBytes));
  }
  return {
    opcode: view.getUint32(0, little),
    flags,
    count: view.getUint32(8, little),
    firstIntervalUs: readInterval(view, layout, layout.firstInterval),
    secondIntervalUs: readInterval(view, layout, layout.secondInterval),
    canId: view.getUint32(layout.canId, little),
    frames,
  };
}

function frameBytesOf(flags: number): number {
  return (flags & BroadcastFlag.CAN_FD_FRAME) !== 0 ? FrameBytesOf.FD : FrameBytesOf.CLASSIC;
}

/** `struct bcm_timeval`: two longs. None of their values here needs more than 32 bits. */
function writeInterval(view: DataView, { longBytes }: HeaderLayout, offset: number, us: number): void {
  const longs = [Math.floor(us / US_PER_SECOND), us % US_PER_SECOND];
  longs.forEach((value, index) => {
    const at = offset + index * longBytes;
    if (longBytes === 8) view.setBigInt64(at, BigInt(value), little);
    else view.setInt32(at, value, little);
  });
}

function readInterval(view: DataView, { longBytes }: HeaderLayout, offset: number): number {
  const read = (at: number) => (longBytes === 8 ? Number(view.getBigInt64(at, little)) : view.getInt32(at, little));
  return read(offset) * US_PER_SECOND + read(offset + longBytes);
}
