import { ErrorCode, IntercellError, requireKnownKeys, systemError } from "../errors.js";
import { type Descriptor, enableTimestamps, getSocketOption, setSocketOption } from "../native.js";
import type { CanBusOptions } from "./bus.js";
import {
  busOptionKeys,
  type CheckedBusOptions,
  checkBusOptions,
  requireBoolean,
  requireInteger,
} from "./bus-options.js";
import type { CanInterface } from "./can-descriptor.js";
import { encodeFilters } from "./filter.js";

export interface SocketCanOptions extends CanBusOptions {
  /**
   * Whether CAN FD frames are sent and received.
   * @defaultValue whether the interface carries them
   */
  readonly fd?: boolean | undefined;
  /** Whether CAN XL frames are sent and received, which implies `fd`. Takes Linux 6.2 or later. @defaultValue false */
  readonly xl?: boolean | undefined;
  /** Whether other sockets of this machine, and this one, get what this one sends. @defaultValue true */
  readonly loopback?: boolean | undefined;
  /**
   * Bytes that the kernel may hold for this handle, as SO_RCVBUF counts them, 1 to 2^30. A frame takes about 770 of them
   * twice, so that 4 MiB hold some 10,900 frames: more than a second of a full bus at 1 Mbit/s. Without the right to more
   * (CAP_NET_ADMIN) the kernel gives at most net.core.rmem_max; see {@link SocketCanBus.receiveBufferBytes}.
   * @defaultValue 4 MiB
   */
  readonly receiveBufferBytes?: number | undefined;
  /**
   * Bytes that frames on their way from this handle may take, as SO_SNDBUF counts them, 1 to 2^30. With the least the
   * kernel makes the handle wait before the queue of the device (`txqueuelen`) is full, so that it is woken when there is room
   * rather than having to try again; see {@link SocketCanBus.sendBufferBytes}.
   * @defaultValue the least that the kernel has: about 6 frames
   */
  readonly sendBufferBytes?: number | undefined;
  /**
   * Milliseconds that frames gather in the kernel after some were handed out, 0 to 1000. The first after a pause comes at once;
   * those after it come together, up to so much later, which saves most of what one costs where they come one by one.
   * @defaultValue 0
   */
  readonly gatherMs?: number | undefined;
  /** Whether the device says when it got each frame; refused if it cannot. @defaultValue false */
  readonly hardwareTimestamps?: boolean | undefined;
  /** Whether the handle works again once an interface of this name returns after its removal. @defaultValue false */
  readonly reopen?: boolean | undefined;
}

/** {@link SocketCanOptions} that were checked, with their defaults. */
export interface CheckedSocketOptions extends CheckedBusOptions {
  readonly fd: boolean | undefined;
  readonly xl: boolean;
  readonly loopback: boolean;
  readonly receiveBufferBytes: number;
  readonly sendBufferBytes: number;
  readonly gatherMs: number;
  readonly hardwareTimestamps: boolean;
  readonly reopen: boolean;
}

const knownKeys: readonly (keyof SocketCanOptions)[] = [
  ...(busOptionKeys as readonly (keyof CanBusOptions)[]),
  ...(["fd", "xl", "loopback", "receiveBufferBytes", "sendBufferBytes", "gatherMs"] as const),
  ...(["hardwareTimestamps", "reopen"] as const),
];

const MAX_BUFFER_BYTES = 2 ** 30;
const DEFAULT_RECEIVE_BYTES = 4 * 2 ** 20;
const MAX_GATHER_MS = 1000;

/** @throws TypeError or RangeError if the options are not as {@link SocketCanOptions} says. */
export function checkSocketOptions(options: SocketCanOptions): CheckedSocketOptions {
  requireKnownKeys("openSocketCan", options, knownKeys);
  const { fd, xl = false, loopback = true, hardwareTimestamps = false, reopen = false } = options;
  const { receiveBufferBytes = DEFAULT_RECEIVE_BYTES, sendBufferBytes = 1, gatherMs = 0 } = options;
  if (fd !== undefined) requireBoolean("fd", fd);
  const flags = { xl, loopback, hardwareTimestamps, reopen };
  for (const [name, value] of Object.entries(flags)) requireBoolean(name, value);
  if (xl && fd === false) throw new TypeError("xl of a CAN bus implies fd, which is false");
  requireInteger("receiveBufferBytes", receiveBufferBytes, 1, MAX_BUFFER_BYTES);
  requireInteger("sendBufferBytes", sendBufferBytes, 1, MAX_BUFFER_BYTES);
  requireInteger("gatherMs", gatherMs, 0, MAX_GATHER_MS);
  return { ...checkBusOptions(options), ...flags, fd, receiveBufferBytes, sendBufferBytes, gatherMs };
}

/** Options of level SOL_SOCKET (asm-generic/socket.h). */
const SocketOption = { SNDBUF: 7, RCVBUF: 8, RCVBUFFORCE: 33, RXQ_OVFL: 40, MEMINFO: 55 } as const;
const SOL_SOCKET = 1;

/** Options of level SOL_CAN_RAW (linux/can/raw.h). */
const RawOption = {
  FILTER: 1,
  ERR_FILTER: 2,
  LOOPBACK: 3,
  RECV_OWN_MSGS: 4,
  FD_FRAMES: 5,
  JOIN_FILTERS: 6,
  XL_FRAMES: 7,
};
const SOL_CAN_RAW = 101;

/** Place of the drop counter among the u32 of SO_MEMINFO (`SK_MEMINFO_DROPS`, linux/sock_diag.h). */
const MEMINFO_DROPS = 8;
const MEMINFO_COUNT = 9;

/** Sets a CAN_RAW socket up, before it is bound. @throws IntercellError, `ERR_UNSUPPORTED` for what the kernel lacks. */
export function applyOptions(fd: Descriptor, options: CheckedSocketOptions, found: CanInterface): void {
  const { filterSet, loopback, ownFrames, xl } = options;
  const raw = (option: number, value: number, what: string) => setRaw(fd, found, option, word(value), what);
  raw(RawOption.LOOPBACK, Number(loopback), "loopback option");
  raw(RawOption.RECV_OWN_MSGS, Number(ownFrames), "option to receive own frames");
  if (options.fd !== false) raw(RawOption.FD_FRAMES, 1, "CAN FD");
  if (xl) raw(RawOption.XL_FRAMES, 1, "CAN XL");
  if (filterSet.joinFilters) raw(RawOption.JOIN_FILTERS, 1, "joined filters");
  applyFilters(fd, options, found);
  enableTimestamps(fd, options.hardwareTimestamps);
  setSocketOption(fd, SOL_SOCKET, SocketOption.RXQ_OVFL, word(1));
}

/** Sets the filters, which a socket loses when its interface is removed (raw_notify(), net/can/raw.c). */
export function applyFilters(fd: Descriptor, { filterSet }: CheckedSocketOptions, found: CanInterface): void {
  const { filters, errorMask } = filterSet;
  setRaw(fd, found, RawOption.FILTER, encodeFilters(filters), `room for ${filters.length} filters`);
  setRaw(fd, found, RawOption.ERR_FILTER, word(errorMask), "error mask");
}

function setRaw(fd: Descriptor, { name }: CanInterface, option: number, bytes: Uint8Array, what: string): void {
  const errno = setSocketOption(fd, SOL_CAN_RAW, option, bytes);
  if (errno === 0) return;
  const cause = systemError({ errno, syscall: "setsockopt", path: name, wanted: `set ${what}` });
  throw new IntercellError(ErrorCode.UNSUPPORTED, `This kernel's CAN_RAW has no ${what}: ${cause.message}`, { cause });
}

/** Asks for a receive buffer, by privilege if there is any; gives the bytes that the kernel counts with. */
export function setReceiveBuffer(fd: Descriptor, bytes: number): number {
  if (setSocketOption(fd, SOL_SOCKET, SocketOption.RCVBUFFORCE, word(bytes)) !== 0) {
    setSocketOption(fd, SOL_SOCKET, SocketOption.RCVBUF, word(bytes));
  }
  return readWord(fd, SocketOption.RCVBUF);
}

/** Asks for a send buffer; gives the bytes that the kernel counts with. */
export function setSendBuffer(fd: Descriptor, bytes: number): number {
  setSocketOption(fd, SOL_SOCKET, SocketOption.SNDBUF, word(bytes));
  return readWord(fd, SocketOption.SNDBUF);
}

/** Messages that the kernel dropped at this socket as its buffer was full, modulo 2^32. Undefined before Linux 4.12. */
export function readDrops(fd: Descriptor): number | undefined {
  const words = new Uint32Array(MEMINFO_COUNT);
  const length = getSocketOption(fd, SOL_SOCKET, SocketOption.MEMINFO, new Uint8Array(words.buffer));
  return length === words.byteLength ? words[MEMINFO_DROPS] : undefined;
}

function readWord(fd: Descriptor, option: number): number {
  const words = new Uint32Array(1);
  getSocketOption(fd, SOL_SOCKET, option, new Uint8Array(words.buffer));
  return words[0] as number;
}

function word(value: number): Uint8Array {
  return new Uint8Array(Uint32Array.of(value).buffer);
}
