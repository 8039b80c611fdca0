import { ErrorCode, type IntercellError, isIntercellError } from "../../errors.js";
import type { CanBus, CanSubscription, ReceivedFrame } from "../bus.js";
import type { ClockTimer } from "../clock.js";
import { exactFilter } from "../filter.js";
import { dataFrame, fdFrame } from "../frame.js";
import { formatId } from "../id.js";
import type { IsoTpEndpoint } from "./endpoint.js";
import { checkIsoTpOptions, type IsoTpOptions, type IsoTpTerms, requireFd } from "./options.js";
import { decodeNetworkPdu, encodeSingle } from "./pci.js";
import { PduEndpoint } from "./pdu-endpoint.js";
import { IsoTpReason } from "./reason.js";
import { IsoTpReceiver } from "./receiver.js";
import { IsoTpSender } from "./sender.js";

/**
 * Opens an ISO-TP connection (ISO 15765-2) over a bus, segmented by this package. Any number of them share a handle.
 *
 * @throws TypeError or RangeError if an option is wrong; IntercellError `ERR_UNSUPPORTED` if CAN FD is wanted of a bus that has
 * none, `ERR_CLOSED` if the bus is closed.
 */
export function openIsoTp(bus: CanBus, options: IsoTpOptions): IsoTpEndpoint {
  const terms = checkIsoTpOptions("openIsoTp", options);
  requireFd(terms, bus.fd, bus.name);
  return new BusIsoTp(bus, terms);
}

/** What the two halves have in common for whoever drives them. */
type Half = IsoTpSender | IsoTpReceiver;

class BusIsoTp extends PduEndpoint {
  readonly #bus: CanBus;
  readonly #terms: IsoTpTerms;
  readonly #sender: IsoTpSender;
  readonly #receiver: IsoTpReceiver;
  readonly #subscription: CanSubscription;
  #timer: ClockTimer | undefined;
  #timerDueNs = Number.POSITIVE_INFINITY;
  /** Takes frames of this transfer back that the bus has not sent. Another one for each transfer. */
  #transfer = new AbortController();
  #pumping = false;
  readonly #onBusClose = () => this.close();
  readonly #onBusError = (error: IntercellError) => this.leave(error);

  constructor(bus: CanBus, terms: IsoTpTerms) {
    const { address } = terms;
    const name = `${formatId(address.txId)}/${formatId(address.rxId)} on ${bus.name}`;
    super({ ...terms, name, txDl: terms.sender.txDl });
    this.#bus = bus;
    this.#terms = terms;
    this.#sender = new IsoTpSender(terms.sender);
    this.#receiver = new IsoTpReceiver(terms.receiver, {
      hasRoom: () => this.pdus.hasRoom,
      deliver: (pdu) => this.deliver(pdu),
      drop: () => this.drop(),
      abort: (reason, receivedBytes, lengthBytes) =>
        this.abortReception(reason, `a PDU of ${lengthBytes} bytes (${receivedBytes} have come)`),
    });
    const { rxId, functionalRxId } = address;
    const filters = [rxId, functionalRxId].flatMap((id) => (id === undefined ? [] : [exactFilter(id)]));
    this.#subscription = bus.listen((received) => this.#onFrame(received), { filters });
    bus.events.on("close", this.#onBusClose).on("error", this.#onBusError);
  }

  protected override detach(): void {
    this.#timer?.cancel();
    this.#subscription.close();
    this.#bus.events.off("close", this.#onBusClose).off("error", this.#onBusError);
    this.#sender.stop();
    this.#receiver.stop(undefined);
    this.#transfer.abort();
  }

  #onFrame({ frame }: ReceivedFrame): void {
    if ((frame.kind !== "data" && frame.kind !== "fd") || this.closed) return;
    const { address, halfDuplex } = this.#terms;
    const functional = frame.id === address.functionalRxId;
    const prefix = functional ? address.functionalRxByte : address.rxByte;
    if (prefix !== undefined && frame.data[0] !== prefix) return;
    const pdu = decodeNetworkPdu(frame.data, prefix === undefined ? 0 : 1);
    if (pdu === undefined || (functional && pdu.type !== "single")) return;
    const nowNs = this.#terms.clock.elapsedNs();
    if (pdu.type !== "flow") {
      if (!(halfDuplex && !this.#sender.idle)) this.#receiver.receive(pdu, frame.data.length, nowNs);
    } else if (this.#terms.receiver.answers) {
      const reason = this.#sender.flow(pdu, nowNs);
      if (reason !== undefined) this.failSend(reason);
    }
    this.pump();
  }

  /** Sends what can leave now, and asks for the next look. */
  protected override pump(): void {
    if (this.#pumping || this.closed) return;
    this.#pumping = true;
    try {
      this.#beginSend();
      const nowNs = this.#terms.clock.elapsedNs();
      const flow = this.#receiver.next(nowNs);
      if (flow !== undefined) this.#transmit(this.#receiver, flow);
      const frame = this.#sender.next(nowNs);
      if (frame !== undefined) this.#transmit(this.#sender, frame);
    } finally {
      this.#pumping = false;
    }
    this.#schedule();
  }

  #beginSend(): void {
    if (!this.#sender.idle || this.sends.current !== undefined) return;
    if (this.#terms.halfDuplex && !this.#receiver.idle) return;
    const sending = this.sends.take();
    if (sending === undefined) return;
    this.#transfer = new AbortController();
    this.#sender.begin(sending.pdu, this.#terms.clock.elapsedNs());
  }

  #transmit(half: Half, bytes: Uint8Array): void {
    const { address, fd, bitRateSwitch, sender } = this.#terms;
    const sending = this.sends.current;
    const functional = half === this.#sender && sending?.functional === true;
    const id = functional ? (address.functionalTxId ?? address.txId) : address.txId;
    const data = functional ? encodeSingle({ ...sender, prefix: address.functionalTxByte }, sending.pdu) : bytes;
    const frame = fd ? fdFrame(id, data, { bitRateSwitch }) : dataFrame(id, data);
    const { signal } = this.#transfer;
    this.#bus.sendConfirmed(frame, half === this.#sender ? { signal } : {}).then(
      () => {
        if (half === this.#receiver || !signal.aborted) this.#onConfirmed(half);
      },
      (error: unknown) => {
        if (half === this.#receiver || !signal.aborted) this.#onRefused(half, error);
      },
    );
  }

  #onConfirmed(half: Half): void {
    if (this.closed) return;
    const outcome = half.confirmed(this.#terms.clock.elapsedNs());
    if (outcome === true) this.succeed();
    else if (typeof outcome === "string") this.failSend(outcome);
    this.pump();
  }

  /** The bus did not take a frame, or cannot tell what became of it. */
  #onRefused(half: Half, error: unknown): void {
    if (this.closed) return;
    const reason = isIntercellError(error, ErrorCode.UNCONFIRMED) ? IsoTpReason.TIMEOUT_A : IsoTpReason.ERROR;
    if (half === this.#receiver) this.#receiver.stop(reason);
    else this.failSend(reason, error);
    this.pump();
  }

  #schedule(): void {
    const dueNs = Math.min(this.#sender.dueNs, this.#receiver.dueNs);
    // A timer that comes too early looks and is set again: most deadlines are put off before they are reached.
    if (this.#timerDueNs <= dueNs && dueNs !== Number.POSITIVE_INFINITY) return;
    this.#timer?.cancel();
    this.#timerDueNs = dueNs;
    if (dueNs === Number.POSITIVE_INFINITY) return;
    this.#timer = this.#terms.clock.schedule(Math.max(0, dueNs - this.#terms.clock.elapsedNs()), () => this.#onTime());
  }

  #onTime(): void {
    this.#timerDueNs = Number.POSITIVE_INFINITY;
    if (this.closed) return;
    const nowNs = this.#terms.clock.elapsedNs();
    const reason = this.#sender.expire(nowNs);
    if (reason !== undefined) this.failSend(reason);
    this.#receiver.expire(nowNs);
    this.pump();
  }

  protected override failSend(reason: IsoTpReason, cause?: unknown): void {
    this.#sender.stop();
    this.#transfer.abort();
    super.failSend(reason, cause);
  }

  protected override giveUp(): void {
    this.#sender.stop();
    this.#transfer.abort();
    this.pump();
  }

  protected override makeRoom(): void {
    this.#receiver.roomChanged(this.#terms.clock.elapsedNs());
    this.pump();
  }
}
