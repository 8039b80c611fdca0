import type { WaitOptions } from "../../channel/wait.js";
import type { TypedEmitter } from "../../emitter.js";
import type { IntercellError } from "../../errors.js";

export interface IsoTpSendOptions extends WaitOptions {
  /** Sends to the functional address, which takes PDUs of one frame. @defaultValue false */
  readonly functional?: boolean;
}

/** Counters of an endpoint since it was opened; all u53. */
export interface IsoTpStatistics {
  readonly sentPdus: number;
  readonly sentBytes: number;
  readonly receivedPdus: number;
  readonly receivedBytes: number;
  /** Sends that ended without success, by any reason but that their caller gave up. */
  readonly failedSends: number;
  /** PDUs that began to arrive and never did so as a whole, and those that are larger than this side takes. */
  readonly abortedReceptions: number;
  /** Whole PDUs that were let go, as no reader had room: those of one frame, or of any length that the kernel put together. */
  readonly droppedPdus: number;
}

export type IsoTpEvents = {
  /** A PDU will not arrive: why. The endpoint goes on. */
  aborted: (error: IntercellError) => void;
  /** A PDU was let go as no reader had room. */
  dropped: (total: number) => void;
  /** The bus failed; `close` follows. */
  error: (error: IntercellError) => void;
  close: () => void;
};

/** What {@link IsoTpEndpoint.listen} gives: takes the listener back. Idempotent. */
export interface IsoTpSubscription {
  close(): void;
  [Symbol.dispose](): void;
}

/**
 * One end of an ISO-TP connection: sends and receives PDUs, at most one each way at a time. It is the same whether this
 * package segments (`openIsoTp`) or the kernel does (`openKernelIsoTp`).
 *
 * A PDU that was sent was on the bus, whole; only for one that took several frames is it known that the peer took part.
 */
export interface IsoTpEndpoint {
  /** Shown in messages, such as `7E0/7E8 on can0`. */
  readonly name: string;
  readonly closed: boolean;
  readonly events: TypedEmitter<IsoTpEvents>;
  readonly statistics: IsoTpStatistics;
  /** Longest PDU. */
  readonly maxPduBytes: number;

  /**
   * Sends 1 to {@link maxPduBytes} bytes, in the order of the calls. The bytes are copied.
   *
   * @throws RangeError for a PDU of no bytes, one too long, or a functional one that needs more than one frame; IntercellError
   * with an {@link IsoTpReason}, `ERR_QUEUE_FULL`, `ERR_TIMEOUT`, `ERR_CLOSED`; or the signal's reason.
   */
  send(pdu: Uint8Array, options?: IsoTpSendOptions): Promise<void>;

  /**
   * The PDUs that came since the opening or the last reader, as an iteration that ends when the endpoint closes and throws if its
   * bus failed. Those that no reader took wait, `queuePdus` of them; beyond that the peer is asked to wait, or those that the
   * kernel put together wait there.
   *
   * @throws IntercellError `ERR_IN_USE` while there is another reader or a listener.
   */
  receive(options?: { readonly signal?: AbortSignal }): AsyncIterableIterator<Uint8Array>;

  /**
   * Has each PDU handed to `listener` as it comes, those that wait first, instead of queueing it. It is a function of its own for
   * programs that must not wait for another turn of the event loop.
   *
   * @throws IntercellError `ERR_IN_USE` while there is another reader or a listener; `ERR_CLOSED`.
   */
  listen(listener: (pdu: Uint8Array) => void): IsoTpSubscription;

  /** Ends what is under way: sends reject with `ERR_CLOSED`, the iteration ends. The bus stays open. Idempotent. */
  close(): void;
  [Symbol.dispose](): void;
}
