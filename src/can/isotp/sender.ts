import {
  carriedBytes,
  encodeConsecutive,
  encodeFirst,
  encodeSingle,
  FlowStatus,
  type Layout,
  maxSingleBytes,
} from "./pci.js";
import { IsoTpReason } from "./reason.js";
import { decodeStMin } from "./st-min.js";

export interface SenderTerms extends Layout {
  /** N_As: most nanoseconds until a frame is on the bus. */
  readonly nAsNs: number;
  /** N_Bs: most nanoseconds until a FlowControl comes. */
  readonly nBsNs: number;
  /** FlowControls in a row that may ask to wait; one more ends the transfer. */
  readonly maxWaitFrames: number;
  /** Nanoseconds between ConsecutiveFrames if nobody answers with FlowControls; undefined if somebody does. */
  readonly unansweredGapNs: number | undefined;
}

/** `idle`: nothing to send. `ready`: a frame may leave at `dueNs`. `flight`: it is on its way. `flow`: waits for a FlowControl. */
type Phase = "idle" | "ready" | "flight" | "flow";

interface Flow {
  readonly status: number;
  readonly blockSize: number;
  readonly stMin: number;
}

/**
 * The sending half of ISO 15765-2 as a state machine that knows neither bus nor clock. Whoever drives it calls {@link next}
 * for a frame when {@link dueNs} is reached, {@link confirmed} when that frame is on the bus, {@link flow} for each
 * FlowControl, and {@link expire} when {@link dueNs} is reached and there is no frame.
 */
export class IsoTpSender {
  readonly #terms: SenderTerms;
  #phase: Phase = "idle";
  #pdu: Uint8Array = new Uint8Array();
  /** Bytes in frames that have left, the one in flight included. */
  #offset = 0;
  #sequence = 0;
  #dueNs = Number.POSITIVE_INFINITY;
  #gapNs = 0;
  /** Frames left in this block; 0 once a FlowControl is due, Infinity if none will be. */
  #blockLeft = 0;
  #waits = 0;
  /** A FlowControl that overtook the confirmation of the frame it answers. */
  #early: Flow | undefined;

  constructor(terms: SenderTerms) {
    this.#terms = terms;
  }

  get idle(): boolean {
    return this.#phase === "idle";
  }

  /** When this wants to be looked at again, in nanoseconds of the clock; Infinity if never. */
  get dueNs(): number {
    return this.#dueNs;
  }

  /** Whether a PDU goes into one frame. */
  isSingle(lengthBytes: number): boolean {
    return lengthBytes <= maxSingleBytes(this.#terms.txDl, this.#terms.prefix);
  }

  /** Begins to send; the machine must be idle. The bytes must not change until it is again. */
  begin(pdu: Uint8Array, nowNs: number): void {
    this.#pdu = pdu;
    this.#offset = 0;
    this.#sequence = 0;
    this.#waits = 0;
    this.#early = undefined;
    this.#blockLeft = this.#terms.unansweredGapNs === undefined ? 0 : Number.POSITIVE_INFINITY;
    this.#gapNs = this.#terms.unansweredGapNs ?? 0;
    this.#wait("ready", nowNs);
  }

  /** The frame that leaves now, if one does. */
  next(nowNs: number): Uint8Array | undefined {
    if (this.#phase !== "ready" || nowNs < this.#dueNs) return undefined;
    const frame = this.#encode();
    this.#wait("flight", nowNs + this.#terms.nAsNs);
    return frame;
  }

  /** The frame in flight is on the bus. Gives true if it was the last. */
  confirmed(nowNs: number): boolean | IsoTpReason {
    if (this.#phase !== "flight") return false;
    if (this.#offset >= this.#pdu.length) {
      this.stop();
      return true;
    }
    if (this.#blockLeft > 0) {
      this.#wait("ready", nowNs + this.#gapNs);
      return false;
    }
    this.#wait("flow", nowNs + this.#terms.nBsNs);
    const early = this.#early;
    this.#early = undefined;
    return early === undefined ? false : (this.flow(early, nowNs) ?? false);
  }

  /** A FlowControl came; one that was not asked for is ignored. Gives the reason if it ends the transfer. */
  flow(flow: Flow, nowNs: number): IsoTpReason | undefined {
    if (this.#phase === "flight" && this.#blockLeft === 0 && this.#offset < this.#pdu.length) this.#early = flow;
    if (this.#phase !== "flow") return undefined;
    switch (flow.status) {
      case FlowStatus.continue:
        this.#waits = 0;
        this.#blockLeft = flow.blockSize === 0 ? Number.POSITIVE_INFINITY : flow.blockSize;
        this.#gapNs = decodeStMin(flow.stMin) * 1000;
        this.#wait("ready", nowNs);
        return undefined;
      case FlowStatus.wait:
        this.#waits += 1;
        if (this.#waits > this.#terms.maxWaitFrames) return this.#fail(IsoTpReason.WFT_OVRN);
        this.#wait("flow", nowNs + this.#terms.nBsNs);
        return undefined;
      case FlowStatus.overflow:
        return this.#fail(IsoTpReason.BUFFER_OVFLW);
      default:
        return this.#fail(IsoTpReason.INVALID_FS);
    }
  }

  /** Gives the reason if the transfer has run out of time. */
  expire(nowNs: number): IsoTpReason | undefined {
    if (nowNs < this.#dueNs) return undefined;
    if (this.#phase === "flight") return this.#fail(IsoTpReason.TIMEOUT_A);
    return this.#phase === "flow" ? this.#fail(IsoTpReason.TIMEOUT_BS) : undefined;
  }

  /** Gives the transfer up, whatever its state. */
  stop(): void {
    this.#pdu = new Uint8Array();
    this.#wait("idle", Number.POSITIVE_INFINITY);
  }

  #encode(): Uint8Array {
    const terms = this.#terms;
    const pdu = this.#pdu;
    if (this.#offset === 0 && this.isSingle(pdu.length)) {
      this.#offset = pdu.length;
      return encodeSingle(terms, pdu);
    }
    const offset = this.#offset;
    this.#offset += carriedBytes(terms, pdu.length, offset);
    if (offset === 0) return encodeFirst(terms, pdu);
    this.#sequence = (this.#sequence + 1) & 0xf;
    this.#blockLeft -= 1;
    return encodeConsecutive(terms, pdu, offset, this.#sequence);
  }

  #fail(reason: IsoTpReason): IsoTpReason {
    this.stop();
    return reason;
  }

  #wait(phase: Phase, dueNs: number): void {
    this.#phase = phase;
    this.#dueNs = dueNs;
  }
}
