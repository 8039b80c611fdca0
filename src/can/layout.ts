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
const noData = new Uint8Array(0);
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
  if (offset + size > bytes.length) throw new RangeError(`${bytes.length} bytes have no room for a frame at ${offset}`);
  writeWord(bytes, offset, idWord(frame));
  if (frame.kind === "xl") {
    writeXl(bytes, offset, frame);
    return size;
  }
  const data = frame.kind === "remote" ? noData : frame.kind === "fd" ? padToFdLength(frame.data) : frame.data;
  const isShort = frame.kind === "data" || frame.kind === "remote";
  bytes[offset + 4] = isShort ? Math.min(frame.dlc, MAX_CLASSIC_LENGTH) : data.length;
  bytes[offset + 5] = frame.kind === "fd" ? fdFlags(frame.bitRateSwitch, frame.errorStateIndicator) : 0;
  bytes[offset + 6] = 0;
  bytes[offset + 7] = isShort && frame.dlc > MAX_CLASSIC_LENGTH ? frame.dlc : 0;
  const start = offset + DATA_OFFSET;
  // For so few bytes a loop costs less than the two calls.
  if (size === FrameBytesOf.CLASSIC) {
    for (let index = 0; index < MAX_CLASSIC_LENGTH; index++) bytes[start + index] = data[index] ?? 0;
    return size;
  }
  bytes.set(data, start);
  bytes.fill(0, start + data.length, offset + size);
  return size;
}

/** Reads the frame of `size` bytes at `offset`; see {@link decodeFrame}. The data is copied. */
export function readFrame(bytes: Uint8Array, offset: number, size: number): CanFrame {
  if (size >= FrameBytesOf.XL_HEADER && (byteAt(bytes, offset + 4) & XlFlag.XLF) !== 0) {
    return readXl(bytes, offset, size);
  }
  if (size !== FrameBytesOf.CLASSIC && size !== FrameBytesOf.FD) {
    throw undecodable(`${size} bytes are neither a classic frame (16), nor CAN FD (72), nor CAN XL`);
  }
  const word = readWord(bytes, offset);
  const length = byteAt(bytes, offset + 4);
  const most = size === FrameBytesOf.FD ? MAX_FD_LENGTH : MAX_CLASSIC_LENGTH;
  if (length > most) throw undecodable(`its length is ${length}, more than ${most}`);
  if (size === FrameBytesOf.FD) {
    return readFd(word, byteAt(bytes, offset + 5), copyData(bytes, offset + DATA_OFFSET, length));
  }
  if ((word & IdFlag.ERROR) !== 0) {
    return { kind: "error", classes: word & MAX_EXTENDED_ID, data: copyData(bytes, offset + DATA_OFFSET, length) };
  }
  const raw = byteAt(bytes, offset + 7);
  const dlc = length === MAX_CLASSIC_LENGTH && raw > MAX_CLASSIC_LENGTH && raw <= MAX_DLC ? raw : length;
  const id = idOf(word);
  if ((word & IdFlag.REMOTE) !== 0) return { kind: "remote", id, dlc };
  return { kind: "data", id, dlc, data: copyData(bytes, offset + DATA_OFFSET, length) };
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

function writeXl(bytes: Uint8Array, offset: number, frame: XlFrame): void {
  bytes[offset + 4] = xlFlags(frame);
  bytes[offset + 5] = frame.sduType;
  writeHalf(bytes, offset + 6, frame.data.length);
  writeWord(bytes, offset + 8, frame.acceptance);
  bytes.set(frame.data, offset + FrameBytesOf.XL_HEADER);
}

function readXl(bytes: Uint8Array, offset: number, size: number): XlFrame {
  const length = readHalf(bytes, offset + 6);
  const room = size - FrameBytesOf.XL_HEADER;
  if (length < 1 || length > MAX_XL_LENGTH || length > room) {
    throw undecodable(`a CAN XL frame of ${size} bytes says that it has ${length} bytes of data`);
  }
  const prio = readWord(bytes, offset);
  const flags = byteAt(bytes, offset + 4);
  return {
    kind: "xl",
    priority: (prio & MAX_STANDARD_ID) as StandardId,
    virtualNetwork: (prio >>> VCID_SHIFT) & 0xff,
    sduType: byteAt(bytes, offset + 5),
    acceptance: readWord(bytes, offset + 8),
    extendedContent: (flags & XlFlag.SEC) !== 0,
    remoteRequest: (flags & XlFlag.RRS) !== 0,
    data: copyData(bytes, offset + FrameBytesOf.XL_HEADER, length),
  };
}

/*
 * Numbers byte by byte: to make a DataView costs more than all the rest of a frame.
 */

function byteAt(bytes: Uint8Array, offset: number): number {
  return bytes[offset] as number;
}

function readHalf(bytes: Uint8Array, offset: number): number {
  const [first, second] = [byteAt(bytes, offset), byteAt(bytes, offset + 1)];
  return little ? first | (second << 8) : (first << 8) | second;
}

function readWord(bytes: Uint8Array, offset: number): number {
  const [first, second] = [readHalf(bytes, offset), readHalf(bytes, offset + 2)];
  return (little ? first | (second << 16) : (first << 16) | second) >>> 0;
}

function writeHalf(bytes: Uint8Array, offset: number, value: number): void {
  bytes[offset] = little ? value : value >>> 8;
  bytes[offset + 1] = little ? value >>> 8 : value;
}

function writeWord(bytes: Uint8Array, offset: number, value: number): void {
  writeHalf(bytes, offset, little ? value & 0xffff : value >>> 16);
  writeHalf(bytes, offset + 2, little ? value >>> 16 : value & 0xffff);
}

function copyData(bytes: Uint8Array, start: number, length: number): Uint8Array {
  if (length > MAX_CLASSIC_LENGTH) return bytes.slice(start, start + length);
  // For so few bytes a loop costs less than the call.
  const data = new Uint8Array(length);
  for (let index = 0; index < length; index++) data[index] = byteAt(bytes, start + index);
  return data;
}

function undecodable(found: string): IntercellError {
  return new IntercellError(ErrorCode.DECODE, `Cannot read a CAN frame as ${found}`);
}
