import { encodeFlow, FlowStatus, type Layout, type NetworkPdu } from "./pci.js";
import { IsoTpReason } from "./reason.js";

export interface ReceiverTerms extends Layout {
  /** N_Ar: most nanoseconds until a FlowControl is on the bus. */
  readonly nArNs: number;
  /** N_Cr: most nanoseconds until the next ConsecutiveFrame. */
  readonly nCrNs: number;
  /** Nanoseconds between FlowControls that ask to wait. */
  readonly waitIntervalNs: number;
  /** N_WFTmax: FlowControls in a row that ask to wait. */
  readonly maxWaitFrames: number;
  /** BS: ConsecutiveFrames between two FlowControls; 0 for all. */
  readonly blockSize: number;
  /** STmin as it goes over the wire. */
  readonly stMin: number;
  readonly maxPduBytes: number;
  /** Whether FirstFrames are answered. */
  readonly answers: boolean;
}

/** What a receiver tells whoever drives it. */
export interface ReceiverHooks {
  /** Whether there is room for one more PDU. */
  hasRoom(): boolean;
  /** A whole PDU, which nobody else has. There was room when its first frame came. */
  deliver(pdu: Uint8Array): void;
  /** A PDU in one frame came, and there was no room. */
  drop(pdu: Uint8Array): void;
  /** What was under way ends without a PDU; or a PDU was refused as too large. */
  abort(reason: IsoTpReason, receivedBytes: number, lengthBytes: number): void;
}

/** Bytes set aside for a PDU before they have come: what its sender only claims costs nothing. */
const FIRST_CHUNK_BYTES = 4096;

const NEVER = Number.POSITIVE_INFINITY;

/**
 * The receiving half of ISO 15765-2 as a state machine that knows neither bus nor clock. Whoever drives it calls
 * {@link receive} for each frame, {@link next} for a FlowControl to send, {@link confirmed} when that is on the bus, and
 * {@link expire} when {@link dueNs} is reached. At most one PDU is under way.
 */
export class IsoTpReceiver {
  readonly #terms: ReceiverTerms;
  readonly #hooks: ReceiverHooks;
  /** `held`: a FirstFrame came and its sender is asked to wait for room. */
  #phase: "idle" | "held" | "receiving" = "idle";
  #buffer = new Uint8Array();
  #lengthBytes = 0;
  #filled = 0;
  #sequence = 0;
  #rxDl = 0;
  #blockLeft = 0;
  #waits = 0;
  /** When the phase ends: the next FlowControl while held, N_Cr while receiving. */
  #phaseDueNs = NEVER;
  #flow: FlowStatus | undefined;
  #flowDueNs = NEVER;

  constructor(terms: ReceiverTerms, hooks: ReceiverHooks) {
    this.#terms = terms;
    this.#hooks = hooks;
  }

  get idle(): boolean {
    return this.#phase === "idle";
  }

  /** When this wants to be looked at again, in nanoseconds of the clock; Infinity if never. */
  get dueNs(): number {
    return Math.min(this.#phaseDueNs, this.#flowDueNs);
  }

  /** @param canDl number of data bytes of the frame. */
  receive(pdu: Exclude<NetworkPdu, { type: "flow" }>, canDl: number, nowNs: number): void {
    switch (pdu.type) {
      case "single":
        if (!this.idle) this.#abort(IsoTpReason.UNEXP_PDU);
        if (this.#hooks.hasRoom()) this.#hooks.deliver(pdu.data.slice());
        else this.#hooks.drop(pdu.data);
        break;
      case "first":
        if (!this.idle) this.#abort(IsoTpReason.UNEXP_PDU);
        this.#begin(pdu, canDl, nowNs);
        break;
      case "consecutive":
        if (this.#phase === "receiving" && canDl <= this.#rxDl) this.#append(pdu, canDl, nowNs);
        break;
    }
  }

  /** The FlowControl that leaves now, if one does. */
  next(nowNs: number): Uint8Array | undefined {
    const flow = this.#flow;
    if (flow === undefined) return undefined;
    this.#flow = undefined;
    this.#flowDueNs = nowNs + this.#terms.nArNs;
    const { blockSize, stMin } = this.#terms;
    return flow === FlowStatus.continue
      ? encodeFlow(this.#terms, flow, blockSize, stMin)
      : encodeFlow(this.#terms, flow, 0, 0);
  }

  /** The FlowControl in flight is on the bus. */
  confirmed(nowNs: number): void {
    this.#flowDueNs = NEVER;
    if (this.#phase === "receiving") this.#phaseDueNs = nowNs + this.#terms.nCrNs;
  }

  /** There is room again. */
  roomChanged(nowNs: number): void {
    if (this.#phase === "held" && this.#hooks.hasRoom()) this.#accept(nowNs);
  }

  /** Does what time brings. */
  expire(nowNs: number): void {
    if (nowNs >= this.#flowDueNs) this.#abort(IsoTpReason.TIMEOUT_A);
    else if (nowNs < this.#phaseDueNs) return;
    else if (this.#phase === "receiving") this.#abort(IsoTpReason.TIMEOUT_CR);
    else if (this.#hooks.hasRoom()) this.#accept(nowNs);
    else this.#hold(nowNs);
  }

  /** Gives up what is under way and forgets it. @param reason undefined if nobody is to be told. */
  stop(reason: IsoTpReason | undefined): void {
    if (reason !== undefined && !this.idle) this.#abort(reason);
    this.#reset();
  }

  #begin(first: Extract<NetworkPdu, { type: "first" }>, canDl: number, nowNs: number): void {
    if (first.lengthBytes > this.#terms.maxPduBytes) {
      this.#hooks.abort(IsoTpReason.BUFFER_OVFLW, 0, first.lengthBytes);
      if (this.#terms.answers) this.#flow = FlowStatus.overflow;
      return;
    }
    this.#lengthBytes = first.lengthBytes;
    this.#buffer = new Uint8Array(Math.min(first.lengthBytes, FIRST_CHUNK_BYTES));
    this.#filled = 0;
    this.#sequence = 0;
    this.#rxDl = canDl;
    this.#waits = 0;
    this.#store(first.data);
    if (this.#hooks.hasRoom()) this.#accept(nowNs);
    else if (this.#terms.answers) this.#hold(nowNs);
    else this.#abort(IsoTpReason.BUFFER_OVFLW);
  }

  #accept(nowNs: number): void {
    this.#phase = "receiving";
    this.#phaseDueNs = nowNs + this.#terms.nCrNs;
    this.#blockLeft = this.#terms.blockSize;
    if (this.#terms.answers) this.#flow = FlowStatus.continue;
  }

  #hold(nowNs: number): void {
    this.#phase = "held";
    this.#waits += 1;
    if (this.#waits > this.#terms.maxWaitFrames) {
      this.#abort(IsoTpReason.WFT_OVRN);
      return;
    }
    this.#flow = FlowStatus.wait;
    this.#phaseDueNs = nowNs + this.#terms.waitIntervalNs;
  }

  #append(pdu: Extract<NetworkPdu, { type: "consecutive" }>, canDl: number, nowNs: number): void {
    this.#sequence = (this.#sequence + 1) & 0xf;
    if (pdu.sequence !== this.#sequence) {
      this.#abort(IsoTpReason.WRONG_SN);
      return;
    }
    const left = this.#lengthBytes - this.#filled;
    // Only the last frame may be short, and it must have all that is left.
    if (pdu.data.length < left && canDl < this.#rxDl) {
      this.#abort(IsoTpReason.ERROR);
      return;
    }
    this.#store(pdu.data.subarray(0, left));
    if (this.#filled === this.#lengthBytes) {
      const whole = this.#buffer;
      this.#reset();
      this.#hooks.deliver(whole);
      return;
    }
    this.#phaseDueNs = nowNs + this.#terms.nCrNs;
    this.#blockLeft -= 1;
    if (this.#blockLeft === 0) this.#accept(nowNs);
  }

  #store(data: Uint8Array): void {
    const end = this.#filled + data.length;
    if (end > this.#buffer.length) {
      const grown = new Uint8Array(Math.min(this.#lengthBytes, Math.max(end, this.#buffer.length * 2)));
      grown.set(this.#buffer);
      this.#buffer = grown;
    }
    this.#buffer.set(data, this.#filled);
    this.#filled = end;
  }

  #abort(reason: IsoTpReason): void {
    const filled = this.#filled;
    const lengthBytes = this.#lengthBytes;
    this.#reset();
    this.#hooks.abort(reason, filled, lengthBytes);
  }

  #reset(): void {
    this.#phase = "idle";
    this.#phaseDueNs = NEVER;
    this.#flow = undefined;
    this.#flowDueNs = NEVER;
    this.#buffer = new Uint8Array();
    this.#lengthBytes = 0;
    this.#filled = 0;
  }
}
