import { endianness } from "node:os";
import { ErrorCode, IntercellError } from "../errors.js";
import { MAX_CLASSIC_LENGTH, MAX_DLC, MAX_FD_LENGTH, MAX_XL_LENGTH } from "./dlc.js";
import { type CanFrame, padToFdLength, type XlFrame } from "./frame.js";
import { type CanId, MAX_EXTENDED_ID, MAX_STANDARD_ID, type StandardId } from "./id.js";

/*
 * The kernel's frames (linux/can.h), in the byte order of the machine. The number of bytes tells classic from CAN FD, and
 * the highest bit of the byte at 4, which is no length of either, tells CAN XL.
 *
 *                0        4       5        6       7         8
 *  can_frame    | can_id | len   | pad    | res   | len8_dlc | data[8]                      16 bytes
 *  canfd_frame  | can_id | len   | flags  | res   | res      | data[64]                     72 bytes
 *  canxl_frame  | prio   | flags | sdt    | len u16          | af u32 | data[1 to 2048]     12 bytes and the data
 */

/** Sizes of `struct can_frame`, of `struct canfd_frame`, and of `struct canxl_frame` without its data, in bytes. */
export const FrameBytesOf = { CLASSIC: 16, FD: 72, XL_HEADER: 12 } as const;

/** Most bytes that a frame takes: a whole `struct canxl_frame`. */
export const MAX_FRAME_BYTES = FrameBytesOf.XL_HEADER + MAX_XL_LENGTH;

/** Flags of `can_id` (linux/can.h). */
export const IdFlag = { EXTENDED: 0x8000_0000, REMOTE: 0x4000_0000, ERROR: 0x2000_0000 } as const;

/** Flags of `struct canfd_frame` (linux/can.h). The kernel sets FDF in each frame that it gives out, from 6.0 on. */
export const FdFlag = { BRS: 0x01, ESI: 0x02, FDF: 0x04 } as const;

/** Flags of `struct canxl_frame` (linux/can.h). */
export const XlFlag = { SEC: 0x01, RRS: 0x02, XLF: 0x80 } as const;

/** Where the virtual network is in `prio` (`CANXL_VCID_OFFSET`, linux/can.h from 6.9 on). */
const VCID_SHIFT = 16;

const DATA_OFFSET = 8;
const little = endianness() === "LE";

/** The kernel's `can_id`, or `prio`, of a frame: what filters are held against. u32. */
export function idWord(frame: CanFrame): number {
  switch (frame.kind) {
    case "data":
    case "fd":
      return frame.id;
    case "remote":
      return frame.id + IdFlag.REMOTE;
    case "error":
      return frame.classes + IdFlag.ERROR;
    case "xl":
      return frame.priority + frame.virtualNetwork * 2 ** VCID_SHIFT;
  }
}

/** Bytes that {@link writeFrame} writes. */
export function frameSizeBytes(frame: CanFrame): number {
  if (frame.kind === "fd") return FrameBytesOf.FD;
  return frame.kind === "xl" ? FrameBytesOf.XL_HEADER + frame.data.length : FrameBytesOf.CLASSIC;
}

/** The frame as the kernel takes it: 16, 72, or 12 bytes and the data. CAN FD data is padded to a length of the wire. */
export function encodeFrame(frame: CanFrame): Uint8Array {
  const bytes = new Uint8Array(frameSizeBytes(frame));
  writeFrame(bytes, 0, frame);
  return bytes;
}

/**
 * Reads a frame as the kernel gives it.
 *
 * @throws IntercellError `ERR_DECODE` if the number of bytes or a length in them is none of a frame.
 */
export function decodeFrame(bytes: Uint8Array): CanFrame {
  return readFrame(bytes, 0, bytes.length);
}

/** Writes a frame at `offset`, all of its bytes, and returns how many: {@link frameSizeBytes}. */
export function writeFrame(bytes: Uint8Array, offset: number, frame: CanFrame): number {
  const size = frameSizeBytes(frame);
  const view = new DataView(bytes.buffer, bytes.byteOffset + offset, size);
  view.setUint32(0, idWord(frame), little);
  if (frame.kind === "xl") {
    writeXl(view, frame);
    bytes.set(frame.data, offset + FrameBytesOf.XL_HEADER);
    return size;
  }
  const data =
    frame.kind === "remote" ? new Uint8Array(0) : frame.kind === "fd" ? padToFdLength(frame.data) : frame.data;
  const isShort = frame.kind === "data" || frame.kind === "remote";
  view.setUint8(4, isShort ? Math.min(frame.dlc, MAX_CLASSIC_LENGTH) : data.length);
  view.setUint8(5, frame.kind === "fd" ? fdFlags(frame.bitRateSwitch, frame.errorStateIndicator) : 0);
  view.setUint8(6, 0);
  view.setUint8(7, isShort && frame.dlc > MAX_CLASSIC_LENGTH ? frame.dlc : 0);
  bytes.set(data, offset + DATA_OFFSET);
  bytes.fill(0, offset + DATA_OFFSET + data.length, offset + size);
  return size;
}

/** Reads the frame of `size` bytes at `offset`; see {@link decodeFrame}. The data is copied. */
export function readFrame(bytes: Uint8Array, offset: number, size: number): CanFrame {
  const view = new DataView(bytes.buffer, bytes.byteOffset + offset, size);
  if (size >= FrameBytesOf.XL_HEADER && (view.getUint8(4) & XlFlag.XLF) !== 0) return readXl(view);
  if (size !== FrameBytesOf.CLASSIC && size !== FrameBytesOf.FD) {
    throw undecodable(`${size} bytes are neither a classic frame (16), nor CAN FD (72), nor CAN XL`);
  }
  const word = view.getUint32(0, little);
  const length = view.getUint8(4);
  const most = size === FrameBytesOf.FD ? MAX_FD_LENGTH : MAX_CLASSIC_LENGTH;
  if (length > most) throw undecodable(`its length is ${length}, more than ${most}`);
  const data = bytes.slice(offset + DATA_OFFSET, offset + DATA_OFFSET + length);
  if (size === FrameBytesOf.FD) return readFd(word, view.getUint8(5), data);
  if ((word & IdFlag.ERROR) !== 0) return { kind: "error", classes: word & MAX_EXTENDED_ID, data };
  const raw = view.getUint8(7);
  const dlc = length === MAX_CLASSIC_LENGTH && raw > MAX_CLASSIC_LENGTH && raw <= MAX_DLC ? raw : length;
  const id = idOf(word);
  return (word & IdFlag.REMOTE) === 0 ? { kind: "data", id, dlc, data } : { kind: "remote", id, dlc };
}

/** The flags of `struct canfd_frame`. */
export function fdFlags(bitRateSwitch: boolean, errorStateIndicator: boolean): number {
  return FdFlag.FDF | (bitRateSwitch ? FdFlag.BRS : 0) | (errorStateIndicator ? FdFlag.ESI : 0);
}

/** The flags of `struct canxl_frame`. */
export function xlFlags({ extendedContent, remoteRequest }: XlFrame): number {
  return XlFlag.XLF | (extendedContent ? XlFlag.SEC : 0) | (remoteRequest ? XlFlag.RRS : 0);
}

/** The id of a `can_id` that says neither remote nor error. Without the flag for 29 bits, all above 11 are ignored. */
export function idOf(word: number): CanId {
  const extended = (word & IdFlag.EXTENDED) !== 0;
  return (extended ? (word & MAX_EXTENDED_ID) + IdFlag.EXTENDED : word & MAX_STANDARD_ID) as CanId;
}

function readFd(word: number, flags: number, data: Uint8Array): CanFrame {
  if ((word & (IdFlag.ERROR | IdFlag.REMOTE)) !== 0) {
    throw undecodable("a CAN FD frame is neither remote nor an error frame");
  }
  const bitRateSwitch = (flags & FdFlag.BRS) !== 0;
  return { kind: "fd", id: idOf(word), bitRateSwitch, errorStateIndicator: (flags & FdFlag.ESI) !== 0, data };
}

function writeXl(view: DataView, frame: XlFrame): void {
  view.setUint8(4, xlFlags(frame));
  view.setUint8(5, frame.sduType);
  view.setUint16(6, frame.data.length, little);
  view.setUint32(8, frame.acceptance, little);
}

function readXl(view: DataView): XlFrame {
  const length = view.getUint16(6, little);
  const room = view.byteLength - FrameBytesOf.XL_HEADER;
  if (length < 1 || length > MAX_XL_LENGTH || length > room) {
    throw undecodable(`a CAN XL frame of ${view.byteLength} bytes says that it has ${length} bytes of data`);
  }
  const prio = view.getUint32(0, little);
  const flags = view.getUint8(4);
  return {
    kind: "xl",
    priority: (prio & MAX_STANDARD_ID) as StandardId,
    virtualNetwork: (prio >>> VCID_SHIFT) & 0xff,
    sduType: view.getUint8(5),
    acceptance: view.getUint32(8, little),
    extendedContent: (flags & XlFlag.SEC) !== 0,
    remoteRequest: (flags & XlFlag.RRS) !== 0,
    data: new Uint8Array(view.buffer, view.byteOffset + FrameBytesOf.XL_HEADER, length).slice(),
  };
}

function undecodable(found: string): IntercellError {
  return new IntercellError(ErrorCode.DECODE, `Cannot read a CAN frame as ${found}`);
}
