import type { Carrier } from "./carrier.js";
import type { ClockTimer, LinkClock } from "./clock.js";
import { type ControlFrame, CURSOR_MODULUS } from "./control-frame.js";
import { encodeLatest, STREAM_HEADER_BYTES, writeStreamHeader } from "./data-pdu.js";
import { Incoming } from "./incoming.js";
import type { LatestValue } from "./latest.js";
import { Outgoing } from "./outgoing.js";
import type { CarriedCounters } from "./statistics.js";

/** How long what was taken waits to be acknowledged, so that one frame does for several records. */
const ACKNOWLEDGE_NS = 10e6;

/** How long nothing is acknowledged before the peer is asked what it has. */
const PROBE_NS = 250e6;

/** Bytes of the stream in one PDU at least, once many got lost: some ten classic frames. */
const LEAST_CHUNK_BYTES = 64;

/** Pause after a PDU that did not get through. */
const RETRY_NS = 50e6;

export interface StreamHooks {
  /** Whether PDUs may be sent: the session is up, the peer there. */
  sendable(): boolean;
  /** The next latest value that is to be sent, and of which channel. */
  nextLatest(): LatestToSend | undefined;
  /** Control frames are due. */
  due(): void;
}

export interface LatestToSend {
  readonly channel: number;
  readonly latest: LatestValue;
  sent(): void;
}

type CursorType = "taken" | "want" | "probe";

/**
 * The stream of records between two nodes, each way: split into PDUs, acknowledged by control frames, and sent again from
 * where the peer misses something.
 */
export class LinkStream {
  readonly outgoing: Outgoing;
  readonly incoming: Incoming;
  readonly #carrier: Carrier;
  readonly #clock: LinkClock;
  readonly #counters: CarriedCounters;
  readonly #hooks: StreamHooks;
  readonly #windowBytes: number;
  readonly #due = new Set<CursorType>();
  #sendTag = 0;
  #receiveTag = 0;
  /** Withdraws the PDU that is being sent. */
  #flight: AbortController | undefined;
  #retryNs = 0;
  #progressNs = 0;
  /** Bytes of the stream in one PDU: halved when one gets lost, as the longer it is the less it gets through, and doubled again. */
  #chunkBytes = Number.MAX_SAFE_INTEGER;
  #acknowledged = 0;
  /** The gap before this was told. */
  #wanted = -1;
  #latestHadTurn = false;
  #timer: ClockTimer | undefined;

  constructor(carrier: Carrier, windowBytes: number, clock: LinkClock, counters: CarriedCounters, hooks: StreamHooks) {
    this.#carrier = carrier;
    this.#windowBytes = windowBytes;
    this.#clock = clock;
    this.#counters = counters;
    this.#hooks = hooks;
    this.outgoing = new Outgoing(windowBytes);
    this.incoming = new Incoming(windowBytes);
  }

  /** Tag of what the peer sends. */
  get receiveTag(): number {
    return this.#receiveTag;
  }

  /** Tag of what this side sends. */
  get sendTag(): number {
    return this.#sendTag;
  }

  /** Whether all that was committed has been taken. */
  get drained(): boolean {
    return this.outgoing.unacknowledgedBytes === 0;
  }

  /** A session begins. */
  begin(sendTag: number, receiveTag: number): void {
    this.end();
    this.#sendTag = sendTag;
    this.#receiveTag = receiveTag;
    this.outgoing.reset();
    this.incoming.reset();
    this.#retryNs = 0;
    this.#acknowledged = 0;
    this.#wanted = -1;
  }

  /** The session is over: nothing more is sent for it. */
  end(): void {
    this.#flight?.abort();
    this.#flight = undefined;
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#due.clear();
  }

  /** The carrier was down, and what the peer has not taken may be lost: it is sent again. */
  restart(): void {
    this.#flight?.abort();
    this.#flight = undefined;
    this.#retryNs = 0;
    this.#wanted = -1;
    this.#counters.resentBytes += this.outgoing.goBackToTaken();
  }

  /** Sends the next PDU, if none is under way: of the stream and of the latest values by turns. */
  pump(): void {
    if (this.#carrier.sendLatest !== undefined) this.#sendLatestPast(this.#carrier.sendLatest.bind(this.#carrier));
    if (this.#flight !== undefined || !this.#carrier.up || !this.#hooks.sendable()) return;
    if (this.#clock.elapsedNs() < this.#retryNs) return;
    const hasStream = this.outgoing.unsentBytes > 0;
    const hasTurn = this.#carrier.sendLatest === undefined && !(hasStream && this.#latestHadTurn);
    const latest = hasTurn ? this.#hooks.nextLatest() : undefined;
    this.#latestHadTurn = latest !== undefined;
    if (latest !== undefined) {
      this.#send(encodeLatest(this.#sendTag, latest.channel, latest.latest), () => {});
      latest.sent();
    } else if (hasStream) this.#sendStream();
  }

  /** Bytes of the peer's stream came; gives whether there is something new. @throws LinkBreach `cursor`. */
  receive(cursorLow: number, bytes: Uint8Array): boolean {
    const found = this.incoming.write(cursorLow, bytes);
    if (found === "new") return true;
    if (found === "old") this.#ask("taken");
    else if (this.#wanted !== this.incoming.received) this.#ask("want");
    return false;
  }

  /** Records were handed on: the peer will hear of it. */
  noteTaken(): void {
    const fresh = this.incoming.taken - this.#acknowledged;
    if (fresh === 0) return;
    if (fresh >= this.#windowBytes / 4) this.#ask("taken");
    else {
      this.#timer ??= this.#clock.schedule(ACKNOWLEDGE_NS, () => {
        this.#timer = undefined;
        this.#ask("taken");
      });
    }
  }

  /** A control frame of the peer's about the streams; gives whether there may be room. @throws LinkBreach `cursor`. */
  control(type: CursorType, cursor: number): boolean {
    if (type === "probe") {
      this.#due.add("taken");
      if (cursor !== this.incoming.received % CURSOR_MODULUS) this.#due.add("want");
      this.#hooks.due();
      return false;
    }
    if (type === "want") {
      const again = this.outgoing.goBack(cursor);
      if (again > 0) this.#noteLoss();
      this.#counters.resentBytes += again;
      this.pump();
      return false;
    }
    if (!this.outgoing.take(cursor)) return false;
    this.#progressNs = this.#clock.elapsedNs();
    this.#chunkBytes = Math.min(this.#maxChunkBytes, this.#chunkBytes * 2);
    return true;
  }

  /** Does what time brings. */
  tick(nowNs: number): void {
    if (this.outgoing.outstanding && nowNs - this.#progressNs >= PROBE_NS && this.#flight === undefined) {
      this.#progressNs = nowNs;
      this.#ask("probe");
    }
    this.pump();
  }

  /** Sends the control frames that are due, as far as `send` takes them. */
  sendDue(send: (frame: ControlFrame) => boolean): void {
    for (const type of this.#due) {
      const { incoming, outgoing } = this;
      const cursor = type === "taken" ? incoming.taken : type === "want" ? incoming.received : outgoing.sent;
      if (!send({ type, tag: type === "probe" ? this.#sendTag : this.#receiveTag, cursor })) return;
      this.#due.delete(type);
      if (type === "taken") this.#acknowledged = cursor;
      if (type === "want") this.#wanted = cursor;
    }
  }

  get #maxChunkBytes(): number {
    return this.#carrier.maxStreamPduBytes - STREAM_HEADER_BYTES;
  }

  #ask(type: CursorType): void {
    this.#due.add(type);
    this.#hooks.due();
  }

  #noteLoss(): void {
    this.#chunkBytes = Math.max(LEAST_CHUNK_BYTES, Math.floor(Math.min(this.#chunkBytes, this.#maxChunkBytes) / 2));
  }

  /** Latest values that need not wait for the stream. */
  #sendLatestPast(send: (pdu: Uint8Array) => boolean): void {
    while (this.#carrier.up && this.#hooks.sendable()) {
      const next = this.#hooks.nextLatest();
      if (next === undefined || !send(encodeLatest(this.#sendTag, next.channel, next.latest))) return;
      next.sent();
    }
  }

  #sendStream(): void {
    const cursor = this.outgoing.sent;
    const pdu = new Uint8Array(
      STREAM_HEADER_BYTES + Math.min(this.#chunkBytes, this.#maxChunkBytes, this.outgoing.unsentBytes),
    );
    writeStreamHeader(pdu, this.#sendTag, cursor);
    const length = this.outgoing.read(pdu, STREAM_HEADER_BYTES);
    this.#send(pdu, () => this.outgoing.advance(cursor, length));
  }

  #send(pdu: Uint8Array, sent: () => void): void {
    const flight = new AbortController();
    this.#flight = flight;
    this.#carrier.send(pdu, flight.signal).then(
      () => {
        if (this.#flight !== flight) return;
        this.#flight = undefined;
        this.#progressNs = this.#clock.elapsedNs();
        sent();
        this.pump();
      },
      () => {
        if (this.#flight !== flight) return;
        this.#flight = undefined;
        this.#counters.failedPdus += 1;
        this.#noteLoss();
        this.#retryNs = this.#clock.elapsedNs() + RETRY_NS;
      },
    );
  }
}
