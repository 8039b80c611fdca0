import {
  type LinkDown,
  NO_ROOM,
  type Port,
  type PortAnnouncement,
  type PortOptions,
  type PortRecordKind,
} from "../../src/channel/index.js";
import { ErrorCode, IntercellError } from "../../src/errors.js";
import type { LoopbackLink } from "./loopback-link.js";

export class LoopbackPort implements Port {
  readonly name: string;
  readonly number: number;
  readonly handler: PortOptions["handler"];
  readonly announcement: PortAnnouncement;
  readonly slots: { bytes: Uint8Array; count: number }[];
  /** The peer announced the channel with the same type. */
  matched = false;
  latestCount = 0;
  readonly #link: LoopbackLink;
  readonly #topicSizes: readonly number[];
  #state: "waiting" | "opening" | "open" | "closed" = "waiting";
  #mismatch: PortAnnouncement | undefined;
  #mismatched = false;
  #wantsRoom = 0;

  constructor(link: LoopbackLink, options: PortOptions, number: number) {
    this.#link = link;
    this.name = options.name;
    this.number = number;
    this.handler = options.handler;
    this.announcement = { name: options.name, protocolName: options.protocolName, typeHash: options.typeHash };
    this.#topicSizes = options.topicSizes;
    this.slots = options.topicSizes.map(() => ({ bytes: new Uint8Array(), count: 0 }));
  }

  get open(): boolean {
    return this.#state === "open" && this.#link.status === "up";
  }

  get maxPayload(): number {
    return this.#link.maxPayload;
  }

  get unacknowledgedBytes(): number {
    return this.#link.unacknowledgedBytes;
  }

  get view(): DataView {
    return this.#link.scratch;
  }

  /** The peer's announcement and this one have met. */
  meet(peer: PortAnnouncement): void {
    this.matched = peer.typeHash === this.announcement.typeHash;
    if (this.matched) this.opens();
    else this.#mismatch = peer;
    this.#link.wake();
  }

  opens(): void {
    if (this.#state !== "closed") this.#state = "opening";
  }

  /** Tells the handler what has been found, outside of what found it. */
  tell(): void {
    if (this.#mismatch !== undefined && this.#state !== "closed") {
      const peer = this.#mismatch;
      this.#mismatch = undefined;
      this.#mismatched = true;
      this.handler.mismatched(peer);
    }
    if (this.#state !== "opening") return;
    this.#state = "open";
    this.handler.opened();
  }

  tellRoom(): void {
    if (this.#wantsRoom === 0 || !this.open) return;
    if (this.#link.claim(this, this.#wantsRoom) === NO_ROOM) return;
    this.#wantsRoom = 0;
    this.handler.room();
  }

  lose(down: LinkDown): void {
    const told = this.#state === "open" || ((this.matched || this.#mismatched) && !down.resumable);
    if (!down.resumable) this.#mismatched = false;
    if (!down.resumable) this.matched = false;
    if (this.#state === "closed") return;
    this.#state = "waiting";
    if (told || down.reason === "closed") this.handler.lost(down);
  }

  claim(lengthBytes: number): number {
    if (!this.open) return NO_ROOM;
    const offset = this.#link.claim(this, lengthBytes);
    if (offset === NO_ROOM) this.#wantsRoom = lengthBytes;
    return offset;
  }

  commit(kind: PortRecordKind, message: number, lengthBytes: number): number {
    return this.#link.commit(this, kind, message, lengthBytes);
  }

  flush(): void {
    this.#link.flush();
  }

  publish(topic: number, value: Uint8Array): void {
    const slot = this.slots[topic];
    const most = this.#topicSizes[topic] ?? 0;
    if (slot === undefined) throw new RangeError(`There is no topic ${topic}`);
    if (value.length > most)
      throw new IntercellError(ErrorCode.TOO_LARGE, `${value.length} bytes for a topic of ${most}`);
    slot.bytes = value.slice();
    slot.count++;
  }

  readLatest(topic: number, target: Uint8Array): number {
    const slot = this.matched ? this.#link.peer.ports.get(this.name)?.slots[topic] : undefined;
    if (slot === undefined || slot.count === 0) return NO_ROOM;
    target.set(slot.bytes);
    this.latestCount = slot.count;
    return slot.bytes.length;
  }

  broadcast(message: number, payload: Uint8Array): void {
    this.#link.broadcast(this, message, payload);
  }

  resume(): void {
    this.#link.resume();
  }

  close(): void {
    if (this.#state === "closed") return;
    this.#state = "closed";
    this.matched = false;
    this.#link.detach(this);
  }
}
