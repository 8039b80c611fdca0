import { Controls } from "../channel/controls.js";
import { NO_ROOM, type RecordKind } from "../channel/link.js";
import { ErrorCode, IntercellError } from "../errors.js";
import type { Outgoing } from "./outgoing.js";
import type { CarriedPort } from "./port.js";
import type { LinkRoster } from "./roster.js";
import type { CarriedCounters } from "./statistics.js";
import type { LatestToSend } from "./stream.js";

/** A latest value that was sent and not acknowledged is sent again after this. */
const RESEND_LATEST_NS = 500e6;

/** What the channels of one link send, on its way into the stream. */
export class LinkOutbox {
  /** Where payloads are written before their commit. */
  readonly view: DataView;
  readonly #outgoing: Outgoing;
  readonly #roster: LinkRoster;
  readonly #counters: CarriedCounters;
  readonly #linkName: string;
  /** Has the stream send what is there. */
  readonly #pump: () => void;
  readonly #payload: Uint8Array;
  readonly #controls = new Controls();
  #claimant: CarriedPort | undefined;
  #publishing = false;

  constructor(linkName: string, outgoing: Outgoing, roster: LinkRoster, counters: CarriedCounters, pump: () => void) {
    this.#linkName = linkName;
    this.#outgoing = outgoing;
    this.#roster = roster;
    this.#counters = counters;
    this.#pump = pump;
    this.#payload = new Uint8Array(outgoing.maxPayload);
    this.view = new DataView(this.#payload.buffer);
  }

  /** Channels that were closed and that the peer still takes for open. */
  get withdrawals(): number {
    return this.#controls.withdrawals;
  }

  claim(port: CarriedPort, payloadBytes: number): number {
    if (payloadBytes > this.#outgoing.maxPayload) throw this.#tooLarge(payloadBytes);
    this.#claimant = undefined;
    if (!this.#outgoing.hasRoom(payloadBytes)) {
      port.wantedBytes = payloadBytes;
      this.#pump();
      return NO_ROOM;
    }
    this.#claimant = port;
    return 0;
  }

  commit(port: CarriedPort, kind: RecordKind, message: number, lengthBytes: number): number {
    if (this.#claimant !== port) {
      throw new TypeError(`Nothing is claimed on channel "${port.name}": claim room before each commit`);
    }
    this.#claimant = undefined;
    this.#counters.sentRecords += 1;
    this.#counters.sentBytes += lengthBytes;
    return this.#write(kind, port.number, message, lengthBytes, true);
  }

  announce(port: CarriedPort): void {
    this.#controls.announce(port.number, port.announcement, () => {
      port.announced = true;
      port.openIfReady();
    });
  }

  /** @param sent called when the number may be used again. */
  withdraw(port: CarriedPort, sent: () => void): void {
    this.#controls.withdraw(port.number, sent);
  }

  /** Sends what was committed or published in this run of JavaScript together. */
  publishSoon(): void {
    if (this.#publishing) return;
    this.#publishing = true;
    queueMicrotask(() => {
      this.#publishing = false;
      this.#pump();
    });
  }

  /** Commits announcements and withdrawals first, then lets the ports use what room there is. */
  useRoom(): void {
    if (this.#controls.length > 0 && !this.#controls.send(this.#sink)) return;
    for (const port of this.#roster.ports) {
      if (port.wantedBytes === undefined || !port.open || !this.#outgoing.hasRoom(port.wantedBytes)) continue;
      port.wantedBytes = undefined;
      port.handler.room();
    }
  }

  /** The latest value that is to be sent next. */
  nextLatest(nowNs: number): LatestToSend | undefined {
    for (const port of this.#roster.ports) {
      const latest = port.met ? port.latest.next(nowNs - RESEND_LATEST_NS) : undefined;
      if (latest === undefined) continue;
      return { channel: port.number, latest, sent: () => port.latest.sent(latest, nowNs) };
    }
    return undefined;
  }

  /** The session is over. */
  clear(): void {
    this.#controls.clear();
    this.#claimant = undefined;
  }

  /** How announcements and withdrawals get into the stream. */
  get #sink() {
    return {
      view: this.view,
      claim: (payloadBytes: number) => (this.#outgoing.hasRoom(payloadBytes) ? 0 : NO_ROOM),
      commit: (kind: number, channel: number, message: number, payloadBytes: number) =>
        this.#write(kind as RecordKind, channel, message, payloadBytes, false),
    };
  }

  #write(kind: RecordKind, channel: number, message: number, lengthBytes: number, counts: boolean): number {
    const header = { kind, channel, message, lengthBytes };
    const sequence = this.#outgoing.commit(header, this.#payload.subarray(0, lengthBytes), counts);
    this.publishSoon();
    return sequence;
  }

  #tooLarge(payloadBytes: number): IntercellError {
    const { maxPayload } = this.#outgoing;
    const found = `A record of ${payloadBytes} bytes cannot be sent to ${this.#linkName}, which takes ${maxPayload}`;
    return new IntercellError(ErrorCode.TOO_LARGE, `${found}; open both sides with larger windowBytes`);
  }
}
