import { requireKnownKeys } from "../errors.js";
import type { ChannelCounters } from "./statistics.js";

/**
 * What a reader does with a message that it has no room for:
 * - `wait`: the link reads nothing more from this peer until there is room, and in the end the peer's sends wait
 * - `drop-oldest`: the message that waits longest gives way
 * - `drop-newest`: the message itself is dropped
 */
export type Overflow = "wait" | "drop-oldest" | "drop-newest";

export interface ReceiveOptions {
  /**
   * Messages that may wait for the reader, 1 to 2^20.
   * @defaultValue 256
   */
  readonly capacity?: number | undefined;
  /** @defaultValue `"wait"`; `"drop-oldest"` for a broadcast, which cannot wait */
  readonly overflow?: Overflow | undefined;
}

/**
 * Reads messages of one kind in the order of their arrival: `for await (const value of receiver)`. Goes on when the
 * peer restarts. Ends, after what it holds, when the channel closes; throws, after what it holds, when the peer breaks
 * the wire protocol or has another type. Leaving the loop frees the reader and nothing else.
 */
export interface Receiver<T> extends AsyncIterableIterator<T, undefined, undefined> {
  /** Name of the message. */
  readonly name: string;
  /** Messages that wait to be read. */
  readonly length: number;
  readonly capacity: number;
  /** Messages that this reader had no room for. */
  readonly dropped: number;
  return(): Promise<IteratorResult<T, undefined>>;
  [Symbol.asyncIterator](): this;
  [Symbol.asyncDispose](): Promise<void>;
}

const MAX_CAPACITY = 2 ** 20;
const overflows: readonly string[] = ["wait", "drop-oldest", "drop-newest"];

/** {@link ReceiveOptions} that were checked, with their defaults. */
export type CheckedReceiveOptions = { readonly capacity: number; readonly overflow: Overflow };

/** @throws TypeError or RangeError if the options are not as {@link ReceiveOptions} says. */
export function checkReceiveOptions(options: ReceiveOptions, lossless: boolean): CheckedReceiveOptions {
  requireKnownKeys("receive", options, ["capacity", "overflow"]);
  const { capacity = 256, overflow = lossless ? "wait" : "drop-oldest" } = options;
  if (typeof capacity !== "number") throw new TypeError("capacity of receive must be a number");
  if (!(Number.isInteger(capacity) && capacity >= 1 && capacity <= MAX_CAPACITY)) {
    throw new RangeError(`capacity of receive must be an integer from 1 to ${MAX_CAPACITY}, not ${capacity}`);
  }
  if (!overflows.includes(overflow)) {
    throw new TypeError(`overflow of receive must be one of ${overflows.join(", ")}, not ${JSON.stringify(overflow)}`);
  }
  if (overflow === "wait" && !lossless) {
    throw new TypeError('overflow of receive cannot be "wait" for a broadcast: choose "drop-oldest" or "drop-newest"');
  }
  return { capacity, overflow };
}

type Waiting<T> = { resolve(result: IteratorResult<T, undefined>): void; reject(reason: unknown): void };

/** What a {@link MessageReceiver} needs of the channel, or of what else it reads from. */
export interface ReceiverHooks {
  readonly counters: Pick<ChannelCounters, "dropped">;
  /** There is room again in a reader that made the link wait. */
  resume(): void;
  /** The reader ends. */
  released(receiver: MessageReceiver<unknown>): void;
}

/** The one implementation of {@link Receiver}. */
export class MessageReceiver<T> implements Receiver<T> {
  readonly name: string;
  readonly capacity: number;
  readonly #overflow: Overflow;
  readonly #hooks: ReceiverHooks;
  /** Ring of `capacity` places that grows as it is used; `#first` is the oldest. */
  #held: (T | undefined)[] = [];
  #first = 0;
  #length = 0;
  #dropped = 0;
  readonly #waiting: Waiting<T>[] = [];
  #ended = false;
  #fault: unknown;

  constructor(name: string, options: CheckedReceiveOptions, hooks: ReceiverHooks) {
    this.name = name;
    this.capacity = options.capacity;
    this.#overflow = options.overflow;
    this.#hooks = hooks;
  }

  get length(): number {
    return this.#length;
  }

  get dropped(): number {
    return this.#dropped;
  }

  /** Whether {@link push} may be called: always, unless the reader makes the link wait. */
  get ready(): boolean {
    return this.#overflow !== "wait" || this.#length < this.capacity;
  }

  push(value: T): void {
    if (this.#ended) return;
    const waiting = this.#waiting.shift();
    if (waiting !== undefined) {
      waiting.resolve({ value, done: false });
      return;
    }
    if (this.#length === this.capacity) {
      this.#dropped++;
      this.#hooks.counters.dropped++;
      if (this.#overflow === "drop-newest") return;
      this.#shift();
    }
    this.#held[(this.#first + this.#length) % this.capacity] = value;
    this.#length++;
  }

  /** Ends the reader after what it holds, with a throw if there is a `fault`. */
  end(fault?: unknown): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#hooks.released(this);
    const [first, ...others] = this.#waiting.splice(0);
    if (fault === undefined) first?.resolve({ value: undefined, done: true });
    else if (first === undefined) this.#fault = fault;
    else first.reject(fault);
    for (const waiting of others) waiting.resolve({ value: undefined, done: true });
  }

  next(): Promise<IteratorResult<T, undefined>> {
    if (this.#length > 0) {
      const value = this.#shift();
      // At half, so that the link is not woken for each single message.
      if (this.#length === this.capacity >> 1) this.#hooks.resume();
      return Promise.resolve({ value, done: false });
    }
    if (this.#fault !== undefined) {
      const fault = this.#fault;
      this.#fault = undefined;
      return Promise.reject(fault);
    }
    if (this.#ended) return Promise.resolve({ value: undefined, done: true });
    return new Promise((resolve, reject) => this.#waiting.push({ resolve, reject }));
  }

  return(): Promise<IteratorResult<T, undefined>> {
    this.#held = [];
    this.#length = 0;
    this.#fault = undefined;
    this.end();
    this.#hooks.resume();
    return Promise.resolve({ value: undefined, done: true });
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.return();
  }

  #shift(): T {
    const value = this.#held[this.#first] as T;
    this.#held[this.#first] = undefined;
    this.#first = (this.#first + 1) % this.capacity;
    this.#length--;
    return value;
  }
}
