import { ErrorCode, IntercellError } from "../errors.js";
import type { Codec } from "../schema/codec.js";
import { Encoder } from "./encoder.js";
import { type LinkDown, NO_ROOM, RecordKind } from "./link.js";
import { noSuchEntry } from "./no-such-entry.js";
import type { Outbox, WaitingRecord } from "./outbox.js";
import type { ProtocolRequest } from "./protocol.js";
import { REPLY_HEADER_BYTES, RemoteCode, type RemoteFault, readFault } from "./reply.js";
import type { ChannelCounters } from "./statistics.js";
import { Deadline, requireWaitOptions, type WaitOptions } from "./wait.js";

/** How long to wait for a reply. */
export interface RequestOptions extends WaitOptions {
  /**
   * Milliseconds after which the request ends with `ERR_TIMEOUT`; Infinity for no limit.
   * @defaultValue 5000
   */
  readonly timeoutMs?: number | undefined;
}

/** What a {@link Requester} needs of the channel. */
export interface RequesterHooks {
  readonly counters: ChannelCounters;
  /** Names the channel and the peer in messages. */
  readonly label: string;
  /** What there is to say about the channel when a reply does not come. */
  describeState(): string;
}

const DEFAULT_TIMEOUT_MS = 5000;

/** One request of this side that has not ended. */
class Call {
  readonly name: string;
  readonly number: number;
  readonly reply: Codec<unknown>;
  readonly resolve: (value: unknown) => void;
  readonly reject: (reason: unknown) => void;
  deadline: Deadline | undefined;
  /** Set while the request waits in line. */
  waiting: WaitingRecord | undefined;
  /** Sequence of the request's record, {@link NO_ROOM} until it is committed. */
  sequence: number = NO_ROOM;

  constructor(entry: ProtocolRequest, resolve: (value: unknown) => void, reject: (reason: unknown) => void) {
    this.name = entry.name;
    this.number = entry.number;
    this.reply = entry.reply.codec;
    this.resolve = resolve;
    this.reject = reject;
  }
}

/** The requests of this side: sends them, finds the request of each reply by the sequence of its record, keeps time. */
export class Requester {
  readonly #outbox: Outbox;
  readonly #hooks: RequesterHooks;
  readonly #maxPending: number;
  readonly #entries: ReadonlyMap<string, { readonly entry: ProtocolRequest; readonly encoder: Encoder<unknown> }>;
  readonly #sent = new Map<number, Call>();
  #pending = 0;

  constructor(outbox: Outbox, requests: readonly ProtocolRequest[], maxPending: number, hooks: RequesterHooks) {
    this.#outbox = outbox;
    this.#hooks = hooks;
    this.#maxPending = maxPending;
    this.#entries = new Map(
      requests.map((entry) => {
        const what = `request "${entry.name}"`;
        return [
          entry.name,
          { entry, encoder: new Encoder(outbox, RecordKind.request, entry.number, entry.request.codec, what) },
        ];
      }),
    );
  }

  get pending(): number {
    return this.#pending;
  }

  async request(name: string, value: unknown, options: RequestOptions): Promise<unknown> {
    requireWaitOptions("request", options);
    options.signal?.throwIfAborted();
    const known = this.#entries.get(name);
    if (known === undefined) throw noSuchEntry("request", name, this.#hooks.label, this.#entries.keys());
    if (this.#pending >= this.#maxPending) {
      const found = `${this.#maxPending} requests are pending already`;
      const message = `Cannot request "${name}" on ${this.#hooks.label} as ${found}: wait for some to be done`;
      throw new IntercellError(ErrorCode.QUEUE_FULL, message);
    }
    return await new Promise((resolve, reject) => {
      const call = new Call(known.entry, resolve, reject);
      const sequence = known.encoder.tryCommit(value);
      if (sequence === NO_ROOM) this.#enqueue(call, known.encoder.encode(value));
      else this.#committed(call, sequence);
      this.#pending++;
      this.#watch(call, options);
      // A device that fails as it is told of the request closes the channel before the request is among those that end with it.
      const { stopped } = this.#outbox;
      if (stopped !== undefined) this.#fail(call, stopped);
    });
  }

  /** A reply arrived. */
  replied(message: number, view: DataView, offset: number, length: number): void {
    const call = this.#take(view, offset);
    if (call === undefined) return;
    try {
      if (message !== call.number)
        throw new IntercellError(
          ErrorCode.DECODE,
          `wanted a reply to request number ${call.number}, found one to ${message}`,
        );
      const value = call.reply.decode(view, offset + REPLY_HEADER_BYTES, length - REPLY_HEADER_BYTES);
      this.#hooks.counters.repliesReceived++;
      call.resolve(value);
    } catch (cause) {
      this.#hooks.counters.undecodable++;
      this.#hooks.counters.requestsFailed++;
      const reason = cause instanceof Error ? cause.message : String(cause);
      const message = `Cannot take the reply to "${call.name}" on ${this.#hooks.label} as it does not decode`;
      call.reject(new IntercellError(ErrorCode.DECODE, `${message}: ${reason}`, { cause }));
    }
  }

  /** An error arrived in the place of a reply. */
  refused(view: DataView, offset: number, length: number): void {
    const call = this.#take(view, offset);
    if (call === undefined) return;
    this.#hooks.counters.requestsFailed++;
    call.reject(remoteError(call.name, this.#hooks.label, readFault(view, offset, length)));
  }

  /** The session is over: nothing sent in it is ever answered. What waits in line stays. */
  sessionEnded(down: LinkDown): void {
    for (const call of [...this.#sent.values()]) {
      const message =
        `No reply to request "${call.name}" on ${this.#hooks.label} as the session ended (${down.reason}): ` +
        "the peer may or may not have handled it";
      this.#fail(call, new IntercellError(ErrorCode.PEER_RESTARTED, message));
    }
  }

  /** Fails all requests that were sent; those in line are failed by the outbox. */
  stop(error: IntercellError): void {
    for (const call of [...this.#sent.values()]) this.#fail(call, error);
  }

  #enqueue(call: Call, payload: Uint8Array): void {
    const waiting: WaitingRecord = {
      kind: RecordKind.request,
      message: call.number,
      payload,
      committed: (sequence) => {
        call.waiting = undefined;
        this.#committed(call, sequence);
      },
      failed: (reason) => {
        call.waiting = undefined;
        this.#fail(call, reason);
      },
    };
    this.#outbox.enqueue(waiting);
    call.waiting = waiting;
  }

  #committed(call: Call, sequence: number): void {
    call.sequence = sequence;
    this.#sent.set(sequence, call);
    this.#hooks.counters.requestsSent++;
  }

  #watch(call: Call, options: RequestOptions): void {
    const { signal, timeoutMs = DEFAULT_TIMEOUT_MS } = options;
    const late = (): string => {
      const state = call.waiting === undefined ? "it was sent" : "it waits to be sent";
      const wanted = `No reply to request "${call.name}" on ${this.#hooks.label} within ${timeoutMs} ms`;
      return `${wanted}: ${state}, ${this.#hooks.describeState()}`;
    };
    call.deadline = new Deadline({ signal, timeoutMs }, (reason) => this.#giveUp(call, reason), late);
  }

  #giveUp(call: Call, reason: unknown): void {
    if (call.waiting !== undefined) {
      this.#outbox.remove(call.waiting);
      this.#outbox.pump();
    } else this.#cancel(call);
    this.#fail(call, reason);
  }

  #cancel(call: Call): void {
    const payload = new Uint8Array(REPLY_HEADER_BYTES);
    new DataView(payload.buffer).setUint32(0, call.sequence, true);
    const record: WaitingRecord = {
      kind: RecordKind.cancel,
      message: call.number,
      payload,
      committed: () => {},
      failed: () => {},
    };
    if (this.#outbox.tryCommit(record.kind, record.message, payload) !== NO_ROOM) return;
    if (!this.#outbox.enqueueControl(record)) this.#hooks.counters.controlsDropped++;
  }

  #fail(call: Call, reason: unknown): void {
    this.#end(call);
    this.#hooks.counters.requestsFailed++;
    call.reject(reason);
  }

  #take(view: DataView, offset: number): Call | undefined {
    const call = this.#sent.get(view.getUint32(offset, true));
    if (call === undefined) this.#hooks.counters.lateReplies++;
    else this.#end(call);
    return call;
  }

  #end(call: Call): void {
    this.#sent.delete(call.sequence);
    this.#pending--;
    call.deadline?.stop();
  }
}

/** The fault for an error that the peer answered with. */
function remoteError(name: string, label: string, fault: RemoteFault): IntercellError {
  if (fault.code === RemoteCode.noHandler) {
    const message = `The peer has no handler for request "${name}" on ${label}`;
    return new IntercellError(ErrorCode.NO_HANDLER, message, { cause: fault });
  }
  const said = fault.text === "" ? "" : `: ${fault.text}`;
  const message = `The peer answered request "${name}" on ${label} with error ${fault.code}${said}`;
  return new IntercellError(ErrorCode.REMOTE, message, { cause: fault });
}
