import { RetransmissionTimeout } from "./retransmission.js";

/** Times that one record is sent before the session ends. */
const MAX_ATTEMPTS = 10;

/** A record in its frame, whose header is written each time that it is sent. */
export interface OutgoingRecord {
  readonly kind: number;
  readonly frame: Uint8Array;
}

/** What came of an acknowledgement. */
export type Acknowledged = "nothing" | "some" | "impossible";

/** The records of one session that are sent and not acknowledged, or wait to be sent. Numbers run freely; u32 on the wire. */
export class OutgoingRecords {
  readonly #capacity: number;
  readonly #timeout = new RetransmissionTimeout();
  /** From {@link #acknowledged} on. */
  readonly #records: OutgoingRecord[] = [];
  #acknowledged = 0;
  #next = 0;
  /** Behind the last that was ever sent: what is before it is being sent again. */
  #highest = 0;
  #peerWindow = 1;
  /** Records that may be under way by own judgement: halved at a loss, and grown with what arrives. */
  #limit: number;
  #attempts = 0;
  #dueMs = Number.POSITIVE_INFINITY;
  /** One record whose time is taken, which is sent once only (RFC 6298, section 3). */
  #timed: { readonly end: number; readonly sentMs: number } | undefined;
  #askedAgain = -1;
  #resent = 0;

  constructor(capacity: number) {
    this.#capacity = capacity;
    this.#limit = capacity;
  }

  /** Records that are not acknowledged. */
  get length(): number {
    return this.#records.length;
  }

  get hasRoom(): boolean {
    return this.#records.length < this.#capacity;
  }

  /** Records that were sent more than once, each time counted. */
  get resent(): number {
    return this.#resent;
  }

  /** Number of the record that is sent next. */
  get next(): number {
    return this.#next;
  }

  /** When {@link expire} is to be called; Infinity while nothing is under way. */
  get dueMs(): number {
    return this.#next > this.#acknowledged ? this.#dueMs : Number.POSITIVE_INFINITY;
  }

  add(record: OutgoingRecord): void {
    this.#records.push(record);
  }

  /** The record {@link next}, if it may be sent. */
  peek(): OutgoingRecord | undefined {
    const underWay = this.#next - this.#acknowledged;
    return underWay < Math.min(this.#peerWindow, this.#limit) ? this.#records[underWay] : undefined;
  }

  /** The record of {@link peek} was sent. */
  sent(nowMs: number): void {
    if (this.#next === this.#acknowledged) this.#dueMs = nowMs + this.#timeout.timeoutMs;
    const isFirst = this.#next === this.#highest;
    this.#next++;
    if (isFirst) {
      this.#highest = this.#next;
      this.#timed ??= { end: this.#next, sentMs: nowMs };
    } else this.#resent++;
  }

  /** The peer has all before a number, and takes so many beyond it. */
  acknowledge(wire: number, window: number, nowMs: number): Acknowledged {
    const count = (wire - this.#acknowledged) >>> 0;
    // What is late is old.
    if (count > 0x8000_0000) return "nothing";
    if (count > this.#highest - this.#acknowledged) return "impossible";
    this.#peerWindow = window;
    if (count === 0) return "nothing";
    this.#records.splice(0, count);
    this.#acknowledged += count;
    this.#next = Math.max(this.#next, this.#acknowledged);
    this.#limit = Math.min(this.#capacity, this.#limit + count);
    this.#attempts = 0;
    if (this.#timed !== undefined && this.#timed.end <= this.#acknowledged) {
      this.#timeout.measured(nowMs - this.#timed.sentMs);
      this.#timed = undefined;
    }
    this.#timeout.progressed();
    this.#dueMs = nowMs + this.#timeout.timeoutMs;
    return "some";
  }

  /** The peer misses the records from a number on. It says so for each that comes behind the gap, and is heard once. */
  resend(wire: number): void {
    if (wire !== this.#acknowledged >>> 0 || this.#next === this.#acknowledged) return;
    if (this.#askedAgain === this.#acknowledged) return;
    this.#askedAgain = this.#acknowledged;
    this.#goBack();
  }

  /** Sends again what was not acknowledged in time. Returns false if that was tried often enough. */
  expire(nowMs: number): boolean {
    if (nowMs < this.dueMs) return true;
    this.#timeout.expired();
    this.#goBack();
    this.#attempts++;
    return this.#attempts < MAX_ATTEMPTS;
  }

  #goBack(): void {
    this.#next = this.#acknowledged;
    this.#timed = undefined;
    this.#limit = Math.max(1, this.#limit >>> 1);
  }
}
