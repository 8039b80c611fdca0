import { throwLater } from "../channel/emitter.js";
import { FrameBatch } from "./frame-batch.js";
import { FrameReader, type FramesOptions } from "./frame-reader.js";
import type { FrameObservers } from "./observers.js";
import type { ReceiveRing } from "./receive-ring.js";
import type { NetCounters } from "./statistics.js";

/** Called with each batch of frames; see {@link FrameBatch} for how long it is valid. */
export type FrameListener = (batch: FrameBatch) => void;

/** Takes frames out of the ring and gives them to whoever listens. */
export class NetInbox {
  readonly #ring: ReceiveRing;
  readonly #batch: FrameBatch;
  readonly #observers: FrameObservers;
  readonly #counters: NetCounters;
  readonly #listeners = new Set<FrameListener>();
  readonly #readers = new Set<FrameReader>();

  constructor(ring: ReceiveRing, maxFrameBytes: number, observers: FrameObservers, counters: NetCounters) {
    this.#ring = ring;
    this.#batch = new FrameBatch(maxFrameBytes);
    this.#observers = observers;
    this.#counters = counters;
  }

  listen(listener: FrameListener): () => void {
    const own: FrameListener = (batch) => listener(batch);
    this.#listeners.add(own);
    return () => this.#listeners.delete(own);
  }

  read(options: FramesOptions): FrameReader {
    const reader = new FrameReader(options, (left) => this.#readers.delete(left));
    if (!reader.ended) this.#readers.add(reader);
    return reader;
  }

  /** Ends all readers; with an error they throw it. */
  end(error?: unknown): void {
    for (const reader of [...this.#readers]) reader.end(error);
  }

  /**
   * Takes one batch and delivers it.
   *
   * @param ringIf rings the peer if it wants that.
   * @returns false if there was none, and the next frame will be announced.
   * @throws IntercellError `ERR_PROTOCOL` if the peer broke the protocol, once the frames before the breach are delivered.
   */
  take(ringIf: (wanted: boolean) => void): boolean {
    this.#batch.clear();
    if (this.#ring.fill(this.#batch) === 0) return this.#ring.arm();
    // Before anybody has looked at the frames, as they are private already.
    ringIf(this.#ring.acknowledge());
    this.#deliver();
    return true;
  }

  #deliver(): void {
    const batch = this.#batch;
    const counters = this.#counters;
    const { count } = batch;
    if (count === 0) return;
    counters.rxBatches++;
    counters.rxFrames += count;
    for (let index = 0; index < count; index++) {
      counters.rxBytes += batch.length(index);
      this.#observers.show("in", batch.bytes, batch.offset(index), batch.length(index));
    }
    if (this.#listeners.size === 0 && this.#readers.size === 0) counters.rxUnclaimed += count;
    for (const listener of this.#listeners) {
      try {
        listener(batch);
      } catch (error) {
        throwLater(error);
      }
    }
    for (const reader of this.#readers) counters.rxDropped += reader.take(batch);
  }
}
