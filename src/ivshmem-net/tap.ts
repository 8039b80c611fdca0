import { createEmitter } from "../channel/emitter.js";
import type { TypedEmitter } from "../emitter.js";
import { ErrorCode, IntercellError, isIntercellError, requireKnownKeys, systemError } from "../errors.js";
import {
  closeDescriptor,
  closePoller,
  createPoller,
  openTap,
  PollEvent,
  type Poller,
  readFrames,
  setPollerEvents,
  setTapCarrier,
  setTapMtu,
  setTapUp,
  type Tap,
  writeFrames,
} from "../native.js";
import type { IvshmemNet } from "./endpoint.js";
import { FrameBatch } from "./frame-batch.js";

/** Options of {@link attachTap}. */
export interface AttachTapOptions {
  /** Name of the interface, 1 to 15 bytes; `%d` in it becomes a number. @defaultValue "ivshm%d" */
  readonly name?: string;
  /** Sets the interface up. @defaultValue true */
  readonly setUp?: boolean;
}

/** Counters of a {@link TapAttachment}; all u53. */
export interface TapStatistics {
  /** Frames from the kernel to the other cell. */
  readonly outFrames: number;
  /** Frames from the kernel that came while the link was down. */
  readonly outDropped: number;
  /** Frames from the other cell to the kernel. */
  readonly inFrames: number;
  /** Frames that the kernel did not take, as the interface is down or for lack of memory. */
  readonly inDropped: number;
  /** Times that the kernel had to wait with its frames as the ring was full. */
  readonly pauses: number;
}

export type TapEvents = {
  error: (error: IntercellError) => void;
  close: () => void;
};

/** Batches that are read from the kernel at one wake-up; the event loop has its turn before the next. */
const MAX_BATCHES = 4;

/**
 * An endpoint as an interface of the kernel, so that its whole IP stack can use it. The carrier of the interface is the
 * state of the link. While the ring is full nothing is read, so that frames wait in the kernel's queue as before any
 * slow network card.
 */
export class TapAttachment {
  /** Name of the interface. */
  readonly name: string;
  /** `error` (`ERR_CLOSED`) says that somebody deleted the interface; the attachment is closed then. */
  readonly events: TypedEmitter<TapEvents> = createEmitter("a TAP attachment", ["error", "close"]);
  readonly #net: IvshmemNet;
  readonly #tap: Tap;
  readonly #batch: FrameBatch;
  readonly #poller: Poller;
  readonly #detach: () => void;
  readonly #statistics = { outFrames: 0, outDropped: 0, inFrames: 0, inDropped: 0, pauses: 0 };
  /** First frame of the batch that found no room; undefined while frames flow. */
  #stuckAt: number | undefined;
  #closed = false;

  /** @internal Use {@link attachTap}. */
  constructor(net: IvshmemNet, tap: Tap) {
    this.name = tap.name;
    this.#net = net;
    this.#tap = tap;
    this.#batch = new FrameBatch(net.maxFrameBytes + 1);
    this.#poller = createPoller(tap.descriptor, { countBytes: 0 }, (_events, count) => this.#onReadable(count));
    const unlisten = net.onFrames((batch) => this.#toKernel(batch));
    net.events.on("up", this.#onUp);
    net.events.on("down", this.#onDown);
    net.events.on("room", this.#onRoom);
    net.events.on("close", this.#onClose);
    this.#detach = () => {
      unlisten();
      net.events.off("up", this.#onUp);
      net.events.off("down", this.#onDown);
      net.events.off("room", this.#onRoom);
      net.events.off("close", this.#onClose);
    };
  }

  get closed(): boolean {
    return this.#closed;
  }

  get statistics(): TapStatistics {
    return { ...this.#statistics };
  }

  /** Takes the interface away unless it is persistent. The endpoint stays open. Idempotent. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#detach();
    closePoller(this.#poller);
    closeDescriptor(this.#tap.descriptor);
    this.events.emit("close");
  }

  [Symbol.dispose](): void {
    this.close();
  }

  readonly #onUp = () => this.#setCarrier(true);

  readonly #onDown = () => {
    this.#setCarrier(false);
    if (this.#stuckAt === undefined) return;
    // They would reach another session of the peer's, much too late.
    this.#statistics.outDropped += this.#batch.count - this.#stuckAt;
    this.#flow();
  };

  readonly #onRoom = () => {
    if (this.#stuckAt !== undefined && this.#send(this.#stuckAt)) this.#flow();
  };

  readonly #onClose = () => this.close();

  /** Reads again from the kernel. */
  #flow(): void {
    this.#stuckAt = undefined;
    if (!this.#closed) setPollerEvents(this.#poller, PollEvent.READABLE);
  }

  #setCarrier(carrier: boolean): void {
    try {
      setTapCarrier(this.#tap.descriptor, carrier);
    } catch (error) {
      if (!isIntercellError(error) || error.errno === undefined) throw error;
      this.#fail(error.errno);
    }
  }

  #onReadable(count: number): void {
    if (count < 0) {
      this.#fail(count);
      return;
    }
    for (let batches = 0; batches < MAX_BATCHES && !this.#closed && this.#stuckAt === undefined; batches++) {
      const { bytes, slots, maxFrameBytes } = this.#batch;
      const frames = readFrames(this.#tap.descriptor, bytes, slots, maxFrameBytes);
      if (frames === 0) return;
      if (frames < 0) {
        this.#fail(frames);
        return;
      }
      this.#batch.filled(frames);
      if (this.#send(0)) continue;
      this.#statistics.pauses++;
      setPollerEvents(this.#poller, PollEvent.HANGUP);
    }
  }

  /** Sends the batch from a frame on. Returns false if one found no room: the endpoint then tells when there is some. */
  #send(from: number): boolean {
    const sent = this.#net.sendBatch(this.#batch, from);
    this.#statistics.outFrames += sent - from;
    if (sent === this.#batch.count) return true;
    if (this.#net.up) {
      this.#stuckAt = sent;
      return false;
    }
    this.#statistics.outDropped += this.#batch.count - sent;
    return true;
  }

  #toKernel(batch: FrameBatch): void {
    // It may have been closed by another listener of the same batch.
    if (this.#closed) return;
    const taken = writeFrames(this.#tap.descriptor, batch.bytes, batch.slots, batch.count);
    if (taken < 0) {
      this.#fail(taken);
      return;
    }
    this.#statistics.inFrames += taken;
    this.#statistics.inDropped += batch.count - taken;
  }

  #fail(errno: number): void {
    const cause = systemError({ errno, syscall: "read", path: this.name, wanted: "use the TAP interface" });
    this.close();
    const message = `The interface ${this.name} is gone; attach again. ${cause.message}`;
    this.events.emit("error", new IntercellError(ErrorCode.CLOSED, message, { cause }));
  }
}

/**
 * Makes a TAP interface, or takes one that `ip tuntap add` made, and joins it to an endpoint with the endpoint's MTU. Its
 * addresses are the caller's to set, such as with `ip address add`.
 *
 * @throws IntercellError `EPERM` without CAP_NET_ADMIN, `EBUSY` if another process has the interface.
 */
export function attachTap(net: IvshmemNet, options: AttachTapOptions = {}): TapAttachment {
  requireKnownKeys("attachTap", options, ["name", "setUp"]);
  const { name = "ivshm%d", setUp = true } = options;
  const tap = openTap(name);
  try {
    setTapMtu(tap.name, net.mtu);
    setTapCarrier(tap.descriptor, net.up);
    if (setUp) setTapUp(tap.name);
    return new TapAttachment(net, tap);
  } catch (error) {
    closeDescriptor(tap.descriptor);
    throw error;
  }
}
