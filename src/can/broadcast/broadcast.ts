import type { TypedEmitter } from "../../emitter.js";
import type { IntercellError } from "../../errors.js";
import type { ReceivedFrame } from "../bus.js";
import type { CanFrame } from "../frame.js";
import type { CanId } from "../id.js";

/** Most frames of one cyclic transmission (`MAX_NFRAMES`, net/can/bcm.c). */
export const MAX_CYCLE_FRAMES = 256;

/** Longest period and timeout, in milliseconds: a day. */
export const MAX_PERIOD_MS = 86_400_000;

export interface TransmitOptions {
  /** Milliseconds from one frame to the next, 0.001 to a day, in steps of a microsecond. */
  readonly periodMs: number;
  /**
   * Frames that are sent at this period, 1 to 2^32 - 1; then {@link CyclicTransmissionEvents.done} follows.
   * @defaultValue no end
   */
  readonly count?: number | undefined;
  /** The period after `count` frames, as `periodMs`. @defaultValue none: nothing more is sent */
  readonly thenPeriodMs?: number | undefined;
}

export interface UpdateOptions {
  /** Whether the new content is sent at once as well, beside the cycle. @defaultValue false */
  readonly now?: boolean | undefined;
  /**
   * Whether the new content is sent at once and the period begins anew with it, so that no frame of the cycle falls together with
   * this one: of several frames in turn, the kernel may then send the same one twice with `now`.
   * @defaultValue false
   */
  readonly restart?: boolean | undefined;
}

export type CyclicTransmissionEvents = {
  /** So many frames as `count` says were sent. */
  done: () => void;
};

/** Frames that are sent again and again, in turn if there are several. */
export interface CyclicTransmission {
  readonly events: TypedEmitter<CyclicTransmissionEvents>;
  /**
   * Changes what is sent from the next frame on, and leaves the phase of the cycle as it is.
   *
   * @param frames as many as before, or fewer; another number begins with the first.
   * @throws RangeError if there are more than before, or frames of another kind; IntercellError `ERR_CLOSED`.
   */
  update(frames: CanFrame | readonly CanFrame[], options?: UpdateOptions): void;
  /** Sends nothing more. Idempotent. */
  close(): void;
  [Symbol.dispose](): void;
}

/** A page of a multiplexed frame: which multiplexer values it has and which of its bits matter. */
export interface MultiplexPage {
  /** Data whose bits under {@link WatchOptions.multiplexMask} are those of the page. 8 or, for CAN FD, 64 bytes at most. */
  readonly value: Uint8Array;
  /** Bits whose change is told. The bits of the multiplexer are not asked. */
  readonly mask: Uint8Array;
}

export interface WatchOptions {
  /** Whether CAN FD frames of this id are watched, instead of classic ones. @defaultValue false */
  readonly fd?: boolean | undefined;
  /**
   * Bits of the data whose change is told; what lies behind the mask is not looked at.
   * @defaultValue none: each frame is told
   */
  readonly mask?: Uint8Array | undefined;
  /** Bits that choose a page; then {@link pages} are watched, each on its own, in place of `mask`. */
  readonly multiplexMask?: Uint8Array | undefined;
  /** 1 to 256 pages. Frames of another page are not told. */
  readonly pages?: readonly MultiplexPage[] | undefined;
  /** Whether another length is a change, too; needs a `mask` or pages. @defaultValue false */
  readonly length?: boolean | undefined;
  /**
   * Milliseconds between two changes that are told, at least; of those between, the last is told.
   * @defaultValue 0: all are told
   */
  readonly throttleMs?: number | undefined;
  /** Milliseconds without a frame of this id after which `timeout` is told. @defaultValue none */
  readonly timeoutMs?: number | undefined;
  /** Whether the first frame after a timeout is told as a change, whatever is in it. @defaultValue false */
  readonly announceResume?: boolean | undefined;
}

export type ContentWatchEvents = {
  /** The content changed, or was seen for the first time. */
  changed: (received: ReceivedFrame) => void;
  /** No frame came for as long as `timeoutMs`. Told once, until one comes again. */
  timeout: () => void;
};

/** Waits for the content of frames of one id to change. */
export interface ContentWatch {
  readonly id: CanId;
  readonly events: TypedEmitter<ContentWatchEvents>;
  close(): void;
  [Symbol.dispose](): void;
}

export type BroadcastManagerEvents = {
  /**
   * Something did not work and the rest goes on: `ENETDOWN` if the interface went down, where cycles wait for it to come up, or
   * `ERR_FULL` if frames of a cycle found no room. After other errors `close` follows.
   */
  error: (error: IntercellError) => void;
  close: () => void;
};

/** Counters since it was opened; all u53. */
export interface BroadcastStatistics {
  /** Frames of cycles that found no room or an interface that is down. The kernel does not tell: 0 of `kernel`. */
  readonly skippedFrames: number;
  /** Events of watches that were lost as this process did not read them. */
  readonly droppedEvents: number;
}

/** Sends frames in cycles and watches the content of frames, on one interface. */
export interface BroadcastManager {
  /** Of the interface, or of the bus. */
  readonly name: string;
  /** Who keeps the time: the kernel (CAN_BCM), also while JavaScript is busy, or timers of this process. */
  readonly timing: "kernel" | "process";
  readonly events: TypedEmitter<BroadcastManagerEvents>;
  readonly statistics: BroadcastStatistics;

  /**
   * Sends frames in a cycle, the first at once.
   *
   * @param frames one, or 1 to 256 of which each is sent in turn: data and remote frames, or all CAN FD.
   * @throws TypeError or RangeError if an argument is wrong; IntercellError `ERR_CLOSED`, or the errno of a refusal.
   */
  transmit(frames: CanFrame | readonly CanFrame[], options: TransmitOptions): CyclicTransmission;

  /**
   * Watches the data frames of one id.
   *
   * @throws TypeError or RangeError if an argument is wrong; IntercellError `ERR_IN_USE` if this id is watched already, classic
   * and CAN FD apart, `ERR_CLOSED`, or the errno of a refusal.
   */
  watch(id: CanId, options?: WatchOptions): ContentWatch;

  /** Ends all cycles and watches. Idempotent. */
  close(): void;
  [Symbol.dispose](): void;
}
