import {
  AGAIN,
  FrameKind,
  RELIABLE_HEADER_BYTES,
  type ReliableHeader,
  readReliableFrame,
  writeReliableHeader,
} from "./frame.js";
import { OutgoingRecords } from "./outgoing.js";
import { createSessionCounters, type SessionStatistics } from "./statistics.js";

/**
 * - `restarted`: the peer began another session
 * - `silent`: nothing was heard of it in time
 * - `unacknowledged`: it is there, but a record does not get through
 * - `broke`: it acknowledged what was never sent
 * - `peer closed`, `closed`: one side ended it
 */
export type SessionEnd = "restarted" | "silent" | "unacknowledged" | "broke" | "peer closed" | "closed";

/** Whom a session tells, and what it sends by. Called from within its methods; may call {@link ReliableSession.send}. */
export interface SessionHooks {
  /**
   * Sends a frame, whose first `headroom` bytes are for the hook to fill. It may be given the same bytes again.
   *
   * @returns false if there is no room: it will be tried again.
   */
  transmit(frame: Uint8Array): boolean;
  /** A record of the peer's: each once and in order. The bytes are valid during the call. */
  record(kind: number, bytes: Uint8Array): void;
  /** Something that was sent once: it may come twice, late, or never. */
  datagram(kind: number, bytes: Uint8Array): void;
  opened(): void;
  /** The session is over, and another is sought. `lost` records were not acknowledged, and may have arrived or not. */
  ended(reason: SessionEnd, lost: number): void;
  /** After a send that found no room: there is some. */
  room(): void;
}

/** Options of a {@link ReliableSession}. */
export interface SessionOptions {
  /** Bytes before the header of each frame, such as 14 for that of Ethernet. */
  readonly headroom: number;
  /** Records under way or waiting at once, 1 to 65535. */
  readonly windowRecords: number;
  /** How often the peer hears something, and how long nothing may be heard of it, in milliseconds. */
  readonly keepAliveMs: number;
  readonly timeoutMs: number;
  /** An epoch that was not used before: u32, not 0. */
  nextEpoch(): number;
}

/** How often a side that seeks its peer says hello, and how soon it may say it again when asked, in milliseconds. */
const HELLO_MS = 100;
const HELLO_AGAIN_MS = 5;

/** When what found no room is tried again. */
const BLOCKED_MS = 1;

/** Epochs of sessions that are over and may still be under way. */
const SPENT_EPOCHS = 8;

/**
 * One end of a session between two stations that lose, double, delay and reorder frames: records arrive once and in order, or the
 * session ends and says so. Knows no clock and no socket: it is told the time in milliseconds, and to do what is due.
 */
export class ReliableSession {
  readonly #options: SessionOptions;
  readonly #hooks: SessionHooks;
  readonly #counters = createSessionCounters();
  readonly #spent: number[] = [];
  #own: number;
  #peer = 0;
  #open = false;
  #closed = false;
  #outgoing: OutgoingRecords;
  /** Number of the record that is to come next. */
  #expected = 0;
  #acknowledgeDue = false;
  #again = false;
  #wantsRoom = false;
  /** When what found no room is tried again. */
  #retryMs = Number.POSITIVE_INFINITY;
  #helloDueMs = 0;
  #helloMs = Number.NEGATIVE_INFINITY;
  #sentMs = 0;
  #heardMs = 0;

  constructor(options: SessionOptions, hooks: SessionHooks) {
    this.#options = options;
    this.#hooks = hooks;
    this.#own = options.nextEpoch();
    this.#outgoing = new OutgoingRecords(options.windowRecords);
  }

  get open(): boolean {
    return this.#open;
  }

  get closed(): boolean {
    return this.#closed;
  }

  /** Records that the peer has not acknowledged. */
  get unacknowledged(): number {
    return this.#outgoing.length;
  }

  get statistics(): SessionStatistics {
    return { ...this.#counters, resentRecords: this.#counters.resentRecords + this.#outgoing.resent };
  }

  /** When {@link step} is to be called at the latest; 0 for at once. */
  get dueMs(): number {
    if (this.#closed) return Number.POSITIVE_INFINITY;
    if (!this.#open) return this.#helloDueMs;
    const { keepAliveMs, timeoutMs } = this.#options;
    const judgedMs = Math.min(this.#heardMs + timeoutMs, this.#outgoing.dueMs);
    if (this.#retryMs !== Number.POSITIVE_INFINITY) return Math.min(judgedMs, this.#retryMs);
    if (this.#acknowledgeDue || this.#outgoing.peek() !== undefined) return 0;
    return Math.min(judgedMs, this.#sentMs + keepAliveMs);
  }

  /**
   * Keeps a record until it has arrived; {@link step} sends it.
   *
   * @returns false if the session is not open or there is no room: `room` follows.
   */
  send(kind: number, bytes: Uint8Array): boolean {
    if (!this.#open || !this.#outgoing.hasRoom) {
      this.#wantsRoom = this.#open;
      return false;
    }
    this.#outgoing.add({ kind, frame: this.#frame(bytes) });
    this.#counters.sentRecords++;
    return true;
  }

  /** Sends something once; returns false if it was not sent. */
  sendDatagram(kind: number, bytes: Uint8Array): boolean {
    const isSent = this.#open && this.#transmit(this.#frame(bytes), FrameKind.DATAGRAM, this.#outgoing.next, kind);
    if (isSent) this.#counters.sentDatagrams++;
    else this.#counters.unsentDatagrams++;
    return isSent;
  }

  /** Takes what follows the Ethernet header of a frame. {@link step} is to be called soon. */
  receive(bytes: Uint8Array, nowMs: number): void {
    if (this.#closed) return;
    const frame = readReliableFrame(bytes);
    if (frame === undefined) {
      this.#counters.invalidFrames++;
      return;
    }
    const { header, payload } = frame;
    // What comes back to who sent it is nobody else's.
    if (header.epoch === this.#own) {
      this.#counters.staleFrames++;
      return;
    }
    if (!this.#open) this.#seek(header, nowMs);
    else if (!this.#isOfSession(header)) this.#meet(header, nowMs);
    if (this.#open && this.#isOfSession(header)) this.#accept(header, payload, nowMs);
  }

  /** Does what is due by now. */
  step(nowMs: number): void {
    if (this.#closed) return;
    this.#retryMs = Number.POSITIVE_INFINITY;
    if (!this.#open) {
      if (nowMs >= this.#helloDueMs) this.#sayHello(nowMs);
      return;
    }
    if (nowMs - this.#heardMs >= this.#options.timeoutMs) {
      this.#end("silent", nowMs);
      return;
    }
    if (!this.#outgoing.expire(nowMs)) {
      this.#end("unacknowledged", nowMs);
      return;
    }
    this.#sendRecords(nowMs);
    const isIdle = nowMs - this.#sentMs >= this.#options.keepAliveMs;
    if (!this.#acknowledgeDue && !isIdle) return;
    if (this.#transmit(this.#frame(), FrameKind.ACK, this.#outgoing.next)) this.#noteSent(nowMs);
    else this.#retryMs = nowMs + BLOCKED_MS;
  }

  /** Says goodbye, once, and ends for good. Idempotent. */
  close(nowMs: number): void {
    if (this.#closed) return;
    if (this.#open) {
      this.#transmit(this.#frame(), FrameKind.BYE, this.#outgoing.next);
      this.#end("closed", nowMs);
    }
    this.#closed = true;
  }

  #isOfSession({ epoch, echo }: ReliableHeader): boolean {
    return epoch === this.#peer && echo === this.#own;
  }

  /** While there is no session: the peer's epoch, and then a frame that shows that it knows the own one, which is new. */
  #seek(header: ReliableHeader, nowMs: number): void {
    if (header.type === FrameKind.BYE) return;
    const knowsOwn = header.echo === this.#own;
    if (knowsOwn || header.type === FrameKind.HELLO) this.#peer = header.epoch;
    if (knowsOwn) this.#begin(nowMs);
    // It does not know the own epoch, or takes a session for open that is over.
    else this.#helloDueMs = Math.min(this.#helloDueMs, Math.max(nowMs, this.#helloMs + HELLO_AGAIN_MS));
  }

  /** In a session: a frame that is of another. */
  #meet(header: ReliableHeader, nowMs: number): void {
    const isNew = header.epoch !== this.#peer && !this.#spent.includes(header.epoch);
    if (header.type !== FrameKind.HELLO || !isNew) {
      this.#counters.staleFrames++;
      // A hello of the peer's that it sent before it had heard the own epoch.
      if (header.epoch === this.#peer) this.#acknowledgeDue = true;
      return;
    }
    this.#end("restarted", nowMs);
    this.#peer = header.epoch;
    this.#helloDueMs = nowMs;
  }

  #accept(header: ReliableHeader, payload: Uint8Array, nowMs: number): void {
    this.#heardMs = nowMs;
    if (header.type === FrameKind.BYE) {
      this.#end("peer closed", nowMs);
      return;
    }
    const found = this.#outgoing.acknowledge(header.acknowledged, header.window, nowMs);
    if (found === "impossible") {
      this.#end("broke", nowMs);
      return;
    }
    if ((header.flags & AGAIN) !== 0) this.#outgoing.resend(header.acknowledged);
    if (found === "some" && this.#wantsRoom) {
      this.#wantsRoom = false;
      this.#hooks.room();
      // Who had room may have ended it all.
      if (!this.#isOfSession(header)) return;
    }
    if (header.type === FrameKind.HELLO) this.#acknowledgeDue = true;
    else if (header.type === FrameKind.DATAGRAM) {
      this.#counters.receivedDatagrams++;
      this.#hooks.datagram(header.kind, payload);
    } else if (header.type === FrameKind.DATA) this.#take(header, payload);
  }

  #take(header: ReliableHeader, payload: Uint8Array): void {
    this.#acknowledgeDue = true;
    const ahead = (header.sequence - this.#expected) | 0;
    if (ahead < 0) {
      this.#counters.repeatedRecords++;
      return;
    }
    if (ahead > 0) {
      this.#counters.earlyRecords++;
      this.#again = true;
      return;
    }
    this.#again = false;
    this.#expected = (this.#expected + 1) >>> 0;
    this.#counters.receivedRecords++;
    this.#hooks.record(header.kind, payload);
  }

  #begin(nowMs: number): void {
    this.#open = true;
    this.#wantsRoom = false;
    this.#heardMs = nowMs;
    this.#sentMs = nowMs;
    // By which the peer learns that this side knows its epoch.
    this.#acknowledgeDue = true;
    this.#counters.sessions++;
    this.#hooks.opened();
  }

  /** Another epoch for another session, so that nothing of this one is taken for its own. */
  #end(reason: SessionEnd, nowMs: number): void {
    const lost = this.#outgoing.length;
    this.#counters.resentRecords += this.#outgoing.resent;
    this.#counters.lostRecords += lost;
    this.#outgoing = new OutgoingRecords(this.#options.windowRecords);
    this.#spent.push(this.#peer);
    if (this.#spent.length > SPENT_EPOCHS) this.#spent.shift();
    this.#open = false;
    this.#peer = 0;
    this.#own = this.#options.nextEpoch();
    this.#acknowledgeDue = false;
    this.#expected = 0;
    this.#again = false;
    this.#helloDueMs = nowMs;
    this.#hooks.ended(reason, lost);
  }

  #sayHello(nowMs: number): void {
    const isSent = this.#transmit(this.#frame(), FrameKind.HELLO, 0);
    this.#helloDueMs = nowMs + (isSent ? HELLO_MS : BLOCKED_MS);
    if (isSent) this.#helloMs = nowMs;
  }

  #sendRecords(nowMs: number): void {
    for (let record = this.#outgoing.peek(); record !== undefined && this.#open; record = this.#outgoing.peek()) {
      if (!this.#transmit(record.frame, FrameKind.DATA, this.#outgoing.next, record.kind)) {
        this.#retryMs = nowMs + BLOCKED_MS;
        return;
      }
      this.#outgoing.sent(nowMs);
      this.#noteSent(nowMs);
    }
  }

  #noteSent(nowMs: number): void {
    this.#sentMs = nowMs;
    this.#acknowledgeDue = false;
    this.#again = false;
  }

  /** A frame with room for its headers. */
  #frame(bytes?: Uint8Array): Uint8Array {
    const begin = this.#options.headroom + RELIABLE_HEADER_BYTES;
    const frame = new Uint8Array(begin + (bytes?.length ?? 0));
    if (bytes !== undefined) frame.set(bytes, begin);
    return frame;
  }

  #transmit(frame: Uint8Array, type: FrameKind, sequence: number, kind = 0): boolean {
    const { headroom, windowRecords } = this.#options;
    const header: ReliableHeader = {
      ...{ type, epoch: this.#own, echo: this.#peer, sequence: sequence >>> 0, acknowledged: this.#expected, kind },
      ...{ window: windowRecords, flags: this.#again ? AGAIN : 0 },
    };
    const view = new DataView(frame.buffer, frame.byteOffset, frame.byteLength);
    writeReliableHeader(view, headroom, header, frame.length - headroom - RELIABLE_HEADER_BYTES);
    if (this.#hooks.transmit(frame)) return true;
    this.#counters.blockedFrames++;
    return false;
  }
}
