import { ErrorCode, isIntercellError } from "../../errors.js";
import type { CyclicTransmission } from "../broadcast/broadcast.js";
import { type SharedBroadcasts, shareBroadcasts } from "../broadcast/shared.js";
import type { CanFrame } from "../frame.js";
import type { SocketCanBus } from "../socket-can.js";

/** What a kernel refuses with that has no broadcast manager, or one that this process cannot speak to. */
const LACKING: readonly string[] = ["EAFNOSUPPORT", "EPROTONOSUPPORT", ErrorCode.UNSUPPORTED];

/** What it refuses with once the interface is gone, before anybody was told. */
const GONE: readonly string[] = ["ENODEV", "ENOTCONN"];

function isGone(error: unknown): boolean {
  return isIntercellError(error) && GONE.includes(error.code);
}

/** Whether the kernel has no broadcast manager for this process, rather than that something went wrong. */
export function lacksBroadcasts(error: unknown): boolean {
  return isIntercellError(error) && LACKING.includes(error.code);
}

/** A cycle of frames that the kernel sends (CAN_BCM), and that begins anew when its interface was removed and returns. */
export class MappedCycle {
  readonly #bus: SocketCanBus;
  readonly #periodMs: number;
  #broadcasts: SharedBroadcasts | undefined;
  #cycle: CyclicTransmission | undefined;
  #frames: readonly CanFrame[] | undefined;
  readonly #failed: () => void;
  readonly #onManagerClose = () => {
    this.#release();
    this.#resume();
  };
  readonly #onStatus = () => {
    if (this.#bus.status === "removed") this.#release();
    this.#resume();
  };

  /**
   * @param failed called once if the interface returned and the kernel takes no cycle any more; then it is closed.
   * @throws IntercellError as {@link shareBroadcasts}.
   */
  constructor(bus: SocketCanBus, periodMs: number, failed: () => void) {
    this.#bus = bus;
    this.#periodMs = periodMs;
    this.#failed = failed;
    if (bus.status !== "removed") this.#open();
    bus.events.on("status", this.#onStatus);
  }

  /** Whether {@link set} was called: frames are being sent, or will be once the interface is up. */
  get running(): boolean {
    return this.#frames !== undefined;
  }

  /**
   * Sends these frames in turn from now on. The turn goes on where it was.
   *
   * @param now whether one is sent at once as well. The first ever is.
   * @throws IntercellError with the errno of the kernel's refusal.
   */
  set(frames: readonly CanFrame[], now: boolean): void {
    this.#frames = frames;
    try {
      if (this.#cycle === undefined) this.#start();
      else this.#cycle.update(frames, { now });
    } catch (error) {
      if (!isGone(error)) throw error;
      this.#release();
    }
  }

  /** Sends nothing more. Idempotent. */
  close(): void {
    this.#bus.events.off("status", this.#onStatus);
    this.#release();
  }

  #open(): void {
    this.#broadcasts = shareBroadcasts(this.#bus);
    this.#broadcasts.manager.events.on("close", this.#onManagerClose);
  }

  #start(): void {
    if (this.#broadcasts === undefined || this.#frames === undefined) return;
    this.#cycle = this.#broadcasts.manager.transmit(this.#frames, { periodMs: this.#periodMs });
  }

  #resume(): void {
    if (this.#bus.status !== "up" || this.#broadcasts !== undefined) return;
    try {
      this.#open();
      this.#start();
    } catch (error) {
      this.#release();
      // Gone again, of which the bus tells next.
      if (isGone(error)) return;
      this.close();
      this.#failed();
    }
  }

  #release(): void {
    const broadcasts = this.#broadcasts;
    if (broadcasts === undefined) return;
    this.#broadcasts = undefined;
    broadcasts.manager.events.off("close", this.#onManagerClose);
    try {
      this.#cycle?.close();
    } finally {
      this.#cycle = undefined;
      broadcasts.close();
    }
  }
}
