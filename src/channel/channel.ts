import type { TypedEmitter } from "../emitter.js";
import type { ChannelParts } from "./assembly.js";
import type { ChannelEvents, ChannelStatus } from "./events.js";
import type { BytesListener, Inbox, MessageInfo, RawListener, RunListener, ViewListener } from "./inbox.js";
import type { Link } from "./link.js";
import { noSuchEntry } from "./no-such-entry.js";
import type {
  BroadcastValues,
  HeardValues,
  MessageValues,
  Protocol,
  ProtocolDefinition,
  ReplyValues,
  RequestValues,
  TopicValues,
} from "./protocol.js";
import { checkReceiveOptions, MessageReceiver, type ReceiveOptions, type Receiver } from "./receiver.js";
import type { RequestOptions } from "./requester.js";
import type { RequestHandler } from "./responder.js";
import type { Sender } from "./sender.js";
import type { ChannelStatistics } from "./statistics.js";
import type { Latest } from "./topics.js";
import type { WaitOptions } from "./wait.js";

/** Events of {@link Channel.messages}: one for each message and broadcast, called with each value that arrives. */
export type MessageEvents<D> = {
  [N in keyof HeardValues<D>]: (value: HeardValues<D>[N], info: MessageInfo) => void;
};

/** The channel of a protocol: `ChannelOf<typeof weather>`, for a function that is given one. */
export type ChannelOf<P> = P extends Protocol<infer D> ? Channel<D> : never;

/** How long disposal waits for the peer to take what was sent, in milliseconds. */
const DISPOSE_TIMEOUT_MS = 1000;

/**
 * Typed messages to and from one peer. Made by {@link openChannel}. Nothing is called before the running code has
 * returned to the event loop or polled the link, so whoever opens a channel and attaches all listeners and handlers at
 * once misses nothing.
 *
 * @typeParam D the definition of the protocol.
 */
export class Channel<D extends ProtocolDefinition = ProtocolDefinition> {
  /** Name by which the two sides find each other. */
  readonly name: string;
  readonly protocol: Protocol<D>;
  readonly link: Link;
  /**
   * What arrives, by name: messages, in order, each once; and broadcasts. All listeners of one message share the value.
   * A throw in a listener goes to the process as an uncaught exception; later messages still arrive.
   */
  readonly messages: TypedEmitter<MessageEvents<D>>;
  /** What happens to the channel. An `error` that nobody listens to is no throw. */
  readonly events: TypedEmitter<ChannelEvents>;
  readonly #parts: ChannelParts;

  /** @internal */
  constructor(link: Link, protocol: Protocol<D>, parts: ChannelParts) {
    this.name = parts.name;
    this.protocol = protocol;
    this.link = link;
    this.messages = parts.messages as unknown as TypedEmitter<MessageEvents<D>>;
    this.events = parts.lifecycle.events;
    this.#parts = parts;
  }

  get status(): ChannelStatus {
    return this.#parts.lifecycle.status;
  }

  /**
   * What makes the whole link wait, if this channel does: a message nobody listens to yet, or a reader that is full.
   * Replies and other channels of the link wait behind it.
   */
  get obstacle(): string | undefined {
    return this.#parts.dispatcher.obstacle;
  }

  /** A snapshot of the counters. */
  get statistics(): ChannelStatistics {
    const { counters, outbox, requester, responder } = this.#parts;
    return {
      ...counters,
      waitingSends: outbox.waiting,
      pendingRequests: requester.pending,
      activeRequests: responder.active,
      link: this.link.statistics,
    };
  }

  /**
   * Resolves once messages flow.
   *
   * @throws IntercellError `ERR_TYPE_MISMATCH`, `ERR_CLOSED`, `ERR_TIMEOUT`; the reason of the signal.
   */
  ready(options: WaitOptions = {}): Promise<void> {
    return this.#parts.lifecycle.ready(options);
  }

  /** As {@link Sender.trySend}. For the fastest path get the {@link sender} once. */
  trySend<N extends keyof MessageValues<D>>(name: N, value: MessageValues<D>[N]): boolean {
    return this.#sender(name).trySend(value);
  }

  /** As {@link Sender.send}. */
  async send<N extends keyof MessageValues<D>>(
    name: N,
    value: MessageValues<D>[N],
    options: WaitOptions = {},
  ): Promise<void> {
    await this.#sender(name).send(value, options);
  }

  /** What sends messages of one kind. The same object each time. */
  sender<N extends keyof MessageValues<D>>(name: N): Sender<MessageValues<D>[N]> {
    return this.#sender(name) as Sender<MessageValues<D>[N]>;
  }

  /**
   * Sends to every peer that listens, at once. Never waits: a slow peer misses broadcasts, and counts them.
   *
   * @throws TypeError or RangeError if the value does not fit the type; IntercellError `ERR_CLOSED`, `ERR_TOO_LARGE`,
   * or `ERR_UNSUPPORTED` if the link has no room for broadcasts.
   */
  broadcast<N extends keyof BroadcastValues<D>>(name: N, value: BroadcastValues<D>[N]): void {
    this.#requireOpen();
    this.#parts.broadcaster.broadcast(name, value);
  }

  /**
   * Listens without decoding: `listener` reads the fields it wants, in place. Gives the function that removes it.
   * Bytes that hold no value of a field's type make the reading throw; let that throw pass, so that it is counted.
   */
  onView<N extends keyof HeardValues<D>>(name: N, listener: ViewListener<HeardValues<D>[N]>): () => void {
    return this.#inbox(name).onView(listener as ViewListener<unknown>);
  }

  /**
   * Listens to the bytes, of which nothing is checked but the record around them. Gives the function that removes it.
   */
  onBytes<N extends keyof HeardValues<D>>(name: N, listener: BytesListener): () => void {
    return this.#inbox(name).onBytes(listener);
  }

  /**
   * As {@link onBytes}, without an object for the bytes: what a listener needs that is to allocate nothing. Gives the function that
   * removes it.
   */
  onRaw<N extends keyof HeardValues<D>>(name: N, listener: RawListener): () => void {
    return this.#inbox(name).onRaw(listener);
  }

  /**
   * As {@link onRaw} for all messages at once that came one right after the other: the fastest way. Gives the function
   * that removes it.
   */
  onRun<N extends keyof HeardValues<D>>(name: N, listener: RunListener): () => void {
    return this.#inbox(name).onRun(listener);
  }

  /**
   * Reads messages of one kind with a bounded queue between. There may be several readers; each gets all messages.
   *
   * @throws TypeError or RangeError if the options are wrong; IntercellError `ERR_CLOSED`.
   */
  receive<N extends keyof HeardValues<D>>(name: N, options: ReceiveOptions = {}): Receiver<HeardValues<D>[N]> {
    this.#requireOpen();
    const inbox = this.#inbox(name);
    const receiver = new MessageReceiver<unknown>(name, checkReceiveOptions(options, inbox.lossless), {
      counters: this.#parts.counters,
      resume: () => this.#parts.resume(),
      released: (ended) => inbox.removeReceiver(ended),
    });
    inbox.addReceiver(receiver);
    return receiver as unknown as Receiver<HeardValues<D>[N]>;
  }

  /**
   * Sends a request and resolves with its reply.
   *
   * @throws TypeError or RangeError if the value does not fit the type; IntercellError `ERR_REMOTE` with the {@link
   * RemoteFault} as its `cause`, `ERR_NO_HANDLER`, `ERR_PEER_RESTARTED`, `ERR_TIMEOUT`, `ERR_QUEUE_FULL`, `ERR_DECODE`,
   * `ERR_TYPE_MISMATCH`, `ERR_CLOSED`; the reason of the signal.
   */
  async request<N extends keyof RequestValues<D>>(
    name: N,
    value: RequestValues<D>[N],
    options: RequestOptions = {},
  ): Promise<ReplyValues<D>[N & keyof ReplyValues<D>]> {
    const reply = await this.#parts.requester.request(name, value, options);
    return reply as ReplyValues<D>[N & keyof ReplyValues<D>];
  }

  /**
   * Answers the requests of one kind. A request that arrives without a handler is refused. Gives the function that
   * removes the handler.
   *
   * @throws TypeError if it has a handler already.
   */
  handle<N extends keyof RequestValues<D>>(
    name: N,
    handler: RequestHandler<RequestValues<D>[N], ReplyValues<D>[N & keyof ReplyValues<D>]>,
  ): () => void {
    return this.#parts.responder.handle(name, handler as RequestHandler<unknown, unknown>);
  }

  /**
   * Stores a value in a topic, over the one of before. Works at any time, peer or none.
   *
   * @throws TypeError or RangeError if the value does not fit the type; IntercellError `ERR_CLOSED`, `ERR_TOO_LARGE`.
   */
  publish<N extends keyof TopicValues<D>>(topic: N, value: TopicValues<D>[N]): void {
    this.#requireOpen();
    this.#parts.topics.publish(topic, value);
  }

  /** The peer's newest value of a topic; undefined if there is none, or none that decodes. */
  latest<N extends keyof TopicValues<D>>(topic: N): Latest<TopicValues<D>[N]> | undefined {
    if (this.#parts.lifecycle.closed) return undefined;
    return this.#parts.topics.latest(topic) as Latest<TopicValues<D>[N]> | undefined;
  }

  /** Shows the peer what was sent, rather than when the running code has returned. */
  flush(): void {
    if (!this.#parts.lifecycle.closed) this.#parts.port.flush();
  }

  /**
   * Resolves once the peer has taken all that was sent on the link, sends that wait included. It may not have handled
   * it yet.
   *
   * @throws IntercellError `ERR_PEER_RESTARTED` if the session ends first, `ERR_CLOSED`, `ERR_TIMEOUT`; the reason of
   * the signal.
   */
  async drain(options: WaitOptions = {}): Promise<void> {
    this.#requireOpen();
    await this.#parts.drain.wait(options);
  }

  /**
   * Closes the channel: readers end, what waits fails with `ERR_CLOSED`, handlers are told through their signals. What
   * was sent is still taken by the peer if the link stays open. Idempotent.
   */
  close(): void {
    this.#parts.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  /**
   * Waits up to a second for the peer to take what was sent, then closes. A failure of the wait is an `error` event.
   */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.status === "open") {
      await this.drain({ timeoutMs: DISPOSE_TIMEOUT_MS }).catch((error) => this.#parts.lifecycle.report(error));
    }
    this.close();
  }

  #sender(name: string): Sender<unknown> {
    const sender = this.#parts.senders.get(name);
    if (sender === undefined) throw noSuchEntry("message", name, this.#parts.label, this.#parts.senders.keys());
    return sender;
  }

  #inbox(name: string): Inbox<unknown> {
    const inbox = this.#parts.inboxes.get(name);
    if (inbox !== undefined) return inbox;
    throw noSuchEntry("message or broadcast", name, this.#parts.label, this.#parts.inboxes.keys());
  }

  #requireOpen(): void {
    if (this.#parts.lifecycle.closed) throw this.#parts.lifecycle.closedError();
  }
}
