import { ErrorCode, IntercellError } from "../errors.js";
import { tooLarge } from "./encoder.js";
import { NO_ROOM, RecordKind } from "./link.js";
import { noSuchEntry } from "./no-such-entry.js";
import type { Outbox } from "./outbox.js";
import type { ProtocolRequest } from "./protocol.js";
import { REPLY_HEADER_BYTES, RemoteCode, writeFault } from "./reply.js";
import type { ChannelCounters } from "./statistics.js";

/** What a handler knows of a request besides its value. */
export interface RequestContext {
  /** Aborts when the requester gives up, the session ends or the channel closes: nobody waits for the reply then. */
  readonly signal: AbortSignal;
}

/** Answers requests of one kind. A throw goes to the requester as `ERR_REMOTE`, with the message of the error. */
export type RequestHandler<Q, R> = (request: Q, context: RequestContext) => R | Promise<R>;

/** What a {@link Responder} needs of the channel. */
export interface ResponderHooks {
  readonly counters: ChannelCounters;
  readonly label: string;
  report(error: IntercellError): void;
}

/** A request of the peer that a handler is at work on. */
class Task implements RequestContext {
  readonly sequence: number;
  /** Made when a handler asks for it, as most do not. */
  #controller: AbortController | undefined;
  #reason: unknown;
  #done = false;

  constructor(sequence: number) {
    this.sequence = sequence;
  }

  get signal(): AbortSignal {
    this.#controller ??= new AbortController();
    if (this.#reason !== undefined) this.#controller.abort(this.#reason);
    return this.#controller.signal;
  }

  /** Whether somebody waits for the reply. */
  get awaited(): boolean {
    return this.#reason === undefined && !this.#done;
  }

  abort(reason: unknown): void {
    if (!this.awaited) return;
    this.#reason = reason;
    this.#controller?.abort(reason);
  }

  done(): void {
    this.#done = true;
  }
}

/** The requests of the peer: gives them to handlers, as many at once as is allowed, and sends what comes of it. */
export class Responder {
  readonly #outbox: Outbox;
  readonly #entries: readonly ProtocolRequest[];
  readonly #maxConcurrent: number;
  readonly #hooks: ResponderHooks;
  readonly #handlers: (RequestHandler<unknown, unknown> | undefined)[];
  readonly #tasks = new Map<number, Task>();
  /** Handlers at work and replies in line; a handler counts until it returns, even if its request was cancelled. */
  #active = 0;

  constructor(outbox: Outbox, entries: readonly ProtocolRequest[], maxConcurrent: number, hooks: ResponderHooks) {
    this.#outbox = outbox;
    this.#entries = entries;
    this.#maxConcurrent = maxConcurrent;
    this.#hooks = hooks;
    this.#handlers = entries.map(() => undefined);
  }

  get active(): number {
    return this.#active;
  }

  /** Sets the handler of a request; gives the function that removes it. */
  handle(name: string, handler: RequestHandler<unknown, unknown>): () => void {
    const entry = this.#entries.find((other) => other.name === name);
    if (entry === undefined) {
      throw noSuchEntry(
        "request",
        name,
        this.#hooks.label,
        this.#entries.map((other) => other.name),
      );
    }
    if (typeof handler !== "function") throw new TypeError(`The handler of request "${name}" must be a function`);
    if (this.#handlers[entry.number] !== undefined) {
      throw new TypeError(`Request "${name}" on ${this.#hooks.label} has a handler already: remove that first`);
    }
    this.#handlers[entry.number] = handler;
    return () => {
      if (this.#handlers[entry.number] === handler) this.#handlers[entry.number] = undefined;
    };
  }

  /** A request arrived. */
  requested(message: number, sequence: number, view: DataView, offset: number, length: number): void {
    this.#hooks.counters.requestsReceived++;
    const entry = this.#entries[message];
    const handler = this.#handlers[message];
    if (entry === undefined || handler === undefined) {
      this.#refuse(sequence, message, RemoteCode.noHandler, "");
      return;
    }
    if (this.#active >= this.#maxConcurrent) {
      this.#refuse(sequence, message, RemoteCode.busy, `busy with ${this.#active} requests`);
      return;
    }
    let request: unknown;
    try {
      request = entry.request.codec.decode(view, offset, length);
    } catch (cause) {
      this.#undecodable(entry, sequence, cause);
      return;
    }
    this.#run(entry, handler, request, new Task(sequence));
  }

  /** The requester no longer waits. */
  cancelled(sequence: number): void {
    const task = this.#tasks.get(sequence);
    if (task === undefined) return;
    this.#tasks.delete(sequence);
    const message = `The requester on ${this.#hooks.label} no longer waits for the reply`;
    task.abort(new IntercellError(ErrorCode.CANCELLED, message));
  }

  /** Nobody waits for replies to requests of the session that ended. */
  sessionEnded(reason: IntercellError): void {
    const tasks = [...this.#tasks.values()];
    this.#tasks.clear();
    for (const task of tasks) task.abort(reason);
  }

  #run(entry: ProtocolRequest, handler: RequestHandler<unknown, unknown>, request: unknown, task: Task): void {
    this.#tasks.set(task.sequence, task);
    this.#active++;
    const failed = (cause: unknown): void => this.#failed(entry, task, cause);
    try {
      const reply = handler(request, task);
      // By way of a promise, as other thenables may call back twice.
      if (isThenable(reply)) Promise.resolve(reply).then((value) => this.#reply(entry, task, value), failed);
      else this.#reply(entry, task, reply);
    } catch (cause) {
      failed(cause);
    }
  }

  #reply(entry: ProtocolRequest, task: Task, value: unknown): void {
    if (!task.awaited) {
      this.#hooks.counters.repliesDiscarded++;
      this.#active--;
      return;
    }
    let payload: Uint8Array | undefined;
    try {
      if (!this.#tryReply(entry, task.sequence, value)) payload = this.#encode(entry, task.sequence, value);
    } catch (cause) {
      this.#failed(entry, task, cause);
      return;
    }
    this.#finish(task);
    if (payload === undefined) this.#replied();
    else this.#enqueue(entry.number, payload);
  }

  /** Writes a reply straight into the link's memory; false if there is no room, or if it might not fit a record. */
  #tryReply(entry: ProtocolRequest, sequence: number, value: unknown): boolean {
    const { codec } = entry.reply;
    const sizeBytes = REPLY_HEADER_BYTES + codec.size;
    if (sizeBytes > this.#outbox.maxPayload) return false;
    const offset = this.#outbox.claim(sizeBytes);
    if (offset === NO_ROOM) return false;
    const { view } = this.#outbox;
    view.setUint32(offset, sequence, true);
    view.setUint32(offset + 4, 0, true);
    const lengthBytes = REPLY_HEADER_BYTES + codec.encode(value, view, offset + REPLY_HEADER_BYTES);
    this.#outbox.commit(RecordKind.reply, entry.number, lengthBytes);
    return true;
  }

  #encode(entry: ProtocolRequest, sequence: number, value: unknown): Uint8Array {
    const { codec } = entry.reply;
    const view = new DataView(new ArrayBuffer(REPLY_HEADER_BYTES + codec.size));
    view.setUint32(0, sequence, true);
    const lengthBytes = REPLY_HEADER_BYTES + codec.encode(value, view, REPLY_HEADER_BYTES);
    if (lengthBytes > this.#outbox.maxPayload) {
      throw tooLarge(`the reply to request "${entry.name}"`, lengthBytes, this.#outbox);
    }
    return new Uint8Array(view.buffer, 0, lengthBytes);
  }

  #replied(): void {
    this.#active--;
    this.#hooks.counters.repliesSent++;
  }

  #enqueue(message: number, payload: Uint8Array): void {
    const kind = RecordKind.reply;
    const committed = (): void => this.#replied();
    const failed = (): void => {
      this.#active--;
      this.#hooks.counters.repliesDiscarded++;
    };
    if (this.#outbox.tryCommit(kind, message, payload) !== NO_ROOM) committed();
    else if (!this.#outbox.enqueueControl({ kind, message, payload, committed, failed })) {
      this.#hooks.counters.controlsDropped++;
      failed();
    }
  }

  #failed(entry: ProtocolRequest, task: Task, cause: unknown): void {
    const text = cause instanceof Error ? cause.message : String(cause);
    this.#active--;
    if (!task.awaited) {
      // Most likely the handler threw because of its signal.
      this.#hooks.counters.repliesDiscarded++;
      return;
    }
    this.#finish(task);
    this.#refuse(task.sequence, entry.number, RemoteCode.handlerFailed, text);
    const message = `The handler of request "${entry.name}" on ${this.#hooks.label} failed: ${text}`;
    this.#hooks.report(new IntercellError(ErrorCode.HANDLER, message, { cause }));
  }

  #finish(task: Task): void {
    if (this.#tasks.get(task.sequence) === task) this.#tasks.delete(task.sequence);
    task.done();
  }

  #undecodable(entry: ProtocolRequest, sequence: number, cause: unknown): void {
    this.#hooks.counters.undecodable++;
    const found = cause instanceof Error ? cause.message : String(cause);
    this.#refuse(sequence, entry.number, RemoteCode.undecodable, found);
    const message = `Cannot take request "${entry.name}" of the peer on ${this.#hooks.label} as it does not decode`;
    this.#hooks.report(new IntercellError(ErrorCode.DECODE, `${message}: ${found}`, { cause }));
  }

  #refuse(sequence: number, message: number, code: RemoteCode, text: string): void {
    this.#hooks.counters.requestsRefused++;
    const payload = writeFault(sequence, code, text, this.#outbox.maxPayload);
    const kind = RecordKind.error;
    const dropped = (): void => {
      this.#hooks.counters.controlsDropped++;
    };
    if (this.#outbox.tryCommit(kind, message, payload) !== NO_ROOM) return;
    if (!this.#outbox.enqueueControl({ kind, message, payload, committed: () => {}, failed: dropped })) dropped();
  }
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof value === "object" && value !== null && "then" in value && typeof value.then === "function";
}
