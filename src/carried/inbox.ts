import { RecordKind } from "../channel/link.js";
import { decodeAnnouncement } from "./announcement.js";
import { decodeBroadcast, type IncomingBroadcast } from "./broadcast.js";
import type { ControlFrame } from "./control-frame.js";
import type { DataPdu } from "./data-pdu.js";
import type { Incoming, IncomingRecord } from "./incoming.js";
import type { LinkRoster } from "./roster.js";
import type { CarriedCounters } from "./statistics.js";

type Held = Extract<ControlFrame, { type: "held" }>;

/** Broadcasts by which one may be late and still be known as such. */
const MAX_LATE = 64;

/** Broadcasts that may wait for the announcement of their channel; of more the oldest goes. */
const MAX_EARLY = 32;

interface EarlyBroadcast {
  readonly broadcast: IncomingBroadcast;
  readonly missed: number;
}

/** Hands what has come from the peer to the channels. */
export class LinkInbox {
  readonly #incoming: Incoming;
  readonly #roster: LinkRoster;
  readonly #counters: CarriedCounters;
  /** Acknowledgements of latest values that are due, by channel and topic. */
  readonly #heldDue = new Map<number, Held>();
  /** Number of the peer's next broadcast, once there was one in this session. */
  #nextBroadcast: number | undefined;
  /** Broadcasts that have overtaken the announcement of their channel. */
  readonly #early: EarlyBroadcast[] = [];
  #paused = false;
  /** Counts the sessions, as a handler may end the one in which it is called. */
  #generation = 0;

  constructor(incoming: Incoming, roster: LinkRoster, counters: CarriedCounters) {
    this.#incoming = incoming;
    this.#roster = roster;
    this.#counters = counters;
  }

  /** A session begins or ends. */
  reset(): void {
    this.#generation += 1;
    this.#paused = false;
    this.#nextBroadcast = undefined;
    this.#heldDue.clear();
    this.#counters.unroutableRecords += this.#early.length;
    this.#early.length = 0;
  }

  resume(): void {
    this.#paused = false;
  }

  /** Hands on the records that have come, until one is turned down; gives how many. @throws LinkBreach */
  deliver(): number {
    const generation = this.#generation;
    let handled = 0;
    while (!this.#paused) {
      const record = this.#incoming.peek();
      if (record === undefined) break;
      const taken = this.#take(record);
      if (generation !== this.#generation) break;
      this.#paused = !taken;
      if (!taken) break;
      this.#incoming.shift();
      handled += 1;
      if (this.#early.length > 0) this.#deliverEarly();
    }
    return handled;
  }

  /** @throws LinkBreach `latest`. */
  takeLatest(pdu: Extract<DataPdu, { type: "latest" }>): void {
    // One of a channel that is not open here stays unacknowledged and comes again.
    const port = this.#roster.openPort(pdu.channel);
    if (port === undefined) return;
    port.latest.take(pdu);
    const { tag, channel, topic, count } = pdu;
    this.#heldDue.set(channel * 0x100 + topic, { type: "held", tag, channel, topic, count });
  }

  /** @throws LinkBreach `record`. */
  takeBroadcast(bytes: Uint8Array): void {
    const broadcast = decodeBroadcast(bytes);
    const { sequence } = broadcast;
    const missed = this.#nextBroadcast === undefined ? 0 : (sequence - this.#nextBroadcast) & 0xffff;
    // One that comes again, or behind later ones. A gap is longer only after an absence, and then there was one.
    if (missed >= 0x10000 - MAX_LATE) {
      this.#counters.stalePdus += 1;
      return;
    }
    this.#nextBroadcast = (sequence + 1) & 0xffff;
    this.#counters.missedBroadcasts += missed;
    if (this.#early.push({ broadcast, missed }) > MAX_EARLY) {
      this.#early.shift();
      this.#counters.unroutableRecords += 1;
    }
    this.#deliverEarly();
  }

  /** Hands on the broadcasts whose channel has been announced, in order. */
  #deliverEarly(): void {
    while (true) {
      const first = this.#early.findIndex(({ broadcast }) => this.#roster.knows(broadcast.channel));
      const [found] = first < 0 ? [] : this.#early.splice(first, 1);
      if (found === undefined) return;
      const { channel, message, view, lengthBytes } = found.broadcast;
      const port = this.#roster.openPort(channel);
      if (port?.met === true) port.handler.broadcast(message, found.missed, view, 0, lengthBytes);
      else this.#counters.unroutableRecords += 1;
    }
  }

  /** Sends the acknowledgements that are due, as far as `send` takes them. */
  sendDue(send: (frame: ControlFrame) => boolean): void {
    for (const [key, frame] of this.#heldDue) if (send(frame)) this.#heldDue.delete(key);
  }

  /** Gives false if the record is to come again. */
  #take({ kind, channel, message, sequence, lengthBytes }: IncomingRecord): boolean {
    const { view } = this.#incoming;
    if (kind === RecordKind.announce) {
      this.#roster.announced(channel, decodeAnnouncement(new Uint8Array(view.buffer, 0, lengthBytes)));
      return true;
    }
    if (kind === RecordKind.withdraw) {
      this.#roster.withdrawn(channel);
      return true;
    }
    const port = this.#roster.port(channel);
    if (port?.met !== true) {
      this.#counters.unroutableRecords += 1;
      return true;
    }
    if (!port.handler.record(kind, message, sequence, view, 0, lengthBytes)) return false;
    this.#counters.receivedRecords += 1;
    this.#counters.receivedBytes += lengthBytes;
    return true;
  }
}
