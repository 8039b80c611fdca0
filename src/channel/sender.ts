import type { Codec, FieldWriter, Writer } from "../schema/codec.js";
import type { Encoder } from "./encoder.js";
import { Lease } from "./lease.js";
import { NO_ROOM, RecordKind } from "./link.js";
import type { Outbox } from "./outbox.js";
import type { ChannelCounters } from "./statistics.js";
import { requireWaitOptions, type WaitOptions } from "./wait.js";

/** Sends messages of one kind. The `try` methods are the fast path: they allocate nothing. */
export interface Sender<T> {
  /** Name of the message. */
  readonly name: string;
  /**
   * Sends a message if there is room and no other send waits; otherwise returns false and does nothing.
   *
   * @throws TypeError or RangeError if the value does not fit the type; IntercellError `ERR_CLOSED`, `ERR_TOO_LARGE`.
   */
  trySend(value: T): boolean;
  /**
   * Sends a message, after those that wait already; resolves once it is committed to the link. The value is taken as it
   * is at the call. Waits as long as the peer is absent.
   *
   * @throws as {@link trySend}; `ERR_QUEUE_FULL`, `ERR_TIMEOUT`, `ERR_TYPE_MISMATCH`, or the reason of the signal.
   */
  send(value: T, options?: WaitOptions): Promise<void>;
  /**
   * As {@link trySend}, without an object: `fill` sets the fields in the link's memory. Fields that it does not set are
   * zero. Nothing is sent if it throws. `fields` is the same object each time and is not to be used after `fill`
   * returns; `fill` neither sends, flushes nor polls on the link.
   */
  tryWrite(fill: (fields: FieldWriter<T>) => void): boolean;
  /**
   * As {@link trySend}, with the bytes of a message that is encoded already. Only their number is checked.
   *
   * @throws TypeError if it is no Uint8Array; RangeError if no message of this type has so many bytes.
   */
  trySendBytes(bytes: Uint8Array): boolean;
  /**
   * As {@link trySendBytes} for many messages of a type of fixed size, which lie one behind the other in `bytes`: sends as
   * many as there is room for, from the first on, and gives how many. The fastest way.
   *
   * @throws TypeError if it is no Uint8Array, or messages of this type differ in size; RangeError if it does not hold
   * whole messages.
   */
  trySendRun(bytes: Uint8Array): number;
}

/** The one implementation of {@link Sender}. */
export class MessageSender<T> implements Sender<T> {
  readonly name: string;
  readonly #encoder: Encoder<T>;
  readonly #codec: Codec<T>;
  readonly #outbox: Outbox;
  readonly #counters: ChannelCounters;
  readonly #message: number;
  readonly #size: number;
  readonly #direct: boolean;
  /** Messages have one size, so that places for many can be set aside. */
  readonly #leasable: boolean;
  readonly #lease = new Lease();
  #writer: Writer<T> | undefined;
  #scratch: DataView | undefined;

  constructor(name: string, encoder: Encoder<T>, codec: Codec<T>, outbox: Outbox, counters: ChannelCounters) {
    this.name = name;
    this.#encoder = encoder;
    this.#codec = codec;
    this.#outbox = outbox;
    this.#counters = counters;
    this.#message = encoder.message;
    this.#size = codec.size;
    this.#direct = encoder.direct;
    this.#leasable = encoder.direct && codec.size === codec.minSize && codec.size > 0;
  }

  trySend(value: T): boolean {
    const lease = this.#lease;
    if (this.#hasLease(lease)) {
      const { left } = lease;
      this.#outbox.filling();
      try {
        this.#codec.encode(value, lease.view, lease.offset);
      } finally {
        this.#outbox.filled();
      }
      this.#take(lease, left);
      return true;
    }
    if (this.#encoder.tryCommit(value) === NO_ROOM) return false;
    this.#counters.sent++;
    return true;
  }

  async send(value: T, options: WaitOptions = {}): Promise<void> {
    requireWaitOptions("send", options);
    options.signal?.throwIfAborted();
    if (this.trySend(value)) return;
    await this.#outbox.send(RecordKind.data, this.#encoder.message, this.#encoder.encode(value), options);
    this.#counters.sent++;
  }

  tryWrite(fill: (fields: FieldWriter<T>) => void): boolean {
    this.#writer ??= this.#codec.writer();
    const writer = this.#writer;
    const outbox = this.#outbox;
    const lease = this.#lease;
    if (this.#hasLease(lease)) {
      const { left } = lease;
      outbox.filling();
      try {
        fill(writer.begin(lease.view, lease.offset));
        writer.end();
      } finally {
        outbox.filled();
      }
      this.#take(lease, left);
      return true;
    }
    if (!this.#direct) return this.#tryWriteScratch(writer, fill);
    const offset = outbox.claim(this.#size);
    if (offset === NO_ROOM) return false;
    outbox.filling();
    let lengthBytes: number;
    try {
      fill(writer.begin(outbox.view, offset));
      lengthBytes = writer.end();
    } finally {
      outbox.filled();
    }
    outbox.commit(RecordKind.data, this.#message, lengthBytes);
    this.#counters.sent++;
    return true;
  }

  trySendBytes(bytes: Uint8Array): boolean {
    if (!(bytes instanceof Uint8Array)) throw new TypeError(`Cannot send ${this.#encoder.what}: wanted a Uint8Array`);
    const { size, minSize } = this.#codec;
    if (!(bytes.length >= minSize && bytes.length <= size)) {
      const wanted = minSize === size ? `${size}` : `${minSize} to ${size}`;
      throw new RangeError(`Cannot send ${this.#encoder.what}: wanted ${wanted} bytes, found ${bytes.length}`);
    }
    this.#encoder.requireFit(bytes.length);
    if (this.#outbox.tryCommit(RecordKind.data, this.#encoder.message, bytes) === NO_ROOM) return false;
    this.#counters.sent++;
    return true;
  }

  trySendRun(bytes: Uint8Array): number {
    const { what } = this.#encoder;
    const { size, minSize } = this.#codec;
    if (!(bytes instanceof Uint8Array)) throw new TypeError(`Cannot send a run of ${what}: wanted a Uint8Array`);
    if (minSize !== size || size === 0) {
      const found = size === 0 ? "has no bytes" : `has ${minSize} to ${size} bytes`;
      throw new TypeError(`Cannot send a run of ${what} as each ${found}: send them one by one`);
    }
    if (bytes.length % size !== 0) {
      throw new RangeError(`Cannot send a run of ${what}: wanted a multiple of ${size} bytes, found ${bytes.length}`);
    }
    this.#encoder.requireFit(size);
    const taken = this.#outbox.tryCommitRun(this.#message, bytes, size);
    this.#counters.sent += taken;
    return taken;
  }

  /** Whether a place is set aside, perhaps just now. */
  #hasLease(lease: Lease): boolean {
    if (lease.left > 0) return !this.#outbox.blocked;
    return this.#leasable && this.#outbox.lease(lease, this.#message, this.#size);
  }

  /** Commits what was written in the place that was the next one when `left` were left. */
  #take(lease: Lease, left: number): void {
    if (lease.left !== left) throw interrupted(this.#encoder.what);
    lease.take();
    this.#counters.sent++;
    if (left === 1) this.#outbox.flush();
  }

  #tryWriteScratch(writer: Writer<T>, fill: (fields: FieldWriter<T>) => void): boolean {
    this.#scratch ??= new DataView(new ArrayBuffer(this.#codec.size));
    this.#outbox.filling();
    let lengthBytes: number;
    try {
      fill(writer.begin(this.#scratch, 0));
      lengthBytes = writer.end();
    } finally {
      this.#outbox.filled();
    }
    return this.trySendBytes(new Uint8Array(this.#scratch.buffer, 0, lengthBytes));
  }
}

/** The mistake of an accessor, or a `fill`, that polls, flushes or sends on another channel of the link. */
function interrupted(what: string): TypeError {
  return new TypeError(`Cannot send ${what}: the link is to be left alone while its fields are set`);
}
