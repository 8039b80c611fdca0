import {
  type LinkDown,
  NO_ROOM,
  type Port,
  type PortAnnouncement,
  type PortHandler,
  type PortOptions,
  type PortRecordKind,
} from "../channel/link.js";
import { ErrorCode, IntercellError } from "../errors.js";
import { encodeAnnouncement } from "./announcement.js";
import { LatestSlots } from "./latest.js";

/** What a port needs of its link. */
export interface CarriedPortHost {
  readonly view: DataView;
  readonly maxPayload: number;
  readonly maxTopicBytes: number;
  /** True while records may be committed. */
  readonly sendable: boolean;
  readonly unacknowledgedBytes: number;
  claim(port: CarriedPort, payloadBytes: number): number;
  commit(port: CarriedPort, kind: PortRecordKind, message: number, payloadBytes: number): number;
  flush(): void;
  /** A value was published. */
  published(): void;
  broadcast(port: CarriedPort, message: number, payload: Uint8Array): void;
  resume(): void;
  detach(port: CarriedPort): void;
}

/** One channel's end on a link that is carried. */
export class CarriedPort implements Port {
  readonly name: string;
  readonly number: number;
  readonly handler: PortHandler;
  /** Payload of its announcement. */
  readonly announcement: Uint8Array;
  readonly latest: LatestSlots;
  readonly #host: CarriedPortHost;
  readonly #typeHash: bigint;
  /** Number that the peer announced for this channel; undefined while it has not or its type differs. */
  peerNumber: number | undefined;
  announced = false;
  /** A claim of that many bytes found no room. */
  wantedBytes: number | undefined;
  #opened = false;
  #mismatched = false;
  #closed = false;

  /** @throws RangeError if a name is too long; IntercellError `ERR_FULL` for topics that the link does not carry. */
  constructor(host: CarriedPortHost, options: PortOptions, number: number) {
    this.#host = host;
    this.name = options.name;
    this.number = number;
    this.handler = options.handler;
    this.#typeHash = options.typeHash;
    this.announcement = encodeAnnouncement(options);
    this.latest = new LatestSlots(options.name, options.topicSizes, host.maxTopicBytes);
  }

  get open(): boolean {
    return this.#opened && this.#host.sendable;
  }

  /** Both sides announced the channel in this session. */
  get met(): boolean {
    return this.#opened;
  }

  get maxPayload(): number {
    return this.#host.maxPayload;
  }

  get longerRecordsBy(): string {
    return "larger windowBytes on both sides";
  }

  get unacknowledgedBytes(): number {
    return this.#host.unacknowledgedBytes;
  }

  get view(): DataView {
    return this.#host.view;
  }

  get latestCount(): number {
    return this.latest.latestCount;
  }

  claim(lengthBytes: number): number {
    return this.open ? this.#host.claim(this, lengthBytes) : NO_ROOM;
  }

  commit(kind: PortRecordKind, message: number, lengthBytes: number): number {
    return this.#host.commit(this, kind, message, lengthBytes);
  }

  flush(): void {
    this.#host.flush();
  }

  publish(topic: number, value: Uint8Array): void {
    this.#requireOpen("publish");
    this.latest.publish(topic, value);
    this.#host.published();
  }

  readLatest(topic: number, target: Uint8Array): number {
    return this.latest.read(topic, target);
  }

  broadcast(message: number, payload: Uint8Array): void {
    this.#requireOpen("broadcast");
    this.#host.broadcast(this, message, payload);
  }

  resume(): void {
    this.#host.resume();
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#opened = false;
    this.latest.forget();
    this.#host.detach(this);
  }

  /** @internal The peer announced this channel's name. */
  meet(number: number, announcement: PortAnnouncement): void {
    if (announcement.typeHash !== this.#typeHash) {
      this.#mismatched = true;
      this.handler.mismatched(announcement);
      return;
    }
    this.peerNumber = number;
    this.openIfReady();
  }

  /** @internal Opens once both sides have announced the channel. */
  openIfReady(): void {
    if (this.#opened || this.#closed || !this.announced || this.peerNumber === undefined) return;
    this.#opened = true;
    this.handler.opened();
  }

  /** @internal The peer fell silent while the session stands. */
  suspended(down: LinkDown): void {
    if (this.#opened) this.handler.lost(down);
  }

  /** @internal The session that was suspended goes on. */
  resumed(): void {
    if (this.#opened) this.handler.opened();
  }

  /** @internal The session ended: the channel must be announced again in the next one. */
  part(down: LinkDown): void {
    this.announced = false;
    this.#leave(down);
  }

  /** @internal The peer withdrew the channel. */
  withdrawn(): void {
    this.#leave({ reason: "peer closed", resumable: false, lost: 0 });
  }

  #leave(down: LinkDown): void {
    if (this.#closed) return;
    this.wantedBytes = undefined;
    this.peerNumber = undefined;
    this.latest.forget();
    // Whatever waits on the channel waits in vain once the link is closed, be it for its first peer.
    if (!this.#opened && !this.#mismatched && down.reason !== "closed") return;
    this.#opened = false;
    this.#mismatched = false;
    this.handler.lost(down);
  }

  #requireOpen(what: string): void {
    if (!this.#closed) return;
    throw new IntercellError(ErrorCode.CLOSED, `Channel "${this.name}" is closed; open it again to ${what}`);
  }
}
