import { fence, loadFence, observe, publish } from "../uio/atomic.js";
import { Broadcast, PAD_KIND, RECORD_ALIGN_BYTES, RECORD_HEADER_BYTES, Record } from "./layout.js";
import type { SectionMemory } from "./memory.js";
import { RecordBatch } from "./record-batch.js";

/** How often a reader that was overtaken while copying starts again before it waits for the next poll. */
const READ_TRIES = 4;

export interface BroadcastPlace {
  readonly broadcastControl: number;
  readonly broadcastRing: number;
  readonly broadcastCapacity: number;
}

/** Writes the ring that all peers read and that waits for none of them (docs/wire-protocol.md, section 6). */
export class BroadcastWriter {
  readonly #memory: SectionMemory;
  readonly #ring: number;
  readonly #capacity: number;
  readonly #control: number;
  #tail: number;
  #sequence = 0;

  /** Goes on where a previous life stopped, so that a reader of that life is not led to believe what it copied. */
  constructor(memory: SectionMemory, place: BroadcastPlace) {
    this.#memory = memory;
    this.#ring = place.broadcastRing;
    this.#capacity = place.broadcastCapacity;
    this.#control = place.broadcastControl / 4;
    this.#tail = (memory.words[this.#control + Broadcast.intent / 4] as number) & -RECORD_ALIGN_BYTES;
    publish(memory.words, this.#control + Broadcast.nextSequence / 4, 0);
    publish(memory.words, this.#control + Broadcast.latest / 4, this.#tail);
    publish(memory.words, this.#control + Broadcast.tail / 4, this.#tail);
  }

  /** Largest payload of one record in bytes. */
  get maxPayload(): number {
    return this.#capacity / 2 - RECORD_HEADER_BYTES;
  }

  /** The caller has checked that the payload fits. */
  write(kind: number, channel: number, message: number, payload: Uint8Array): void {
    const { words, bytes } = this.#memory;
    const length = RECORD_HEADER_BYTES + payload.byteLength;
    const size = (length + RECORD_ALIGN_BYTES - 1) & -RECORD_ALIGN_BYTES;
    const place = this.#tail & (this.#capacity - 1);
    const pad = size > this.#capacity - place ? this.#capacity - place : 0;
    const start = (this.#tail + pad) | 0;
    const end = (start + size) | 0;
    publish(words, this.#control + Broadcast.intent / 4, end);
    fence();
    if (pad > 0) {
      words[(this.#ring + place + Record.length) / 4] = pad;
      words[(this.#ring + place + Record.kind) / 4] = PAD_KIND;
    }
    const record = this.#ring + (start & (this.#capacity - 1));
    words[(record + Record.length) / 4] = length;
    words[(record + Record.kind) / 4] = kind | (channel << 16);
    words[(record + Record.sequence) / 4] = this.#sequence;
    words[(record + Record.message) / 4] = message;
    bytes.set(payload, record + RECORD_HEADER_BYTES);
    this.#sequence = (this.#sequence + 1) | 0;
    this.#tail = end;
    words[this.#control + Broadcast.nextSequence / 4] = this.#sequence;
    words[this.#control + Broadcast.latest / 4] = start;
    publish(words, this.#control + Broadcast.tail / 4, end);
  }
}

/** Reads a peer's broadcast ring, counting what it was too slow for. */
export class BroadcastReader {
  readonly batch: RecordBatch;
  readonly #memory: SectionMemory;
  readonly #place: BroadcastPlace;
  readonly #control: number;
  #cursor = 0;
  #expected = 0;
  /** Records that were overwritten before they could be read. */
  missed = 0;

  /** Begins with what is written from here on. */
  constructor(memory: SectionMemory, place: BroadcastPlace) {
    this.#memory = memory;
    this.#place = place;
    this.#control = place.broadcastControl / 4;
    this.batch = new RecordBatch(place.broadcastCapacity, false);
    for (let attempt = 0; attempt < READ_TRIES; attempt += 1) {
      this.#cursor = this.#observe(Broadcast.tail) & -RECORD_ALIGN_BYTES;
      this.#expected = this.#observe(Broadcast.nextSequence);
      if (this.#observe(Broadcast.tail) === this.#cursor) {
        break;
      }
    }
  }

  /** True if the peer has written something that is not fetched. One load. */
  get hasMore(): boolean {
    return (this.#observe(Broadcast.tail) & -RECORD_ALIGN_BYTES) !== this.#cursor;
  }

  /**
   * Copies and checks what the peer has written. Returns false if there is nothing, or the writer overtook the copy each
   * time: then what was written is passed over, and counted by the next record's sequence.
   * @throws Fault as a lossless ring's reader does.
   */
  fetch(): boolean {
    const capacity = this.#place.broadcastCapacity;
    for (let attempt = 0; attempt < READ_TRIES; attempt += 1) {
      const available = ((this.#observe(Broadcast.tail) & -RECORD_ALIGN_BYTES) - this.#cursor) >>> 0;
      if (available === 0) {
        return false;
      }
      if (available > capacity) {
        this.#cursor = this.#observe(Broadcast.latest) & -RECORD_ALIGN_BYTES;
        continue;
      }
      this.batch.copyFrom(this.#memory, this.#place.broadcastRing, capacity, this.#cursor, available);
      loadFence();
      if ((this.#observe(Broadcast.intent) - this.#cursor) >>> 0 > capacity) {
        this.#cursor = this.#observe(Broadcast.latest) & -RECORD_ALIGN_BYTES;
        continue;
      }
      if (this.batch.check(this.#cursor, capacity)) {
        this.#cursor = (this.#cursor + this.batch.acceptedBytes) | 0;
        return true;
      }
    }
    // The writer is faster than we are, or stopped in the middle of a record: what is written from here on can be read.
    this.#cursor = this.#observe(Broadcast.tail) & -RECORD_ALIGN_BYTES;
    return false;
  }

  /** Records missed right before the current record of the batch; adds them to {@link missed}. */
  countGap(): number {
    const { sequence } = this.batch;
    const gap = Math.max(0, (sequence - this.#expected) | 0);
    this.#expected = (sequence + 1) | 0;
    this.missed += gap;
    return gap;
  }

  #observe(offset: number): number {
    return observe(this.#memory.words, this.#control + offset / 4);
  }
}
