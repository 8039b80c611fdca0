import { createEmitter } from "../../channel/emitter.js";
import { requireWaitOptions } from "../../channel/wait.js";
import type { TypedEmitter } from "../../emitter.js";
import { ErrorCode, IntercellError } from "../../errors.js";
import type { IsoTpAddress } from "./address.js";
import type { IsoTpEndpoint, IsoTpEvents, IsoTpSendOptions, IsoTpStatistics, IsoTpSubscription } from "./endpoint.js";
import { maxSingleBytes } from "./pci.js";
import { PduQueue } from "./pdu-queue.js";
import { type IsoTpReason, isoTpError } from "./reason.js";
import { SendQueue } from "./send-queue.js";

/** What an endpoint is made of, whoever segments. */
export interface PduEndpointParts {
  readonly name: string;
  readonly address: IsoTpAddress;
  readonly txDl: number;
  readonly maxPduBytes: number;
  readonly queuePdus: number;
  readonly sendQueuePdus: number;
}

/** What all implementations of an endpoint share: its queues, its counters, and how it ends. */
export abstract class PduEndpoint implements IsoTpEndpoint {
  readonly name: string;
  readonly maxPduBytes: number;
  readonly events: TypedEmitter<IsoTpEvents>;
  protected readonly sends: SendQueue;
  protected readonly pdus: PduQueue;
  protected readonly counters = {
    ...{ sentPdus: 0, sentBytes: 0, receivedPdus: 0, receivedBytes: 0 },
    ...{ failedSends: 0, abortedReceptions: 0, droppedPdus: 0 },
  };
  readonly #address: IsoTpAddress;
  readonly #txDl: number;
  #closed = false;

  constructor(parts: PduEndpointParts) {
    this.name = parts.name;
    this.maxPduBytes = parts.maxPduBytes;
    this.#address = parts.address;
    this.#txDl = parts.txDl;
    this.events = createEmitter<IsoTpEvents>(`ISO-TP ${this.name}`, ["aborted", "dropped", "error", "close"]);
    this.sends = new SendQueue(parts.sendQueuePdus, this.name, () => this.giveUp());
    this.pdus = new PduQueue(parts.queuePdus, this.name, () => this.makeRoom());
  }

  get closed(): boolean {
    return this.#closed;
  }

  get statistics(): IsoTpStatistics {
    return { ...this.counters };
  }

  async send(pdu: Uint8Array, options: IsoTpSendOptions = {}): Promise<void> {
    const { functional = false, ...wait } = options;
    requireWaitOptions("send", wait);
    if (this.#closed) throw this.#closedError();
    this.#requireSendable(pdu, functional);
    const sent = this.sends.add(pdu, options);
    this.pump();
    await sent;
  }

  receive(options: { readonly signal?: AbortSignal } = {}): AsyncIterableIterator<Uint8Array> {
    requireWaitOptions("receive", options);
    return this.pdus.read(options.signal);
  }

  listen(listener: (pdu: Uint8Array) => void): IsoTpSubscription {
    return this.pdus.listen(listener);
  }

  close(): void {
    this.leave(undefined);
  }

  [Symbol.dispose](): void {
    this.close();
  }

  /** Begins the next send if there is one and it can begin. */
  protected abstract pump(): void;
  /** The caller of the PDU that is being sent waits no longer; there is no current one any more. */
  protected abstract giveUp(): void;
  /** A reader took something. */
  protected abstract makeRoom(): void;
  /** Lets go of what carried the PDUs. */
  protected abstract detach(): void;

  /** Ends it, as what carries it failed or as its user wants. */
  protected leave(error: IntercellError | undefined): void {
    if (this.#closed) return;
    this.#closed = true;
    this.detach();
    this.sends.fail(this.#closedError(error));
    this.pdus.end(error);
    if (error !== undefined) this.events.emit("error", error);
    this.events.emit("close");
  }

  /** The PDU that is being sent was. */
  protected succeed(): void {
    this.counters.sentPdus += 1;
    this.counters.sentBytes += this.sends.current?.pdu.length ?? 0;
    this.sends.done();
  }

  protected failSend(reason: IsoTpReason, cause?: unknown): void {
    this.counters.failedSends += 1;
    const what = `send ${this.sends.current?.pdu.length ?? 0} bytes`;
    this.sends.done(isoTpError(reason, what, this.name, cause));
  }

  protected deliver(pdu: Uint8Array): void {
    this.counters.receivedPdus += 1;
    this.counters.receivedBytes += pdu.length;
    this.pdus.push(pdu);
  }

  protected drop(count = 1): void {
    this.counters.droppedPdus += count;
    this.events.emit("dropped", this.counters.droppedPdus);
  }

  /** @param what such as `a PDU of 20 bytes`. */
  protected abortReception(reason: IsoTpReason, what: string, cause?: unknown): void {
    this.counters.abortedReceptions += 1;
    this.events.emit("aborted", isoTpError(reason, `receive ${what}`, this.name, cause));
  }

  #closedError(cause?: IntercellError): IntercellError {
    const why = cause === undefined ? "" : ` as its bus failed: ${cause.message}`;
    return new IntercellError(ErrorCode.CLOSED, `The ISO-TP endpoint ${this.name} is closed${why}`, { cause });
  }

  #requireSendable(pdu: Uint8Array, functional: boolean): void {
    if (!(pdu instanceof Uint8Array)) throw new TypeError("A PDU must be a Uint8Array");
    if (pdu.length === 0) throw new RangeError("A PDU of ISO-TP has 1 byte at least");
    if (pdu.length > this.maxPduBytes) {
      throw new RangeError(`A PDU on ${this.name} has at most ${this.maxPduBytes} bytes, not ${pdu.length}`);
    }
    if (!functional) return;
    if (this.#address.functionalTxId === undefined) {
      throw new TypeError(`The address of ${this.name} has no functional id to send to`);
    }
    if (pdu.length > maxSingleBytes(this.#txDl, this.#address.functionalTxByte)) {
      throw new RangeError(`A functional PDU goes into one frame, and ${pdu.length} bytes do not`);
    }
  }
}
