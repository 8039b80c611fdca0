import { fence, loadFence, observe, publish } from "../uio/atomic.js";
import { SLOT_ALIGN_BYTES, SLOT_HEADER_BYTES, Slot, slotBytes } from "./layout.js";
import type { SectionMemory } from "./memory.js";

/** There is no value in the slot. */
export const NO_VALUE = -1;

/** How often a reader tries before it gives up on a writer that keeps writing. */
const READ_TRIES = 16;

/** Offset of each topic's slot from the start of a channel's part of the latest-value region, and the part's size. */
export function slotOffsets(topicSizes: readonly number[]): {
  readonly offsets: readonly number[];
  readonly size: number;
} {
  let size = 0;
  const offsets = topicSizes.map((topicSize) => {
    const offset = size;
    size += slotBytes(topicSize);
    return offset;
  });
  return { offsets, size };
}

/** Writes the newest value of one topic into the own section (docs/wire-protocol.md, section 6). */
export class SlotWriter {
  readonly #memory: SectionMemory;
  readonly #offset: number;
  #sequence = 0;

  /** Empties the slot: no value until the first {@link write}. */
  constructor(memory: SectionMemory, offset: number) {
    this.#memory = memory;
    this.#offset = offset;
    publish(memory.words, (offset + Slot.sequence) / 4, 0);
  }

  /** The caller has checked that the value fits. */
  write(value: Uint8Array): void {
    const { words, bytes } = this.#memory;
    const index = (this.#offset + Slot.sequence) / 4;
    publish(words, index, this.#sequence + 1);
    fence();
    words[(this.#offset + Slot.length) / 4] = value.byteLength;
    bytes.set(value, this.#offset + SLOT_HEADER_BYTES);
    // The counter stays below 2^32 and even, and skips 0 when it wraps.
    this.#sequence = (this.#sequence + 2) | 0 || 2;
    publish(words, index, this.#sequence);
  }
}

/** Reads the newest value of one topic from a peer's section. */
export class SlotReader {
  readonly #memory: SectionMemory;
  readonly #offset: number;
  readonly #believable: () => boolean;
  /** The value read last, and room for the one that may follow it. */
  #value: Uint8Array;
  #spare: Uint8Array;
  #length = NO_VALUE;
  /** Number of values the peer says it has published, modulo 2^31. */
  count = 0;

  /** `believable` tells, once a value was copied, whether the session stands in which the slot was announced. */
  constructor(memory: SectionMemory, offset: number, mostBytes: number, believable: () => boolean) {
    this.#memory = memory;
    this.#offset = offset;
    this.#believable = believable;
    this.#value = new Uint8Array(mostBytes);
    this.#spare = new Uint8Array(mostBytes);
  }

  /**
   * Copies the newest value into `target`, which must be large enough for the topic, and returns its length or {@link NO_VALUE}. A writer that
   * never comes to rest, or lies about a length, is given up on after a bounded number of tries: the value read before stands.
   */
  read(target: Uint8Array): number {
    for (let attempt = 0; attempt < READ_TRIES && !this.#refresh(); attempt += 1);
    if (this.#length !== NO_VALUE) {
      target.set(this.#value.subarray(0, this.#length));
    }
    return this.#length;
  }

  /** Returns false if the peer was writing meanwhile. */
  #refresh(): boolean {
    const { words, bytes } = this.#memory;
    const index = (this.#offset + Slot.sequence) / 4;
    const before = observe(words, index);
    if (before === 0) {
      return true;
    }
    const length = (words[(this.#offset + Slot.length) / 4] as number) >>> 0;
    if ((before & 1) !== 0 || length > this.#spare.byteLength) {
      return false;
    }
    const start = this.#offset + SLOT_HEADER_BYTES;
    this.#spare.set(bytes.subarray(start, start + length));
    loadFence();
    if (observe(words, index) !== before || !this.#believable()) {
      return false;
    }
    [this.#value, this.#spare] = [this.#spare, this.#value];
    this.#length = length;
    this.count = before >>> 1;
    return true;
  }
}

/** Hands out parts of the own latest-value region, first fit. */
export class LatestRegion {
  readonly #start: number;
  readonly #end: number;
  readonly #parts = new Map<number, number>();
  /** Parts that are free once their last reader is known to be gone. */
  readonly #freed = new Map<number, () => boolean>();

  constructor(offset: number, size: number) {
    this.#start = offset;
    this.#end = offset + size;
  }

  /** Offset of a free part of `size` bytes, a multiple of 64, or undefined if there is none. */
  allocate(size: number): number | undefined {
    for (const [freed, isUnread] of this.#freed) {
      if (isUnread()) {
        this.#freed.delete(freed);
        this.#parts.delete(freed);
      }
    }
    let offset = this.#start;
    for (const [start, length] of [...this.#parts].sort((a, b) => a[0] - b[0])) {
      if (offset + size <= start) {
        break;
      }
      offset = start + length;
    }
    if (offset % SLOT_ALIGN_BYTES !== 0 || offset + size > this.#end) {
      return undefined;
    }
    this.#parts.set(offset, size);
    return offset;
  }

  /** Gives a part back; it is used again when `isUnread` says that no peer takes it for what it was. */
  free(offset: number, isUnread: () => boolean): void {
    this.#freed.set(offset, isUnread);
  }

  /** Bytes that are in use and that there are, for messages. */
  get usage(): { readonly used: number; readonly size: number } {
    return { used: [...this.#parts.values()].reduce((sum, size) => sum + size, 0), size: this.#end - this.#start };
  }
}
