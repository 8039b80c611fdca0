import { fence } from "../uio/atomic.js";
import { load16, load32, store16 } from "./access.js";
import type { FrameBatch } from "./frame-batch.js";
import { MIN_FRAME_BYTES, type NetGeometry } from "./geometry.js";
import { passesEvent, type SectionViews } from "./ring-event.js";
import { violation } from "./violation.js";

const DESCRIPTOR_WORDS = 4;

/**
 * The ring of the frames that the peer sends: descriptors and frames lie in its section, the acknowledgement in the own
 * one. Every field of the peer is loaded once and checked before it is used; frames are copied out.
 */
export class ReceiveRing {
  readonly #geometry: NetGeometry;
  readonly #own: SectionViews;
  readonly #peer: SectionViews;
  readonly #mask: number;
  readonly #availIndex: number;
  readonly #availRing: number;
  readonly #usedEvent: number;
  readonly #usedIndex: number;
  readonly #usedRing: number;
  readonly #availEvent: number;
  /** Free-running u16 numbers: of the next frame, and of the next to acknowledge. */
  #taken = 0;
  #acknowledged = 0;
  /** Frames that were longer than the batch takes, and such that were no frames. */
  oversized = 0;
  runts = 0;

  constructor(geometry: NetGeometry, own: SectionViews, peer: SectionViews) {
    this.#geometry = geometry;
    this.#own = own;
    this.#peer = peer;
    this.#mask = geometry.queueLength - 1;
    this.#availIndex = geometry.availOffset / 2 + 1;
    this.#availRing = geometry.availOffset / 2 + 2;
    this.#usedEvent = geometry.usedEventOffset / 2;
    this.#usedIndex = geometry.usedOffset / 2 + 1;
    this.#usedRing = geometry.usedOffset / 4 + 1;
    this.#availEvent = geometry.availEventOffset / 2;
  }

  /** Begins anew in a section that was zeroed. */
  reset(): void {
    this.#taken = 0;
    this.#acknowledged = 0;
  }

  /**
   * Copies frames into a batch until it is full or there is none left; returns how many it took out of the ring.
   *
   * @throws IntercellError `ERR_PROTOCOL` for an index or descriptor that cannot be, once the frames before it are taken.
   */
  fill(batch: FrameBatch): number {
    const index = load16(this.#peer.halves, this.#availIndex);
    const pending = (index - this.#taken) & 0xffff;
    if (pending > this.#mask + 1) {
      throw violation(`its avail index jumped to ${index}, by ${pending} frames in a ring of ${this.#mask + 1}`);
    }
    let count = 0;
    for (; count < pending && !batch.full; count++) {
      try {
        this.#take(batch);
      } catch (error) {
        // The frames before are whole, and first; the next look comes to this one again.
        if (count === 0) throw error;
        break;
      }
    }
    return count;
  }

  /** Lets the peer reuse what was taken. Returns whether it wants to be rung for that. */
  acknowledge(): boolean {
    const previous = this.#acknowledged;
    store16(this.#own.halves, this.#usedIndex, this.#taken);
    this.#acknowledged = this.#taken;
    fence();
    return passesEvent(load16(this.#peer.halves, this.#usedEvent), this.#taken, previous);
  }

  /** Asks to be rung for the next frame. Returns whether it is there already. */
  arm(): boolean {
    store16(this.#own.halves, this.#availEvent, this.#taken);
    fence();
    return load16(this.#peer.halves, this.#availIndex) !== this.#taken;
  }

  #take(batch: FrameBatch): void {
    const { dataOffset, sectionBytes } = this.#geometry;
    const slot = this.#taken & this.#mask;
    const descriptor = load16(this.#peer.halves, this.#availRing + slot);
    if (descriptor > this.#mask) throw violation(`it announced descriptor ${descriptor} of ${this.#mask + 1}`);
    const word = descriptor * DESCRIPTOR_WORDS;
    const address = load32(this.#peer.words, word);
    const addressHigh = load32(this.#peer.words, word + 1);
    const length = load32(this.#peer.words, word + 2);
    if (addressHigh !== 0 || address < dataOffset || address > sectionBytes || length > sectionBytes - address) {
      const where = (addressHigh * 2 ** 32 + address).toString(16);
      throw violation(
        `descriptor ${descriptor} says ${length} bytes at 0x${where}, where frames lie from 0x${dataOffset.toString(16)} ` +
          `to 0x${sectionBytes.toString(16)}`,
      );
    }
    if (length > batch.maxFrameBytes) this.oversized++;
    else if (length < MIN_FRAME_BYTES) this.runts++;
    else batch.append(this.#peer.bytes, address, length);
    this.#own.words[this.#usedRing + 2 * slot] = descriptor;
    this.#own.words[this.#usedRing + 2 * slot + 1] = 1;
    this.#taken = (this.#taken + 1) & 0xffff;
  }
}
