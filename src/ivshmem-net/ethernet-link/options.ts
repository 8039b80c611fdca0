import { CARRIED_OPTION_KEYS, type CarriedLinkOptions } from "../../carried/options.js";
import { ErrorCode, IntercellError, requireKnownKeys } from "../../errors.js";
import { parseMacAddress } from "../../netlink/mac-address.js";
import { EtherType } from "../ethernet/frame.js";
import type { FramePort } from "../ethernet/frame-port.js";
import { RELIABLE_HEADER_BYTES } from "../reliable/frame.js";
import type { StationOptions } from "../reliable/station.js";

/** Options of {@link openEthernetLink}. */
export interface EthernetLinkOptions extends CarriedLinkOptions {
  /** What the frames are marked as, 0x600 to 0xffff; the same on both sides. @defaultValue 0x88b5 */
  readonly etherType?: number;
  /** Ethernet address of the peer, such as `02:00:00:00:00:02`. @defaultValue whoever answers: between two cells the peer */
  readonly peerAddress?: string;
  /** Frames that may be under way each way, 1 to 1024. @defaultValue 64 */
  readonly windowFrames?: number;
}

const OPTION_KEYS = [...CARRIED_OPTION_KEYS, "etherType", "peerAddress", "windowFrames"];

const DEFAULT_WINDOW_FRAMES = 64;
const MAX_WINDOW_FRAMES = 1024;

/** A link notices by itself that its peer is silent; the session below is in no hurry, as a program may pause. */
const LEAST_TIMEOUT_MS = 1000;

/** Payload of a frame that a link can work with: a PDU of 70 bytes behind the header. */
const LEAST_MTU = RELIABLE_HEADER_BYTES + 70;

/** The options as a station has them, but for its address. */
export type CheckedEthernetOptions = Omit<StationOptions, "address">;

/** @throws TypeError or RangeError. */
export function checkEthernetOptions(options: EthernetLinkOptions): CheckedEthernetOptions {
  requireKnownKeys("openEthernetLink", options, OPTION_KEYS);
  const { etherType = EtherType.LOCAL_EXPERIMENTAL_1, peerAddress, windowFrames = DEFAULT_WINDOW_FRAMES } = options;
  const { heartbeatMs = 200, stallMs = 1000 } = options;
  if (!Number.isInteger(etherType) || etherType < 0x600 || etherType > 0xffff) {
    throw new RangeError(`The option etherType is an integer from 0x600 to 0xffff, not ${String(etherType)}`);
  }
  if (!Number.isInteger(windowFrames) || windowFrames < 1 || windowFrames > MAX_WINDOW_FRAMES) {
    throw new RangeError(`The option windowFrames is an integer from 1 to 1024, not ${String(windowFrames)}`);
  }
  return {
    etherType,
    peerAddress: peerAddress === undefined ? undefined : parseMacAddress(peerAddress),
    windowRecords: windowFrames,
    keepAliveMs: heartbeatMs,
    timeoutMs: Math.max(stallMs, LEAST_TIMEOUT_MS),
  };
}

/** @throws IntercellError `ERR_UNSUPPORTED` if the frames of a port are too short. */
export function requireMtu({ name, mtu }: FramePort): void {
  if (mtu >= LEAST_MTU) return;
  const found = `${name} has an MTU of ${mtu}, and a link wants ${LEAST_MTU} at least; enlarge the sections`;
  throw new IntercellError(ErrorCode.UNSUPPORTED, found);
}
