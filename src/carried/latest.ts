import { NO_ROOM } from "../channel/link.js";
import { ErrorCode, IntercellError } from "../errors.js";
import { LinkBreach, LinkFault } from "./fault.js";

/** Most topics of a channel: their number has 8 bits in an acknowledgement. */
export const MAX_TOPICS = 256;

interface OwnSlot {
  readonly bytes: Uint8Array;
  length: number;
  /** Values published. */
  count: number;
  /** The count that was sent last, and the one that the peer has for sure. */
  sent: number;
  held: number;
  sentNs: number;
}

interface PeerSlot {
  readonly bytes: Uint8Array;
  length: number;
  count: number;
}

/** A value on its way. */
export interface LatestValue {
  readonly topic: number;
  readonly count: number;
  readonly value: Uint8Array;
}

/** The topics of one channel: of each the newest value, here and of the peer. */
export class LatestSlots {
  readonly #name: string;
  readonly #own: readonly OwnSlot[];
  readonly #peer: readonly PeerSlot[];
  latestCount = 0;

  /** @throws IntercellError `ERR_FULL` if there are too many topics, or one is too long. */
  constructor(name: string, sizes: readonly number[], maxTopicBytes: number) {
    this.#name = name;
    if (sizes.length > MAX_TOPICS || sizes.some((size) => size > maxTopicBytes)) {
      const limit = `${MAX_TOPICS} topics of ${maxTopicBytes} bytes`;
      throw new IntercellError(ErrorCode.FULL, `Channel "${name}" has more than its link carries: ${limit}`);
    }
    this.#own = sizes.map((size) => ({
      ...{ bytes: new Uint8Array(size), length: 0, count: 0, sent: 0, held: 0, sentNs: 0 },
    }));
    this.#peer = sizes.map((size) => ({ bytes: new Uint8Array(size), length: 0, count: 0 }));
  }

  publish(topic: number, value: Uint8Array): void {
    const slot = this.#require(this.#own, topic);
    if (value.length > slot.bytes.length) {
      const limit = `which takes ${slot.bytes.length}`;
      const found = `A value of ${value.length} bytes does not fit topic ${topic} of channel "${this.#name}"`;
      throw new IntercellError(ErrorCode.TOO_LARGE, `${found}, ${limit}`);
    }
    slot.bytes.set(value);
    slot.length = value.length;
    slot.count += 1;
  }

  /** As `Port.readLatest`. */
  read(topic: number, target: Uint8Array): number {
    const slot = this.#require(this.#peer, topic);
    if (slot.count === 0) return NO_ROOM;
    target.set(slot.bytes.subarray(0, slot.length));
    this.latestCount = slot.count;
    return slot.length;
  }

  /** A value that the peer is to get now: one never sent, or sent before `resendBeforeNs` and not acknowledged. */
  next(resendBeforeNs: number): LatestValue | undefined {
    const topic = this.#own.findIndex(
      ({ count, sent, held, sentNs }) => count > held && (count > sent || sentNs < resendBeforeNs),
    );
    const slot = this.#own[topic];
    return slot && { topic, count: slot.count, value: slot.bytes.subarray(0, slot.length) };
  }

  sent({ topic, count }: Pick<LatestValue, "topic" | "count">, nowNs: number): void {
    const slot = this.#require(this.#own, topic);
    slot.sent = count;
    slot.sentNs = nowNs;
  }

  /** The peer has the value whose count has these low 16 bits. */
  held(topic: number, countLow: number): void {
    const slot = this.#own[topic];
    if (slot !== undefined && (slot.sent & 0xffff) === countLow) slot.held = slot.sent;
  }

  /** A value of the peer. One older than what is here changes nothing. @throws LinkBreach `latest`. */
  take({ topic, count, value }: LatestValue): void {
    const slot = this.#peer[topic];
    if (slot === undefined || value.length > slot.bytes.length) {
      const found = `${value.length} bytes for topic ${topic} of channel "${this.#name}"`;
      throw new LinkBreach(LinkFault.latest, `Found a latest value of ${found}, which it does not take`);
    }
    // The count is a u32 on the wire; nobody publishes half of its range between two values that arrive.
    if (slot.count !== 0 && ((count - slot.count) | 0) < 0) return;
    slot.bytes.set(value);
    slot.length = value.length;
    slot.count = count;
  }

  /** The session is over: the peer's values are gone, the own ones are to be sent again. */
  forget(): void {
    for (const slot of this.#peer) slot.count = 0;
    for (const slot of this.#own) {
      slot.sent = 0;
      slot.held = 0;
    }
  }

  #require<T>(slots: readonly T[], topic: number): T {
    const slot = slots[topic];
    if (slot === undefined) {
      throw new RangeError(`Topic ${topic} is not one of the ${slots.length} topics of channel "${this.#name}"`);
    }
    return slot;
  }
}
