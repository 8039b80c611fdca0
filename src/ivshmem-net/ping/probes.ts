import { isSameAddress } from "../ethernet/frame.js";
import { ALL_NODES, encodeIcmpv6, type Icmpv6Message, Icmpv6Type, type Station } from "./icmpv6.js";
import type { PingReport } from "./report.js";
import { RoundTripTimes } from "./round-trip-times.js";

/*
 * An echo message behind type, code and checksum (RFC 4443, section 4.1): u16 identifier | u16 sequence | data.
 */

const DATA_OFFSET = 8;
const HOP_LIMIT = 255;

/** What became of a probe, by the u16 in its message. */
const Fate = { NONE: 0, WAITING: 1, ANSWERED: 2, TIMED_OUT: 3 } as const;

/** The probes of one ping, and which of them are answered. */
export class Probes {
  readonly #station: Station;
  readonly #sizeBytes: number;
  readonly #identifier = Math.floor(Math.random() * 0x1_0000);
  /** Number and time of those that wait, by their u16, in the order in which they were sent. */
  readonly #waiting = new Map<number, { readonly sequence: number; readonly sentMs: number }>();
  readonly #fates = new Uint8Array(0x1_0000);
  readonly #times = new RoundTripTimes();
  readonly #counts = { transmitted: 0, received: 0, timedOut: 0, unsent: 0, duplicates: 0, late: 0, corrupted: 0 };

  constructor(station: Station, sizeBytes: number) {
    this.#station = station;
    this.#sizeBytes = sizeBytes;
  }

  get waiting(): number {
    return this.#waiting.size;
  }

  /** When the oldest that waits was sent; Infinity if none waits. */
  get oldestMs(): number {
    for (const { sentMs } of this.#waiting.values()) return sentMs;
    return Number.POSITIVE_INFINITY;
  }

  /** The frame of the next probe, which waits from now on. */
  next(nowMs: number): Uint8Array {
    const sequence = ++this.#counts.transmitted;
    const number = sequence & 0xffff;
    // After 65536 probes: the one of before has had its time.
    if (this.#waiting.delete(number)) this.#counts.timedOut++;
    this.#waiting.set(number, { sequence, sentMs: nowMs });
    this.#fates[number] = Fate.WAITING;
    const body = new Uint8Array(4 + this.#sizeBytes);
    const view = new DataView(body.buffer);
    view.setUint16(0, this.#identifier);
    view.setUint16(2, number);
    for (let at = 0; at < this.#sizeBytes; at++) body[4 + at] = this.#dataAt(number, at);
    return encodeIcmpv6(this.#station, ALL_NODES, Icmpv6Type.ECHO_REQUEST, body, HOP_LIMIT);
  }

  /** The last probe was not sent after all. */
  unsent(): void {
    this.#waiting.delete(this.#counts.transmitted & 0xffff);
    this.#fates[this.#counts.transmitted & 0xffff] = Fate.NONE;
    this.#counts.unsent++;
  }

  /** Takes an answer; undefined if the message is none to a probe of this ping, or came too late. */
  take(message: Icmpv6Message, nowMs: number): { sequence: number; timeMs: number } | undefined {
    const { type, bytes, destination } = message;
    if (type !== Icmpv6Type.ECHO_REPLY || bytes.length < DATA_OFFSET) return undefined;
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    if (view.getUint16(4) !== this.#identifier || !isSameAddress(destination, this.#station.ip)) return undefined;
    const number = view.getUint16(6);
    if (!message.intact || !this.#isData(number, bytes.subarray(DATA_OFFSET))) {
      this.#counts.corrupted++;
      return undefined;
    }
    const probe = this.#waiting.get(number);
    if (probe === undefined) {
      this.#countAgain(number);
      return undefined;
    }
    this.#waiting.delete(number);
    this.#fates[number] = Fate.ANSWERED;
    this.#counts.received++;
    const timeMs = nowMs - probe.sentMs;
    this.#times.add(timeMs);
    return { sequence: probe.sequence, timeMs };
  }

  /** Gives up those that were sent at that time or before; returns their numbers. */
  expire(sentMs: number): readonly number[] {
    const expired: number[] = [];
    for (const [number, probe] of this.#waiting) {
      if (probe.sentMs > sentMs) break;
      this.#waiting.delete(number);
      this.#fates[number] = Fate.TIMED_OUT;
      expired.push(probe.sequence);
    }
    this.#counts.timedOut += expired.length;
    return expired;
  }

  report(durationMs: number): PingReport {
    return { ...this.#counts, unanswered: this.waiting, durationMs, roundTrip: this.#times.summary };
  }

  #countAgain(number: number): void {
    const fate = this.#fates[number];
    if (fate === Fate.ANSWERED) this.#counts.duplicates++;
    else if (fate === Fate.TIMED_OUT) this.#counts.late++;
    else this.#counts.corrupted++;
  }

  #isData(number: number, data: Uint8Array): boolean {
    return data.length === this.#sizeBytes && data.every((byte, at) => byte === this.#dataAt(number, at));
  }

  /** Differs from probe to probe, so that an answer shows which it is to. */
  #dataAt(number: number, at: number): number {
    return (number + at) & 0xff;
  }
}
