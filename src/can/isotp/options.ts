import { ErrorCode, IntercellError, requireKnownKeys } from "../../errors.js";
import { type CanClock, systemClock } from "../clock.js";
import { fdDlcOfLength, fdLengthOfDlc, MAX_CLASSIC_LENGTH, MAX_FD_LENGTH } from "../dlc.js";
import type { IsoTpAddress } from "./address.js";
import type { ReceiverTerms } from "./receiver.js";
import type { SenderTerms } from "./sender.js";
import { encodeStMin } from "./st-min.js";

/** What is the same whoever does the segmentation. */
export interface IsoTpCommonOptions {
  readonly address: IsoTpAddress;
  /**
   * TX_DL: most data bytes of a frame that is sent; 8, 12, 16, 20, 24, 32, 48 or 64. More than 8 takes CAN FD. Frames that
   * come may have any length.
   * @defaultValue 8
   */
  readonly txDl?: number;
  /** Whether frames are sent as CAN FD. @defaultValue `txDl > 8` */
  readonly fd?: boolean;
  /** Whether CAN FD frames switch to the second bit rate. @defaultValue false */
  readonly bitRateSwitch?: boolean;
  /** Byte that fills frames up to 8 bytes, or `"none"` for frames as short as they can be. @defaultValue 0xcc */
  readonly padding?: number | "none";
  /** BS: frames that the peer may send between two FlowControls of this side, 0 to 255; 0 for all. @defaultValue 0 */
  readonly blockSize?: number;
  /** STmin: gap in microseconds that the peer is asked to leave between frames, 0 to 127,000. @defaultValue 0 */
  readonly stMinUs?: number;
  /** N_WFTmax: how often in a row the peer is asked to wait while there is no room, 0 to 255. @defaultValue 10 */
  readonly maxWaitFrames?: number;
  /** `half`: while this side sends, what comes is ignored, and sends wait for receptions. @defaultValue "full" */
  readonly duplex?: "full" | "half";
  /** PDUs that wait for a reader, 1 to 65,536. @defaultValue 16 */
  readonly queuePdus?: number;
  /** Calls of `send` that may wait for their turn, 0 to 65,536. @defaultValue 64 */
  readonly sendQueuePdus?: number;
}

export interface IsoTpOptions extends IsoTpCommonOptions {
  /** Larger PDUs are refused, be they sent or announced by the peer; 1 to 2^32 - 1. @defaultValue 66_000 */
  readonly maxPduBytes?: number;
  /** FlowControls in a row by which a receiver may ask this side to wait; one more is N_WFT_OVRN. @defaultValue 255 */
  readonly maxWaitFramesOfPeer?: number;
  /** Milliseconds between FlowControls that ask the peer to wait; below its N_Bs. @defaultValue 400 */
  readonly waitIntervalMs?: number;
  /** N_As and N_Ar in milliseconds. @defaultValue 1000 */
  readonly nAMs?: number;
  /** N_Bs in milliseconds. @defaultValue 1000 */
  readonly nBsMs?: number;
  /** N_Cr in milliseconds. @defaultValue 1000 */
  readonly nCrMs?: number;
  /**
   * Whether long PDUs are answered by FlowControls. Without, they reach any number of receivers, nobody of which can ask for
   * pauses: the sender leaves its own `stMinUs` between frames. `CAN_ISOTP_CF_BROADCAST` of the kernel does the same.
   * @defaultValue true
   */
  readonly flowControl?: boolean;
  /** @defaultValue the clock of the machine */
  readonly clock?: CanClock;
}

/** {@link IsoTpOptions}, checked. */
export interface IsoTpTerms {
  readonly address: IsoTpAddress;
  readonly fd: boolean;
  readonly bitRateSwitch: boolean;
  readonly halfDuplex: boolean;
  readonly queuePdus: number;
  readonly sendQueuePdus: number;
  readonly maxPduBytes: number;
  readonly clock: CanClock;
  readonly sender: SenderTerms;
  readonly receiver: ReceiverTerms;
}

/** Names of the options that every implementation has. */
export const commonKeys: readonly string[] = [
  ...(["address", "txDl", "fd", "bitRateSwitch", "padding", "blockSize", "stMinUs"] as const),
  ...(["maxWaitFrames", "duplex", "queuePdus", "sendQueuePdus"] as const),
];
const ownKeys = [
  ...(["maxPduBytes", "maxWaitFramesOfPeer", "waitIntervalMs"] as const),
  ...(["nAMs", "nBsMs", "nCrMs", "flowControl", "clock"] as const),
];

const MAX_MS = 0x7fff_ffff;
const MAX_QUEUE = 65_536;

/** @throws TypeError or RangeError if an option is wrong. */
export function checkIsoTpOptions(what: string, options: IsoTpOptions): IsoTpTerms {
  requireKnownKeys(what, options, [...commonKeys, ...ownKeys]);
  const common = checkCommon(options);
  const { maxPduBytes = 66_000, maxWaitFramesOfPeer = 255, waitIntervalMs = 400 } = options;
  const { nAMs = 1000, nBsMs = 1000, nCrMs = 1000, flowControl = true, clock = systemClock } = options;
  requireInteger("maxPduBytes", maxPduBytes, 1, 0xffff_ffff);
  requireInteger("maxWaitFramesOfPeer", maxWaitFramesOfPeer, 0, MAX_MS);
  for (const [name, value] of Object.entries({ waitIntervalMs, nAMs, nBsMs, nCrMs })) requireMs(name, value);
  const { address, txDl, padding, blockSize, stMinUs, maxWaitFrames, ...rest } = common;
  const layout = { prefix: address.txByte, txDl, padding };
  const sender = {
    ...layout,
    nAsNs: nAMs * 1e6,
    nBsNs: nBsMs * 1e6,
    maxWaitFrames: maxWaitFramesOfPeer,
    unansweredGapNs: flowControl ? undefined : stMinUs * 1000,
  };
  const receiver = {
    ...{ ...layout, nArNs: nAMs * 1e6, nCrNs: nCrMs * 1e6, waitIntervalNs: waitIntervalMs * 1e6, maxWaitFrames },
    ...{ blockSize, stMin: encodeStMin(stMinUs), maxPduBytes, answers: flowControl },
  };
  return { address, ...rest, maxPduBytes, clock, sender, receiver };
}

export type CheckedCommon = ReturnType<typeof checkCommon>;

/** @throws TypeError or RangeError if an option is wrong. */
export function checkCommon(options: IsoTpCommonOptions) {
  const { address, txDl = MAX_CLASSIC_LENGTH, bitRateSwitch = false, padding = 0xcc, duplex = "full" } = options;
  const { fd = txDl > MAX_CLASSIC_LENGTH, blockSize = 0, stMinUs = 0, maxWaitFrames = 10 } = options;
  const { queuePdus = 16, sendQueuePdus = 64 } = options;
  if (typeof address !== "object" || address === null) {
    throw new TypeError("The option address of ISO-TP is made by normalAddress() or one of its siblings");
  }
  if (txDl < MAX_CLASSIC_LENGTH || txDl > MAX_FD_LENGTH || fdLengthOfDlc(fdDlcOfLength(txDl)) !== txDl) {
    throw new RangeError(`The option txDl of ISO-TP is 8, 12, 16, 20, 24, 32, 48 or 64, not ${txDl}`);
  }
  if (!fd && txDl > MAX_CLASSIC_LENGTH) throw new RangeError(`Frames of ${txDl} bytes are CAN FD; leave out fd: false`);
  if (padding !== "none") requireInteger("padding", padding, 0, 0xff);
  if (duplex !== "full" && duplex !== "half") {
    throw new TypeError(`The option duplex of ISO-TP is "full" or "half", not ${String(duplex)}`);
  }
  requireInteger("blockSize", blockSize, 0, 0xff);
  requireInteger("maxWaitFrames", maxWaitFrames, 0, 0xff);
  requireInteger("queuePdus", queuePdus, 1, MAX_QUEUE);
  requireInteger("sendQueuePdus", sendQueuePdus, 0, MAX_QUEUE);
  return {
    ...{ address, txDl, fd, bitRateSwitch, blockSize, stMinUs, maxWaitFrames, queuePdus, sendQueuePdus },
    padding: padding === "none" ? undefined : padding,
    halfDuplex: duplex === "half",
  };
}

/** @throws IntercellError `ERR_UNSUPPORTED` if a bus without CAN FD is to carry such frames. */
export function requireFd(terms: Pick<CheckedCommon, "fd">, busHasFd: boolean, busName: string): void {
  if (!terms.fd || busHasFd) return;
  const message = `Cannot send CAN FD frames on ${busName}, which takes classic ones only: use txDl 8`;
  throw new IntercellError(ErrorCode.UNSUPPORTED, message);
}

/** @throws RangeError unless `value` is an integer in this range. */
export function requireInteger(name: string, value: number, least: number, most: number): void {
  if (Number.isInteger(value) && value >= least && value <= most) return;
  throw new RangeError(`The option ${name} of ISO-TP is an integer from ${least} to ${most}, not ${String(value)}`);
}

function requireMs(name: string, value: number): void {
  if (typeof value === "number" && value > 0 && value <= MAX_MS) return;
  throw new RangeError(`The option ${name} of ISO-TP is more than 0 and at most ${MAX_MS}, not ${String(value)}`);
}
