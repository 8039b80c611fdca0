import { ErrorCode, IntercellError, isIntercellError } from "../errors.js";
import type { Codec, FieldReader, View } from "../schema/codec.js";
import { type Listener, throwLater } from "./emitter.js";
import type { MessageReceiver } from "./receiver.js";
import type { ChannelCounters } from "./statistics.js";

/**
 * What is known of a message besides its value. One object for all messages of a channel: valid until the listener
 * returns.
 */
export interface MessageInfo {
  /** Sequence of the record within the session; 0 for a broadcast. */
  readonly sequence: number;
  /** Broadcasts of the peer that were missed right before this one; 0 for a message, none of which is ever missed. */
  readonly missed: number;
  /** Bytes of the message. */
  readonly lengthBytes: number;
}

/**
 * Told the fields of a message, read in place. `fields` is the same object each time, valid until the listener returns.
 */
export type ViewListener<T> = (fields: FieldReader<T>, info: MessageInfo) => void;

/** Told the bytes of a message, which have not been looked at. Valid until the listener returns. */
export type BytesListener = (bytes: Uint8Array, info: MessageInfo) => void;

/**
 * Told where the bytes of a message lie, without an object for them: `length` bytes at `offset` of `memory`, 8-aligned and not looked
 * at. Valid until the listener returns.
 */
export type RawListener = (memory: DataView, offset: number, length: number, info: MessageInfo) => void;

/**
 * Told where the bytes of messages lie that came one right after the other and are all of one length, as a
 * {@link RawListener} is told of one: `count` of them, `stride` bytes apart. `info` is that of the first; the sequences
 * of the others count up.
 */
export type RunListener = (
  memory: DataView,
  offset: number,
  length: number,
  stride: number,
  count: number,
  info: MessageInfo,
) => void;

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/** What the inboxes of one channel share. */
export interface InboxHooks {
  readonly counters: ChannelCounters;
  readonly info: Mutable<MessageInfo>;
  /** Whether messages wait for their first listener. */
  readonly holding: boolean;
  /** Whether the channel was closed. */
  closed: boolean;
  /** Reports a fault to the application. */
  report(error: IntercellError): void;
  /** There is a listener where there was none. */
  resume(): void;
}

type ValueListener<T> = (value: T, info: MessageInfo) => void;
type UseOfView<T> = { readonly view: View<T>; readonly listener: ViewListener<T> };

/** Gives the messages of one kind to all who listen. The parts are arrays that are replaced, never changed. */
export class Inbox<T> {
  readonly name: string;
  /** Such as `message "measurement"`, for errors. */
  readonly #what: string;
  readonly #codec: Codec<T>;
  readonly #hooks: InboxHooks;
  readonly #lossless: boolean;
  #values: readonly ValueListener<T>[] = [];
  #views: readonly UseOfView<T>[] = [];
  #bytes: readonly BytesListener[] = [];
  #raws: readonly RawListener[] = [];
  #runs: readonly RunListener[] = [];
  #receivers: readonly MessageReceiver<T>[] = [];
  #holds: boolean;
  /** The listener in place, if nobody else takes the messages. */
  #sole: UseOfView<T> | undefined;

  constructor(name: string, what: string, codec: Codec<T>, lossless: boolean, hooks: InboxHooks) {
    this.name = name;
    this.#what = what;
    this.#codec = codec;
    this.#lossless = lossless;
    this.#hooks = hooks;
    this.#holds = lossless && hooks.holding;
  }

  get lossless(): boolean {
    return this.#lossless;
  }

  /** Whether the channel was closed, by a listener perhaps. */
  get closed(): boolean {
    return this.#hooks.closed;
  }

  /** Why {@link deliver} says false. */
  get obstacle(): string {
    return this.#holds ? `nobody listens to ${this.#what}` : `a reader of ${this.#what} is full`;
  }

  /** Takes the listeners of the emitter in the place of those of before. */
  setListeners(listeners: readonly Listener[]): void {
    this.#values = listeners as readonly ValueListener<T>[];
    this.#changed();
    if (listeners.length > 0) this.#heard();
  }

  /** Adds a listener; gives the function that removes it. */
  onView(listener: ViewListener<T>): () => void {
    const use = { view: this.#codec.view(), listener };
    this.#views = [...this.#views, use];
    this.#changed();
    this.#heard();
    return () => {
      this.#views = this.#views.filter((other) => other !== use);
      this.#changed();
    };
  }

  /** Adds a listener; gives the function that removes it. */
  onBytes(listener: BytesListener): () => void {
    const added: BytesListener = (bytes, info) => listener(bytes, info);
    this.#bytes = [...this.#bytes, added];
    this.#changed();
    this.#heard();
    return () => {
      this.#bytes = this.#bytes.filter((other) => other !== added);
      this.#changed();
    };
  }

  /** Adds a listener; gives the function that removes it. */
  onRaw(listener: RawListener): () => void {
    const added: RawListener = (memory, offset, length, info) => listener(memory, offset, length, info);
    this.#raws = [...this.#raws, added];
    this.#changed();
    this.#heard();
    return () => {
      this.#raws = this.#raws.filter((other) => other !== added);
      this.#changed();
    };
  }

  /** Adds a listener; gives the function that removes it. */
  onRun(listener: RunListener): () => void {
    const added: RunListener = (...run) => listener(...run);
    this.#runs = [...this.#runs, added];
    this.#changed();
    this.#heard();
    return () => {
      this.#runs = this.#runs.filter((other) => other !== added);
      this.#changed();
    };
  }

  addReceiver(receiver: MessageReceiver<T>): void {
    this.#receivers = [...this.#receivers, receiver];
    this.#changed();
    this.#heard();
  }

  removeReceiver(receiver: MessageReceiver<unknown>): void {
    this.#receivers = this.#receivers.filter((other) => other !== receiver);
    this.#changed();
  }

  /** Ends all readers. */
  end(fault?: unknown): void {
    for (const receiver of this.#receivers) receiver.end(fault);
  }

  /** Gives out one message; false if it is to be given again later, because a reader is full or nobody listens yet. */
  deliver(sequence: number, missed: number, view: DataView, offset: number, length: number): boolean {
    for (const receiver of this.#receivers) if (!receiver.ready) return false;
    const decoding = this.#values.length + this.#receivers.length > 0;
    if (!decoding && this.#views.length + this.#bytes.length + this.#raws.length + this.#runs.length === 0) {
      if (this.#holds) return false;
      this.#hooks.counters.unheard++;
      return true;
    }
    this.#describe(sequence, missed, length, 1);
    if (this.#runs.length > 0) this.#giveRun(view, offset, length, length, 1);
    if (this.#raws.length > 0) this.#giveMemory(view, offset, length);
    if (this.#bytes.length > 0) this.#giveBytes(view, offset, length);
    if (this.#views.length > 0 && !this.#giveViews(view, offset, length)) return true;
    if (decoding) this.#giveValue(view, offset, length);
    return true;
  }

  /** As {@link deliver} for `count` messages that lie `stride` bytes apart; gives how many it did not say false to. */
  deliverRun(sequence: number, view: DataView, offset: number, length: number, stride: number, count: number): number {
    const hooks = this.#hooks;
    const others = this.#receivers.length + this.#values.length + this.#views.length;
    if (this.#runs.length > 0 && others + this.#bytes.length + this.#raws.length === 0) {
      this.#describe(sequence, 0, length, count);
      this.#giveRun(view, offset, length, stride, count);
      return count;
    }
    const seen = this.#lossless ? this.#giveViewRun(sequence, view, offset, length, stride, count) : 0;
    for (let index = seen; index < count; index++) {
      if (hooks.closed || !this.deliver((sequence + index) >>> 0, 0, view, offset + index * stride, length))
        return index;
    }
    return count;
  }

  /** Listeners came or went. */
  #changed(): void {
    const others = this.#values.length + this.#bytes.length + this.#raws.length + this.#runs.length;
    this.#sole = others + this.#receivers.length === 0 && this.#views.length === 1 ? this.#views[0] : undefined;
  }

  #heard(): void {
    this.#holds = false;
    this.#hooks.resume();
  }

  /** Fills in what listeners are told, and counts. */
  #describe(sequence: number, missed: number, length: number, count: number): void {
    const { info, counters } = this.#hooks;
    info.sequence = sequence;
    info.missed = missed;
    info.lengthBytes = length;
    if (this.#lossless) counters.received += count;
    else counters.broadcastsReceived += count;
  }

  #giveRun(view: DataView, offset: number, length: number, stride: number, count: number): void {
    for (const listener of this.#runs) {
      try {
        listener(view, offset, length, stride, count, this.#hooks.info);
      } catch (error) {
        throwLater(error);
      }
    }
  }

  #giveMemory(view: DataView, offset: number, length: number): void {
    for (const listener of this.#raws) {
      try {
        listener(view, offset, length, this.#hooks.info);
      } catch (error) {
        throwLater(error);
      }
    }
  }

  #giveBytes(view: DataView, offset: number, length: number): void {
    const bytes = new Uint8Array(view.buffer, view.byteOffset + offset, length);
    for (const listener of this.#bytes) {
      try {
        listener(bytes, this.#hooks.info);
      } catch (error) {
        throwLater(error);
      }
    }
  }

  /** False if the bytes hold no message of the type, as far as the listeners read it. */
  #giveViews(view: DataView, offset: number, length: number): boolean {
    for (const use of this.#views) {
      try {
        use.listener(use.view.at(view, offset, length), this.#hooks.info);
      } catch (error) {
        if (this.#viewFailed(error)) return false;
      }
    }
    return true;
  }

  /**
   * Gives messages to the sole listener, as long as it is that; gives how many. A loop with nothing in it but the
   * listener leaves an engine room to put the reading of all fields into it (docs/performance.md).
   */
  #giveViewRun(
    sequence: number,
    view: DataView,
    offset: number,
    length: number,
    stride: number,
    count: number,
  ): number {
    const use = this.#sole;
    if (use === undefined) return 0;
    const hooks = this.#hooks;
    const { info, counters } = hooks;
    info.missed = 0;
    info.lengthBytes = length;
    let index = 0;
    while (index < count && this.#sole === use && !hooks.closed) {
      try {
        for (; index < count && this.#sole === use && !hooks.closed; index++) {
          counters.received++;
          info.sequence = (sequence + index) >>> 0;
          use.listener(use.view.at(view, offset + index * stride, length), info);
        }
      } catch (error) {
        index++;
        this.#viewFailed(error);
      }
    }
    return index;
  }

  /** A listener of fields threw. A field that holds no value of its type is the peer's fault, and must not end this process. */
  #viewFailed(error: unknown): boolean {
    if (isIntercellError(error, ErrorCode.DECODE)) {
      this.#undecodable(error);
      return true;
    }
    throwLater(error);
    return false;
  }

  #giveValue(view: DataView, offset: number, length: number): void {
    let value: T;
    try {
      value = this.#codec.decode(view, offset, length);
    } catch (error) {
      this.#undecodable(error);
      return;
    }
    for (const listener of this.#values) {
      try {
        listener(value, this.#hooks.info);
      } catch (error) {
        throwLater(error);
      }
    }
    for (const receiver of this.#receivers) receiver.push(value);
  }

  #undecodable(cause: unknown): void {
    this.#hooks.counters.undecodable++;
    const found = cause instanceof Error ? cause.message : String(cause);
    const message = `Cannot take ${this.#what} of the peer as it does not decode: ${found}`;
    this.#hooks.report(new IntercellError(ErrorCode.DECODE, message, { cause }));
  }
}
