import type { WaitOptions } from "../channel/wait.js";
import { ErrorCode, type IntercellError, isIntercellError } from "../errors.js";
import type { FrameBatch } from "./frame-batch.js";
import { MIN_FRAME_BYTES } from "./geometry.js";
import type { FrameObservers } from "./observers.js";
import { SendQueue } from "./send-queue.js";
import type { NetCounters } from "./statistics.js";
import type { TransmitRing } from "./transmit-ring.js";

/** What the outbox needs of the endpoint that it belongs to. */
export interface OutboxHost {
  readonly name: string;
  readonly up: boolean;
  readonly maxFrameBytes: number;
  /** Runs what reads the peer's ring; gives false if that was broken, and the link with it. */
  guard(action: () => boolean): boolean;
  /** Rings the peer if it wants that. */
  ringIf(wanted: boolean): void;
  /** Why nothing can be sent while it is not up. */
  downError(): IntercellError;
  /** There is room again after a send that found none. */
  room(): void;
}

/** Puts frames into the ring, and keeps those that wait for room. */
export class NetOutbox {
  readonly #host: OutboxHost;
  readonly #ring: TransmitRing;
  readonly #sends: SendQueue;
  readonly #observers: FrameObservers;
  readonly #counters: NetCounters;
  readonly #maxFrameBytes: number;
  #wantsRoom = false;
  #flushing = false;

  constructor(host: OutboxHost, ring: TransmitRing, observers: FrameObservers, counters: NetCounters) {
    this.#host = host;
    this.#ring = ring;
    this.#sends = new SendQueue(host.name);
    this.#maxFrameBytes = host.maxFrameBytes;
    this.#observers = observers;
    this.#counters = counters;
  }

  trySend(frame: Uint8Array): boolean {
    // Those that wait were first.
    const sent = this.#sends.length === 0 && this.#transmit(frame, 0, frame.byteLength);
    if (!sent) this.#counters.txRefused++;
    return sent;
  }

  /** As {@link trySend} but waits for room; gives undefined if it was sent at once. */
  send(frame: Uint8Array, options: WaitOptions): Promise<void> | undefined {
    if (this.#sends.length === 0 && this.#transmit(frame, 0, frame.byteLength)) return undefined;
    // The attempt may have found out that the peer broke the protocol.
    if (!this.#host.up) return Promise.reject(this.#host.downError());
    return this.#sends.wait(frame, options);
  }

  /** Returns the number of the first frame of the batch that found no room. */
  sendBatch(batch: FrameBatch, from: number): number {
    let index = from;
    for (; index < batch.count && this.#sends.length === 0; index++) {
      const length = batch.length(index);
      if (length < MIN_FRAME_BYTES || length > this.#maxFrameBytes) this.#counters.txUnfit++;
      else if (!this.#transmit(batch.bytes, batch.offset(index), length)) break;
    }
    this.flush();
    return index;
  }

  flush(): void {
    this.#flushing = false;
    if (this.#host.up && this.#ring.hasUnpublished) this.#host.ringIf(this.#ring.publish());
  }

  /**
   * Frees what the peer has acknowledged and sends what waits.
   *
   * @throws IntercellError `ERR_PROTOCOL` if the peer broke the protocol.
   */
  reclaim(): void {
    if (this.#ring.reclaim() === 0 || !this.#wantsRoom) return;
    this.#wantsRoom = false;
    this.#sends.drain((frame) => this.#transmit(frame, 0, frame.byteLength));
    if (this.#sends.length === 0) this.#host.room();
    this.flush();
  }

  /**
   * The link went down: gives the number of frames that were not acknowledged, and rejects what waits.
   *
   * @param isMapped the sections can still be read.
   */
  drop(error: IntercellError, isMapped: boolean): number {
    if (isMapped) this.#reclaimLast();
    const lost = this.#ring.outstanding;
    this.#counters.txLost += lost;
    this.#wantsRoom = false;
    this.#sends.fail(error);
    return lost;
  }

  /** Notes what was acknowledged before the link went down, as far as it makes sense. */
  #reclaimLast(): void {
    try {
      this.#ring.reclaim();
    } catch (error) {
      if (!isIntercellError(error, ErrorCode.PROTOCOL)) throw error;
    }
  }

  #transmit(bytes: Uint8Array, offset: number, length: number): boolean {
    if (!this.#host.up) return false;
    if (!this.#ring.append(bytes, offset, length)) {
      if (!this.#host.guard(() => this.#makeRoom(bytes, offset, length))) return false;
    }
    this.#counters.txFrames++;
    this.#counters.txBytes += length;
    this.#observers.show("out", bytes, offset, length);
    if (!this.#flushing) {
      this.#flushing = true;
      queueMicrotask(() => {
        if (this.#flushing) this.flush();
      });
    }
    return true;
  }

  /** Frees what was acknowledged and appends; asks to be rung if that is not enough. */
  #makeRoom(bytes: Uint8Array, offset: number, length: number): boolean {
    this.flush();
    if (this.#ring.reclaim() > 0 && this.#ring.append(bytes, offset, length)) return true;
    this.#wantsRoom = true;
    // What is acknowledged while this asks may be past what it asks for, and not be enough: then it asks anew.
    for (;;) {
      this.#ring.requestRoom();
      if (this.#ring.reclaim() === 0) return false;
      if (this.#ring.append(bytes, offset, length)) return true;
    }
  }
}
