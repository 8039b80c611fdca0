import { requireKnownKeys } from "../../errors.js";
import { FrameBytesOf } from "../layout.js";
import type { IsoTpAddress } from "./address.js";
import { type CheckedCommon, checkCommon, commonKeys, type IsoTpCommonOptions, requireInteger } from "./options.js";
import { encodeStMin, MAX_ST_MIN_US } from "./st-min.js";

export interface KernelIsoTpOptions extends IsoTpCommonOptions {
  /**
   * Larger PDUs are refused, 1 to what the kernel takes: 8200 of Linux 5.10, 66,000 of 6.1, 8300 from 6.4 on, or there what
   * its module was told (`modprobe can-isotp max_pdu_size=66000`). One that the peer sends nevertheless is let go and told.
   * @defaultValue what the kernel takes
   */
  readonly maxPduBytes?: number;
  /** As of `openIsoTp`: `CAN_ISOTP_CF_BROADCAST` to send, `CAN_ISOTP_LISTEN_MODE` to receive. @defaultValue true */
  readonly flowControl?: boolean;
  /**
   * Whether somebody else answers the FirstFrames that this side hears (`CAN_ISOTP_LISTEN_MODE`), as a tool does that reads
   * along.
   * @defaultValue false
   */
  readonly listenOnly?: boolean;
  /**
   * How the peer must fill its frames: with this byte, or `"none"` for frames as short as they can be. Another one ends the
   * transfer with N_ERROR (`CAN_ISOTP_CHK_PAD_LEN`, `CAN_ISOTP_CHK_PAD_DATA`).
   * @defaultValue not asked
   */
  readonly rxPadding?: number | "none";
  /** Gap in microseconds to leave between frames in place of what the peer asks for (`CAN_ISOTP_TX_STMIN`). */
  readonly txStMinUs?: number;
  /** Frames of the peer that come sooner, in microseconds, are passed over, for tests of a peer (`CAN_ISOTP_RX_STMIN`). */
  readonly rxStMinUs?: number;
  /** Time of a frame on the wire that the kernel adds to each gap, in microseconds, 0 to 4,000,000. @defaultValue 50 */
  readonly frameTimeUs?: number;
  /** Bytes of PDUs that the kernel holds for this endpoint, as SO_RCVBUF counts them, 1 to 2^30. @defaultValue 4 MiB */
  readonly receiveBufferBytes?: number;
}

/** {@link KernelIsoTpOptions}, checked. */
export interface KernelIsoTpTerms extends CheckedCommon {
  readonly maxPduBytes: number | undefined;
  readonly flowControl: boolean;
  readonly receiveBufferBytes: number;
  /** Options of the socket, and of the one that sends if nobody answers. */
  readonly socketOptions: readonly SocketOption[];
  readonly broadcastOptions: readonly SocketOption[];
}

/** One option of level SOL_CAN_ISOTP. */
export interface SocketOption {
  readonly number: number;
  readonly bytes: Uint8Array;
  /** For messages. */
  readonly name: string;
}

/** `can_isotp_options.flags` (linux/can/isotp.h). */
const Flag = {
  LISTEN_MODE: 0x1,
  EXTEND_ADDR: 0x2,
  TX_PADDING: 0x4,
  RX_PADDING: 0x8,
  CHK_PAD_LEN: 0x10,
  CHK_PAD_DATA: 0x20,
  HALF_DUPLEX: 0x40,
  FORCE_TXSTMIN: 0x80,
  FORCE_RXSTMIN: 0x100,
  RX_EXT_ADDR: 0x200,
  CF_BROADCAST: 0x1000,
  DYN_FC_PARMS: 0x2000,
} as const;

const ownKeys = [
  ...(["maxPduBytes", "flowControl", "listenOnly", "rxPadding", "txStMinUs", "rxStMinUs"] as const),
  ...(["frameTimeUs", "receiveBufferBytes"] as const),
];

/** Most that the parameter `max_pdu_size` of the kernel's module may be (net/can/isotp.c, Linux 6.4). */
export const MAX_KERNEL_PDU_BYTES = 1025 * 1024;

/** What a frame time of zero is written as, as 0 leaves the kernel's as it is (`CAN_ISOTP_FRAME_TXTIME_ZERO`). */
const NO_FRAME_TIME = 0xffff_ffff;

/** CANFD_BRS (linux/can.h). */
const BIT_RATE_SWITCH = 0x1;

/** @throws TypeError or RangeError if an option is wrong. */
export function checkKernelOptions(what: string, options: KernelIsoTpOptions): KernelIsoTpTerms {
  requireKnownKeys(what, options, [...commonKeys, ...ownKeys]);
  const common = checkCommon(options);
  const { maxPduBytes, flowControl = true, listenOnly = false, rxPadding } = options;
  const { txStMinUs, rxStMinUs, frameTimeUs = 50, receiveBufferBytes = 4 * 2 ** 20 } = options;
  for (const [name, value] of Object.entries({ flowControl, listenOnly })) {
    if (typeof value !== "boolean") throw new TypeError(`The option ${name} of ISO-TP is a boolean, not ${value}`);
  }
  if (maxPduBytes !== undefined) requireInteger("maxPduBytes", maxPduBytes, 1, MAX_KERNEL_PDU_BYTES);
  if (rxPadding !== undefined && rxPadding !== "none") requireInteger("rxPadding", rxPadding, 0, 0xff);
  requireGap("txStMinUs", txStMinUs, MAX_ST_MIN_US);
  requireGap("rxStMinUs", rxStMinUs, MAX_ST_MIN_US);
  requireGap("frameTimeUs", frameTimeUs, 4_000_000);
  requireInteger("receiveBufferBytes", receiveBufferBytes, 1, 2 ** 30);
  const gapUs = txStMinUs ?? (flowControl ? undefined : common.stMinUs);
  const parts = { common, rxPadding, txStMinUs: gapUs, rxStMinUs, frameTimeUs };
  return {
    ...{ ...common, maxPduBytes, flowControl, receiveBufferBytes },
    socketOptions: socketOptions(parts, flowControl && !listenOnly ? 0 : Flag.LISTEN_MODE),
    broadcastOptions: socketOptions(parts, Flag.CF_BROADCAST),
  };
}

interface Parts {
  readonly common: CheckedCommon;
  readonly rxPadding: number | "none" | undefined;
  readonly txStMinUs: number | undefined;
  readonly rxStMinUs: number | undefined;
  readonly frameTimeUs: number;
}

/** Structs and numbers of linux/can/isotp.h. */
function socketOptions(parts: Parts, mode: number): SocketOption[] {
  const { common, txStMinUs, rxStMinUs } = parts;
  const mtu = common.fd ? FrameBytesOf.FD : FrameBytesOf.CLASSIC;
  const linkFlags = common.bitRateSwitch && common.fd ? BIT_RATE_SWITCH : 0;
  const flow = [common.blockSize, encodeStMin(common.stMinUs), common.maxWaitFrames];
  const gap = (number: number, us: number, name: string) => ({ number, bytes: word(us * 1000), name });
  return [
    { number: 1, bytes: generalOptions(parts, mode), name: "CAN_ISOTP_OPTS" },
    { number: 2, bytes: Uint8Array.from(flow), name: "CAN_ISOTP_RECV_FC" },
    ...(txStMinUs === undefined ? [] : [gap(3, txStMinUs, "CAN_ISOTP_TX_STMIN")]),
    ...(rxStMinUs === undefined ? [] : [gap(4, rxStMinUs, "CAN_ISOTP_RX_STMIN")]),
    { number: 5, bytes: Uint8Array.of(mtu, common.txDl, linkFlags), name: "CAN_ISOTP_LL_OPTS" },
  ];
}

/** `struct can_isotp_options`. */
function generalOptions({ common, rxPadding, txStMinUs, rxStMinUs, frameTimeUs }: Parts, mode: number): Uint8Array {
  const { address, padding, halfDuplex } = common;
  const flags =
    mode |
    addressFlags(address) |
    (padding === undefined ? 0 : Flag.TX_PADDING) |
    (rxPadding === undefined ? 0 : Flag.CHK_PAD_LEN) |
    (typeof rxPadding === "number" ? Flag.RX_PADDING | Flag.CHK_PAD_DATA : 0) |
    (halfDuplex ? Flag.HALF_DUPLEX : 0) |
    (txStMinUs === undefined ? 0 : Flag.FORCE_TXSTMIN) |
    (rxStMinUs === undefined ? 0 : Flag.FORCE_RXSTMIN) |
    // Kernels that do not know it leave BS and STmin as the first FlowControl of a PDU has them.
    Flag.DYN_FC_PARMS;
  const bytes = new Uint8Array(12);
  bytes.set(word(flags), 0);
  bytes.set(word(frameTimeUs === 0 ? NO_FRAME_TIME : frameTimeUs * 1000), 4);
  const fill = typeof rxPadding === "number" ? rxPadding : 0;
  bytes.set([address.txByte ?? 0, padding ?? 0, fill, address.rxByte ?? 0], 8);
  return bytes;
}

function addressFlags({ txByte, rxByte }: IsoTpAddress): number {
  if ((txByte === undefined) !== (rxByte === undefined)) {
    throw new TypeError("The kernel's ISO-TP has an address byte in both directions or in none");
  }
  return txByte === undefined ? 0 : Flag.EXTEND_ADDR | Flag.RX_EXT_ADDR;
}

function requireGap(name: string, value: number | undefined, most: number): void {
  if (value === undefined || (typeof value === "number" && value >= 0 && value <= most)) return;
  throw new RangeError(`The option ${name} of ISO-TP is from 0 to ${most} µs, not ${String(value)}`);
}

function word(value: number): Uint8Array {
  return new Uint8Array(Uint32Array.of(Math.round(value)).buffer);
}
