import { observe, publish } from "../uio/atomic.js";
import { Fault, FaultCode } from "./fault.js";
import type { RingPlace } from "./geometry.js";
import { Control, RECORD_ALIGN_BYTES } from "./layout.js";
import type { SectionMemory } from "./memory.js";
import { RecordBatch } from "./record-batch.js";

/**
 * The receiving end of a ring in a peer's section (docs/wire-protocol.md, section 2).
 *
 * The steps are separate so that the caller can observe the peer's epoch between {@link fetch} and {@link accept}: what was copied while
 * the peer started over is to be discarded.
 */
export class RingReader {
  readonly batch: RecordBatch;
  readonly #peer: SectionMemory;
  readonly #place: RingPlace;
  readonly #tailIndex: number;
  readonly #ownWords: Int32Array;
  readonly #headIndex: number;
  #head = 0;
  /** Cursor behind the last record that is taken, once {@link finish} has settled it. */
  #end: number | undefined;

  /** `ownControl` is the offset of the own control block for this peer, where the acknowledgement is published. */
  constructor(peer: SectionMemory, place: RingPlace, own: SectionMemory, ownControl: number) {
    this.#peer = peer;
    this.#place = place;
    this.#tailIndex = (place.control + Control.tail) / 4;
    this.#ownWords = own.words;
    this.#headIndex = (ownControl + Control.head) / 4;
    this.batch = new RecordBatch(place.capacity);
  }

  /** Starts over at cursor 0 and acknowledges nothing. */
  reset(): void {
    this.#head = 0;
    this.#end = undefined;
    this.batch.clear();
    this.batch.restartSequence();
    publish(this.#ownWords, this.#headIndex, 0);
  }

  /** True if the peer has published something that is not fetched. One load. */
  get hasMore(): boolean {
    return this.#tail !== this.#head;
  }

  /** Takes nothing that is published from here on: a peer that goes on writing after the end does not keep the reader. */
  finish(): void {
    this.#end ??= this.#tail;
  }

  /**
   * Copies what the peer published into the batch, as much as fits. Returns the number of bytes copied, 0 if there is nothing. The batch must
   * have been delivered.
   *
   * @throws Fault `cursor`.
   */
  fetch(): number {
    const tail = this.#tail;
    const available = (tail - this.#head) >>> 0;
    if (available === 0) {
      return 0;
    }
    if (available > this.#place.capacity || available % RECORD_ALIGN_BYTES !== 0) {
      throw new Fault(
        FaultCode.cursor,
        `Its tail is ${tail >>> 0}, wanted a multiple of 8 at most ${this.#place.capacity} above ${this.#head >>> 0}`,
      );
    }
    return this.batch.copyFrom(this.#peer, this.#place.ring, this.#place.capacity, this.#head, available);
  }

  /**
   * Checks the records of the batch. If not even the first is whole, as it is larger than the batch, makes the batch larger and returns
   * false: fetch again.
   *
   * @throws Fault `length`, `kind`, `sequence` or `reserved`.
   */
  accept(): boolean {
    return this.batch.check(this.#head, this.#place.capacity);
  }

  /** Acknowledges what was accepted, so that the peer may use the room again. */
  acknowledge(): void {
    this.#head = (this.#head + this.batch.acceptedBytes) | 0;
    publish(this.#ownWords, this.#headIndex, this.#head);
  }

  get #tail(): number {
    return this.#end ?? observe(this.#peer.words, this.#tailIndex);
  }
}
