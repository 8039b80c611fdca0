import type { Receiver } from "../channel/receiver.js";
import type { WaitOptions } from "../channel/wait.js";
import type { TypedEmitter } from "../emitter.js";
import type { IntercellError } from "../errors.js";
import type { FilterSet } from "./filter.js";
import type { CanFrame } from "./frame.js";

/** A moment of the wall clock, exact to the nanosecond: seconds and nanoseconds since 1970 (struct timespec). */
export interface Timestamp {
  readonly seconds: number;
  /** 0 to 999,999,999. */
  readonly nanoseconds: number;
}

/**
 * - `remote`: another node of the bus sent it, or the controller made it (error frames)
 * - `local`: another socket of this machine sent it
 * - `own`: this very bus handle sent it, and it is on the wire
 */
export type FrameOrigin = "remote" | "local" | "own";

/** A frame as a bus gave it. */
export interface ReceivedFrame {
  readonly frame: CanFrame;
  /** When the kernel, or the virtual bus, got it. */
  readonly timestamp: Timestamp;
  /** When the controller got it, by its own clock; absent unless the bus was opened with `hardwareTimestamps`. */
  readonly hardwareTimestamp?: Timestamp;
  readonly origin: FrameOrigin;
  /** Name of the interface it came from, such as `can0`: of interest on a bus that is open on all interfaces. */
  readonly interfaceName: string;
}

/**
 * - `up`: frames can be sent and received
 * - `down`: the interface is down; the handle stays, and works again once the interface is up
 * - `removed`: the interface is gone; the handle works again only if it was opened with `reopen` and the interface returns
 * - `closed`: by {@link CanBus.close}, or after an error
 */
export type CanBusStatus = "up" | "down" | "removed" | "closed";

/** Counters of a handle since it was opened; all u53. */
export interface CanBusStatistics {
  /** Frames that the kernel, or the virtual bus, took from this handle. */
  readonly sentFrames: number;
  /** Frames that arrived, error frames included, own ones not. */
  readonly receivedFrames: number;
  /** Own frames that came back from the wire. */
  readonly confirmedFrames: number;
  /** Frames for this handle that were lost as its receive buffer was full (`SO_RXQ_OVFL`). */
  readonly droppedFrames: number;
  /** Frames that a {@link CanBus.receive} let go, as its reader was slower than its queue is long. */
  readonly overflowedFrames: number;
  /** Received bytes that were no frame. */
  readonly undecodableFrames: number;
  /** Times that frames found no room, and waited or were refused by {@link CanBus.trySend}. */
  readonly congestions: number;
  /** Error frames received. */
  readonly errorFrames: number;
}

export type CanBusEvents = {
  /** Frames were lost before the ones that come next: how many now, and how many since the bus was opened. */
  dropped: (count: number, total: number) => void;
  /** {@link CanBus.status} changed. */
  status: (status: CanBusStatus) => void;
  /** There may be room after a {@link CanBus.trySend} that found none. */
  room: () => void;
  /** The handle failed for good; `close` follows. */
  error: (error: IntercellError) => void;
  close: () => void;
};

/** A frame that had not left when its send was given up is never sent. */
export type CanSendOptions = WaitOptions;

/** Options of the opening that every kind of bus has. */
export interface CanBusOptions extends FilterSet {
  /**
   * Error frames that the handle hears, bits of `ErrorClass`; listeners choose from them.
   * @defaultValue all
   */
  readonly errorMask?: number | undefined;
  /**
   * Whether own frames come back from the wire, which `sendConfirmed` and listening with `own` need. Each costs about
   * as much as one that is received.
   * @defaultValue true
   */
  readonly ownFrames?: boolean | undefined;
  /** Sends that wait for room, 1 to 65,536; beyond that they are refused. @defaultValue 1024 */
  readonly sendQueueFrames?: number | undefined;
}

export interface CanListenOptions extends FilterSet {
  /** Whether frames that this handle sent are heard as well, once they are on the wire. @defaultValue false */
  readonly own?: boolean | undefined;
}

export interface CanReceiveOptions extends CanListenOptions {
  /** Ends the iteration, after what it holds, with a throw of the signal's reason. */
  readonly signal?: AbortSignal | undefined;
  /** Frames that wait for the reader, 1 to 2^20; beyond that the oldest goes, and is counted. @defaultValue 4096 */
  readonly queueFrames?: number | undefined;
}

/** What {@link CanBus.listen} gives: takes the listener back. Idempotent. */
export interface CanSubscription {
  close(): void;
  [Symbol.dispose](): void;
}

/**
 * A handle on a CAN bus: an interface of the kernel (`openSocketCan`) or a bus without one (`openVirtualCan`). Everything
 * above it, ISO-TP and links among it, takes either.
 *
 * Methods are called from one thread. Listeners run synchronously while a batch of frames is handed out; what they throw is
 * an uncaught exception and keeps neither other listeners nor later frames from their turn.
 */
export interface CanBus {
  /** Shown in messages: the interface's name, or that of the virtual bus. */
  readonly name: string;
  readonly status: CanBusStatus;
  /** Whether CAN FD frames can be sent and are received: handle and interface both take them. */
  readonly fd: boolean;
  readonly events: TypedEmitter<CanBusEvents>;
  readonly statistics: CanBusStatistics;

  /**
   * Calls `listener` for each frame that its filters let pass, in the order of the bus. The listeners of one handle share
   * its kernel filters (options of the opening), so these can only narrow.
   *
   * @throws TypeError or RangeError if an option is wrong; IntercellError `ERR_CLOSED`.
   */
  listen(listener: (received: ReceivedFrame) => void, options?: CanListenOptions): CanSubscription;

  /**
   * Frames as an iteration, which ends when the bus closes and throws if it fails. What does not fit its queue is lost,
   * oldest first, and counted (`overflowedFrames`, and `dropped` of the reader).
   *
   * @throws as {@link listen}.
   */
  receive(options?: CanReceiveOptions): Receiver<ReceivedFrame>;

  /**
   * Hands over a frame; false if there is no room, and `room` follows. Frames leave in the order in which they were taken.
   *
   * @throws RangeError for a frame that this bus cannot carry (CAN FD on a classic one); IntercellError `ENETDOWN` while the
   * interface is down, `ENODEV` while it is removed, `ERR_CLOSED`, or the errno of another refusal.
   */
  trySend(frame: CanFrame): boolean;

  /** As {@link trySend} for several at once, in one system call where there is one; gives how many were taken. */
  trySendAll(frames: readonly CanFrame[]): number;

  /**
   * Waits for room and hands the frame over; resolves once the kernel, or the virtual bus, took it. Frames wait in the order of
   * the calls; at most `sendQueueFrames` of them (an option of the opening), beyond which it rejects with `ERR_QUEUE_FULL`.
   *
   * @throws as {@link trySend}, `ERR_TIMEOUT`, or the signal's reason.
   */
  send(frame: CanFrame, options?: CanSendOptions): Promise<void>;

  /**
   * As {@link send}, and resolves once the frame came back from the wire, with the moment at which it did. A virtual
   * interface (vcan) has no wire and gives it back at once.
   *
   * @throws as {@link send}; IntercellError `ERR_UNSUPPORTED` if the frame cannot come back as the handle was opened without
   * `ownFrames` or with filters that it does not pass, `ERR_UNCONFIRMED` if it was handed over and its return was lost: the
   * receive buffer was full, the interface went down, or the controller went bus-off.
   */
  sendConfirmed(frame: CanFrame, options?: CanSendOptions): Promise<Timestamp>;

  /** Rejects what waits, ends iterations, and closes. Idempotent. */
  close(): void;
  [Symbol.dispose](): void;
}
