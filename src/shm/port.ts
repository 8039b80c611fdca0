import type { Lease } from "../channel/lease.js";
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
import { type Announcement, encodeAnnouncement } from "./announcement.js";
import { Fault, FaultCode } from "./fault.js";
import { type LatestRegion, NO_VALUE, SlotReader, SlotWriter, slotOffsets } from "./latest.js";
import type { SectionMemory } from "./memory.js";

/** What a port needs of its link. */
export interface PortHost {
  readonly own: SectionMemory;
  readonly peer: SectionMemory;
  readonly maxPayload: number;
  /** True while records may be committed: session up, peer neither away nor stalled. */
  readonly sendable: boolean;
  readonly unacknowledgedBytes: number;
  /** True while what is read of the peer belongs to the session that is up. */
  stands(): boolean;
  claim(payloadBytes: number): number;
  commit(kind: number, channel: number, message: number, payloadBytes: number): number;
  /** As {@link Port.lease}, for the channel with this number. */
  lease(lease: Lease, channel: number, message: number, payloadBytes: number): boolean;
  /** Takes back a lease and commits what was taken of it. */
  settle(): void;
  /** Commits data records with payloads of `payloadBytes`, more than 0; gives how many there was room for. */
  commitRun(channel: number, message: number, payloads: Uint8Array, payloadBytes: number): number;
  flush(): void;
  broadcast(channel: number, message: number, payload: Uint8Array): void;
  resume(): void;
  detach(port: ShmPort): void;
}

/** Where a port's topics live in the own section; `offset` is 0 if it has none. */
export interface TopicPlace {
  readonly offset: number;
  readonly size: number;
}

/** @throws IntercellError `ERR_FULL` if the latest-value region has no room for a channel's topics. */
export function placeTopics(region: LatestRegion, options: PortOptions): TopicPlace {
  const { size } = slotOffsets(options.topicSizes);
  const offset = size === 0 ? 0 : region.allocate(size);
  if (offset === undefined) {
    const { used, size: all } = region.usage;
    throw new IntercellError(
      ErrorCode.FULL,
      `The topics of channel "${options.name}" need ${size} bytes, but ${used} of ${all} bytes for latest values are in ` +
        "use; give the node more latestBytes or larger output sections",
    );
  }
  return { offset, size };
}

/** One channel's end on a shared-memory link. */
export class ShmPort implements Port {
  readonly name: string;
  readonly number: number;
  readonly handler: PortHandler;
  readonly place: TopicPlace;
  readonly view: DataView;
  readonly #host: PortHost;
  readonly #options: PortOptions;
  readonly #slots: readonly SlotWriter[];
  #peerSlots: readonly SlotReader[] = [];
  /** Number that the peer announced for this channel; undefined while it has not or its type differs. */
  peerNumber: number | undefined;
  announced = false;
  wantsRoom = false;
  #opened = false;
  /** The peer announced the channel with another type. */
  #mismatched = false;
  /** A claim of this port stands: nothing else was claimed on the link since. */
  #claimed = false;
  #closed = false;
  latestCount = 0;

  constructor(host: PortHost, options: PortOptions, number: number, place: TopicPlace) {
    this.#host = host;
    this.#options = options;
    this.name = options.name;
    this.number = number;
    this.handler = options.handler;
    this.place = place;
    this.view = host.own.view;
    this.#slots = slotOffsets(options.topicSizes).offsets.map(
      (offset) => new SlotWriter(host.own, place.offset + offset),
    );
  }

  get open(): boolean {
    return this.#opened && this.#host.sendable;
  }

  get maxPayload(): number {
    return this.#host.maxPayload;
  }

  get longerRecordsBy(): string {
    return "larger sections or fewer peers (peers and ringBytes of openShm)";
  }

  get unacknowledgedBytes(): number {
    return this.#host.unacknowledgedBytes;
  }

  get announcement(): Uint8Array {
    return encodeAnnouncement({ ...this.#options, latestOffset: this.place.offset, latestSize: this.place.size });
  }

  claim(lengthBytes: number): number {
    if (!this.#opened || !this.#host.sendable) {
      this.wantsRoom = true;
      return NO_ROOM;
    }
    const offset = this.#host.claim(lengthBytes);
    if (offset === NO_ROOM) {
      this.wantsRoom = true;
    }
    this.#claimed = offset !== NO_ROOM;
    return offset;
  }

  commit(kind: PortRecordKind, message: number, lengthBytes: number): number {
    if (!this.#claimed) {
      throw new TypeError(`Nothing is claimed on channel "${this.name}": claim room before each commit`);
    }
    this.#claimed = false;
    return this.#host.commit(kind, this.number, message, lengthBytes);
  }

  commitRun(message: number, payloads: Uint8Array, lengthBytes: number): number {
    this.#claimed = false;
    if (!this.open) {
      this.wantsRoom = true;
      return 0;
    }
    const taken = this.#host.commitRun(this.number, message, payloads, lengthBytes);
    if (taken * lengthBytes < payloads.byteLength) this.wantsRoom = true;
    return taken;
  }

  lease(lease: Lease, message: number, lengthBytes: number): boolean {
    this.#claimed = false;
    return this.open && this.#host.lease(lease, this.number, message, lengthBytes);
  }

  flush(): void {
    this.#host.flush();
  }

  publish(topic: number, value: Uint8Array): void {
    const slot = this.#slots[topic];
    const most = this.#options.topicSizes[topic] ?? 0;
    if (slot === undefined) {
      throw new RangeError(`Topic ${topic} is not one of the ${this.#slots.length} topics of channel "${this.name}"`);
    }
    if (this.#closed) {
      throw new IntercellError(ErrorCode.CLOSED, `Channel "${this.name}" is closed; open it again to publish`);
    }
    if (value.byteLength > most) {
      throw new IntercellError(
        ErrorCode.TOO_LARGE,
        `A value of ${value.byteLength} bytes does not fit topic ${topic} of channel "${this.name}", which takes ${most}`,
      );
    }
    slot.write(value);
  }

  readLatest(topic: number, target: Uint8Array): number {
    if (this.#slots[topic] === undefined) {
      throw new RangeError(`Topic ${topic} is not one of the ${this.#slots.length} topics of channel "${this.name}"`);
    }
    const slot = this.#peerSlots[topic];
    if (slot === undefined) {
      return NO_ROOM;
    }
    const length = slot.read(target);
    this.latestCount = slot.count;
    return length === NO_VALUE ? NO_ROOM : length;
  }

  broadcast(message: number, payload: Uint8Array): void {
    if (this.#closed) {
      throw new IntercellError(ErrorCode.CLOSED, `Channel "${this.name}" is closed; open it again to broadcast`);
    }
    this.#host.broadcast(this.number, message, payload);
  }

  resume(): void {
    this.#host.resume();
  }

  close(): void {
    if (!this.#closed) {
      this.#closed = true;
      this.#host.settle();
      this.#host.detach(this);
      this.#opened = false;
      this.#peerSlots = [];
    }
  }

  /** @internal The peer announced this channel's name. @throws Fault `announce` if the topics cannot lie where it says. */
  meet(number: number, announcement: Announcement, region: TopicPlace): void {
    if (announcement.typeHash !== this.#options.typeHash) {
      this.#mismatched = true;
      this.handler.mismatched(announcement satisfies PortAnnouncement);
      return;
    }
    this.#peerSlots = this.#slotReaders(announcement, region);
    this.peerNumber = number;
    this.openIfReady();
  }

  /** @internal Opens once both sides have announced the channel. */
  openIfReady(): void {
    if (!this.#opened && this.announced && this.peerNumber !== undefined) {
      this.#opened = true;
      this.handler.opened();
    }
  }

  /** @internal The peer went away or stalled while the session stands. */
  suspended(down: LinkDown): void {
    this.#host.settle();
    if (this.#opened) {
      this.handler.lost(down);
    }
  }

  /** @internal The session that was suspended goes on. */
  resumed(): void {
    if (this.#opened) {
      this.handler.opened();
    }
  }

  /** @internal The peer withdrew the channel, or the session ended: `announced` must be made again in the next one. */
  part(down: LinkDown | undefined): void {
    if (this.#closed) return;
    this.#host.settle();
    this.announced = this.announced && down === undefined;
    this.peerNumber = undefined;
    this.#peerSlots = [];
    // Whatever waits on the channel waits in vain once the link is closed, be it for its first peer.
    if (this.#opened || this.#mismatched || down?.reason === "closed") {
      this.#opened = false;
      this.#mismatched = false;
      this.handler.lost(down ?? { reason: "peer closed", resumable: false, lost: 0 });
    }
  }

  #slotReaders(announcement: Announcement, region: TopicPlace): SlotReader[] {
    const { offsets, size } = slotOffsets(this.#options.topicSizes);
    if (size === 0) {
      return [];
    }
    const { latestOffset, latestSize } = announcement;
    const end = region.offset + region.size;
    if (latestSize !== size || latestOffset % 64 !== 0 || latestOffset < region.offset || latestOffset + size > end) {
      throw new Fault(
        FaultCode.announce,
        `Channel "${this.name}" was announced with topics at ${latestOffset} in ${latestSize} bytes, wanted ${size} bytes ` +
          `between ${region.offset} and ${end}`,
      );
    }
    return offsets.map((offset, topic) => {
      const most = this.#options.topicSizes[topic] ?? 0;
      return new SlotReader(this.#host.peer, latestOffset + offset, most, () => this.#host.stands());
    });
  }
}
