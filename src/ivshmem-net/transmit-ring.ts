import { fence } from "../uio/atomic.js";
import { load16, load32, store16 } from "./access.js";
import { type NetGeometry, slotBytes } from "./geometry.js";
import { passesEvent, type SectionViews } from "./ring-event.js";
import { violation } from "./violation.js";

const DESCRIPTOR_WORDS = 4;
const DESCRIPTOR_HALVES = 8;
const FLAGS_HALF = 6;
const NEXT_HALF = 7;

/** What `used[].len` is of a frame that was taken. */
const TAKEN = 1;

/**
 * The ring of the frames that this side sends. Descriptors and frames lie in the own section, the acknowledgement in the
 * peer's. Descriptors are used in turn, and frames are freed in the order in which they were sent.
 */
export class TransmitRing {
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
  /** By descriptor: the first byte behind the slot of its frame. */
  readonly #ends: Uint32Array;
  /** Where the next frame begins, and where the oldest that is not acknowledged does. */
  #head = 0;
  #tail = 0;
  #outstanding = 0;
  /** Free-running u16 numbers: of the next frame, of the next to publish, of the next to be acknowledged. */
  #next = 0;
  #published = 0;
  #completed = 0;

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
    this.#ends = new Uint32Array(geometry.queueLength);
  }

  /** Frames that the peer has not acknowledged. */
  get outstanding(): number {
    return this.#outstanding;
  }

  /** Frames were appended that the peer has not been shown. */
  get hasUnpublished(): boolean {
    return this.#next !== this.#published;
  }

  /** Begins anew in a section that was zeroed. `next` of the descriptors is as Linux's list of free ones begins. */
  reset(): void {
    const { queueLength, dataOffset } = this.#geometry;
    for (let descriptor = 0; descriptor < queueLength - 1; descriptor++) {
      this.#own.halves[descriptor * DESCRIPTOR_HALVES + NEXT_HALF] = descriptor + 1;
    }
    this.#head = dataOffset;
    this.#tail = dataOffset;
    this.#outstanding = 0;
    this.#next = 0;
    this.#published = 0;
    this.#completed = 0;
  }

  /** Copies a frame into the section, to be published later. Returns false if there is no room. */
  append(source: Uint8Array, offset: number, length: number): boolean {
    if (this.#outstanding > this.#mask) return false;
    const slot = slotBytes(length);
    const at = this.#place(slot);
    if (at < 0) return false;
    const { bytes, halves, words } = this.#own;
    bytes.set(length === source.byteLength ? source : source.subarray(offset, offset + length), at);
    const descriptor = this.#next & this.#mask;
    words[descriptor * DESCRIPTOR_WORDS] = at;
    words[descriptor * DESCRIPTOR_WORDS + 1] = 0;
    words[descriptor * DESCRIPTOR_WORDS + 2] = length;
    halves[descriptor * DESCRIPTOR_HALVES + FLAGS_HALF] = 0;
    halves[this.#availRing + descriptor] = descriptor;
    this.#head = at + slot;
    this.#ends[descriptor] = this.#head;
    this.#outstanding++;
    this.#next = (this.#next + 1) & 0xffff;
    return true;
  }

  /** Shows the peer what was appended. Returns whether it wants to be rung for that. */
  publish(): boolean {
    const previous = this.#published;
    store16(this.#own.halves, this.#availIndex, this.#next);
    this.#published = this.#next;
    // The peer stores the event, then looks at the index; here it is the other way round. Both with a full fence between.
    fence();
    return passesEvent(load16(this.#peer.halves, this.#availEvent), this.#next, previous);
  }

  /**
   * Frees what the peer has acknowledged; returns the number of frames.
   *
   * @throws IntercellError `ERR_PROTOCOL` if it acknowledged what was not sent.
   */
  reclaim(): number {
    const index = load16(this.#peer.halves, this.#usedIndex);
    const count = (index - this.#completed) & 0xffff;
    if (count === 0) return 0;
    const sent = (this.#published - this.#completed) & 0xffff;
    if (count > sent) throw violation(`its used index jumped to ${index}, by ${count} frames where ${sent} were sent`);
    for (let done = 0; done < count; done++) this.#complete();
    return count;
  }

  /** Asks to be rung once the peer has acknowledged half of what it has. {@link reclaim} must follow. */
  requestRoom(): void {
    const half = ((this.#published - this.#completed) & 0xffff) >>> 1;
    store16(this.#own.halves, this.#usedEvent, (this.#completed + half) & 0xffff);
    fence();
  }

  #complete(): void {
    const descriptor = this.#completed & this.#mask;
    const element = this.#usedRing + 2 * descriptor;
    const id = load32(this.#peer.words, element);
    const length = load32(this.#peer.words, element + 1);
    if (id !== descriptor) throw violation(`it acknowledged descriptor ${id} where ${descriptor} is the oldest`);
    if (length !== TAKEN)
      throw violation(`it acknowledged descriptor ${id} with length ${length} in place of ${TAKEN}`);
    this.#tail = this.#ends[descriptor] as number;
    this.#outstanding--;
    this.#completed = (this.#completed + 1) & 0xffff;
  }

  /** Where a slot fits, or -1. Where it does not fit before the end it goes to the begin, as in Linux. */
  #place(slot: number): number {
    const { dataOffset, sectionBytes } = this.#geometry;
    if (this.#outstanding === 0) this.#tail = this.#head;
    else if (this.#head <= this.#tail) return this.#tail - this.#head >= slot ? this.#head : -1;
    if (sectionBytes - this.#head >= slot) return this.#head;
    const free = this.#outstanding === 0 ? sectionBytes - dataOffset : this.#tail - dataOffset;
    return free >= slot ? dataOffset : -1;
  }
}
