import { requireKnownKeys } from "../errors.js";
import type { FrameBatch } from "./frame-batch.js";

/** Options of {@link IvshmemNet.frames}. */
export interface FramesOptions {
  /** Frames that wait to be read, 1 to 65536; those that come while as many wait are dropped. @defaultValue 1024 */
  readonly capacity?: number;
  /** Ends the iteration when it aborts, by a throw of its reason. @defaultValue none */
  readonly signal?: AbortSignal;
}

const MAX_CAPACITY = 65_536;

/**
 * The frames that arrive, each a copy of its own. A reader that is slow loses frames, as on any network, and is told how
 * many. It ends when the endpoint closes and throws what made it fail.
 */
export class FrameReader implements AsyncIterableIterator<Uint8Array> {
  readonly #capacity: number;
  readonly #signal: AbortSignal | undefined;
  readonly #leave: (reader: FrameReader) => void;
  readonly #abort = () => this.end(this.#signal?.reason);
  #queue: Uint8Array[] = [];
  #read = 0;
  readonly #waiting: { resolve(result: IteratorResult<Uint8Array>): void; reject(reason: unknown): void }[] = [];
  #ended = false;
  #failure: { readonly error: unknown } | undefined;
  #dropped = 0;

  /** @internal Use {@link IvshmemNet.frames}. */
  constructor(options: FramesOptions, leave: (reader: FrameReader) => void) {
    requireKnownKeys("frames", options, ["capacity", "signal"]);
    const { capacity = 1024, signal } = options;
    if (!Number.isInteger(capacity) || capacity < 1 || capacity > MAX_CAPACITY) {
      throw new RangeError(`The option capacity of frames is an integer from 1 to ${MAX_CAPACITY}, not ${capacity}`);
    }
    this.#capacity = capacity;
    this.#signal = signal;
    this.#leave = leave;
    if (signal?.aborted === true) this.#abort();
    else signal?.addEventListener("abort", this.#abort, { once: true });
  }

  /** Frames that this reader had no room for. */
  get dropped(): number {
    return this.#dropped;
  }

  /** @internal No frame is taken any more. */
  get ended(): boolean {
    return this.#ended;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  next(): Promise<IteratorResult<Uint8Array>> {
    const frame = this.#queue[this.#read];
    if (frame !== undefined) {
      this.#read++;
      if (this.#read === this.#queue.length) {
        this.#queue = [];
        this.#read = 0;
      }
      return Promise.resolve({ done: false, value: frame });
    }
    if (this.#failure !== undefined) {
      const { error } = this.#failure;
      this.#failure = undefined;
      return Promise.reject(error);
    }
    if (this.#ended) return Promise.resolve({ done: true, value: undefined });
    return new Promise((resolve, reject) => {
      this.#waiting.push({ resolve, reject });
    });
  }

  return(): Promise<IteratorResult<Uint8Array>> {
    this.#queue = [];
    this.#read = 0;
    this.end();
    return Promise.resolve({ done: true, value: undefined });
  }

  /** @internal Takes the frames of a batch; returns how many there was no room for. */
  take(batch: FrameBatch): number {
    let dropped = 0;
    for (let index = 0; index < batch.count && !this.#ended; index++) {
      const waiting = this.#waiting.shift();
      if (waiting !== undefined) waiting.resolve({ done: false, value: batch.frame(index).slice() });
      else if (this.#queue.length - this.#read < this.#capacity) this.#queue.push(batch.frame(index).slice());
      else dropped++;
    }
    this.#dropped += dropped;
    return dropped;
  }

  /** @internal No frame follows; what was queued can still be read. */
  end(error?: unknown): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#signal?.removeEventListener("abort", this.#abort);
    this.#leave(this);
    const waiting = this.#waiting.splice(0);
    if (error !== undefined) {
      const first = waiting.shift();
      if (first === undefined) this.#failure = { error };
      else first.reject(error);
    }
    for (const each of waiting) each.resolve({ done: true, value: undefined });
  }
}
