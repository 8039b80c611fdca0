import type { Lease } from "../channel/lease.js";
import { type RecordsOptions, writeRecords } from "../native.js";
import { observe, publish } from "../uio/atomic.js";
import { Fault, FaultCode } from "./fault.js";
import type { RingPlace } from "./geometry.js";
import { Control, PAD_KIND, RECORD_ALIGN_BYTES, RECORD_HEADER_BYTES, Record } from "./layout.js";
import type { SectionMemory } from "./memory.js";

/** A claim found no room for the record. */
export const NO_ROOM = -1;

const LENGTH = Record.length / 4;
const KIND = Record.kind / 4;
const SEQUENCE = Record.sequence / 4;
const MESSAGE = Record.message / 4;

/**
 * The sending end of a ring in one's own section (docs/wire-protocol.md, section 2).
 *
 * Records are claimed, filled in place, and committed privately; {@link publish} makes all of them visible with one store.
 * Cursors are int32 and wrap; differences are taken with `| 0` or `>>> 0`.
 */
export class RingWriter {
  readonly capacity: number;
  /** Largest payload of one record in bytes. */
  readonly maxPayload: number;
  readonly #words: Int32Array;
  /** Where native code lays a run, and what its headers say: one object for all, as runs are to allocate nothing. */
  readonly #run: { -readonly [K in keyof RecordsOptions]: RecordsOptions[K] };
  readonly #ring: number;
  readonly #mask: number;
  readonly #tailIndex: number;
  #peerWords: Int32Array | undefined;
  #peerHeadIndex = 0;
  /** Tail that the peer sees. */
  #published = 0;
  /** Tail with what is committed and not yet published. */
  #tail = 0;
  /** The peer's head when it was last looked at. */
  #head = 0;
  /** The peer's head when a claim found no room last. */
  #fullAt = 0;
  #sequence = 0;
  #claimed = 0;
  #claimStands = false;
  #lease: Lease | undefined;
  /** What the headers of its records say: kind and channel, message. */
  #leaseKind = 0;
  #leaseMessage = 0;
  #leaseBytes = 0;
  /** Where the first record of the lease begins. */
  #leasedAt = 0;
  #committedRecords = 0;
  #committedBytes = 0;
  highWaterBytes = 0;

  constructor(memory: SectionMemory, place: RingPlace) {
    this.capacity = place.capacity;
    this.maxPayload = place.capacity / 2 - RECORD_HEADER_BYTES;
    this.#run = {
      ...{ section: memory.bytes, offset: 0, payloads: nothing, first: 0, payloadBytes: 0, count: 0 },
      fields: new Int32Array(3),
    };
    this.#words = memory.words;
    this.#ring = place.ring;
    this.#mask = place.capacity - 1;
    this.#tailIndex = (place.control + Control.tail) / 4;
  }

  /** Starts over at cursor 0 towards a peer whose control block for us lies at `control` of its section. */
  reset(peerWords: Int32Array, control: number): void {
    this.settle();
    this.#peerWords = peerWords;
    this.#peerHeadIndex = (control + Control.head) / 4;
    this.#published = 0;
    this.#tail = 0;
    this.#head = 0;
    this.#fullAt = 0;
    this.#claimStands = false;
    this.#sequence = 0;
    publish(this.#words, this.#tailIndex, 0);
  }

  /**
   * Reserves room for a record with `payloadBytes` of payload, at most {@link maxPayload}. Returns the offset of the payload
   * in the section, or {@link NO_ROOM}. A claim that is not committed is forgotten.
   *
   * @throws Fault `acknowledgement` if the peer's head cannot be.
   */
  claim(payloadBytes: number): number {
    if (this.#lease !== undefined) this.settle();
    const size = (RECORD_HEADER_BYTES + payloadBytes + RECORD_ALIGN_BYTES - 1) & -RECORD_ALIGN_BYTES;
    const toWrap = this.capacity - (this.#tail & this.#mask);
    const pad = size > toWrap ? toWrap : 0;
    const used = (this.#tail - this.#head) >>> 0;
    if (used + pad + size > this.capacity && this.#observeUsed() + pad + size > this.capacity) {
      this.#fullAt = this.#head;
      return NO_ROOM;
    }
    this.#claimed = (this.#tail + pad) | 0;
    this.#claimStands = true;
    return this.#ring + (this.#claimed & this.#mask) + RECORD_HEADER_BYTES;
  }

  /**
   * Commits the claimed record with its true payload length; returns its sequence. {@link publish} makes it visible.
   * @throws TypeError if no claim stands, as after another commit.
   */
  commit(kind: number, channel: number, message: number, payloadBytes: number): number {
    if (!this.#claimStands) {
      throw notClaimed();
    }
    this.#claimStands = false;
    const words = this.#words;
    const claimed = this.#claimed;
    if (claimed !== this.#tail) {
      this.#pad(claimed);
    }
    const length = RECORD_HEADER_BYTES + payloadBytes;
    const record = (this.#ring + (claimed & this.#mask)) >> 2;
    const sequence = this.#sequence;
    words[record + LENGTH] = length;
    words[record + KIND] = kind | (channel << 16);
    words[record + SEQUENCE] = sequence;
    words[record + MESSAGE] = message;
    this.#tail = (claimed + ((length + RECORD_ALIGN_BYTES - 1) & -RECORD_ALIGN_BYTES)) | 0;
    this.#sequence = (sequence + 1) | 0;
    this.#committedRecords += 1;
    this.#committedBytes += payloadBytes;
    return sequence >>> 0;
  }

  /**
   * Commits a record for each of the payloads of `payloadBytes`, more than 0, which lie one behind the other in `payloads`
   * from byte `first` on, until byte `end` or until there is no room. Gives the byte behind the last one taken.
   *
   * @throws Fault as {@link claim}.
   */
  commitRun(
    kind: number,
    channel: number,
    message: number,
    payloads: Uint8Array,
    payloadBytes: number,
    first: number,
    end: number,
  ): number {
    const size = (RECORD_HEADER_BYTES + payloadBytes + RECORD_ALIGN_BYTES - 1) & -RECORD_ALIGN_BYTES;
    const run = this.#run;
    const { fields } = run;
    fields[0] = kind | (channel << 16);
    fields[2] = message;
    run.payloads = payloads;
    run.payloadBytes = payloadBytes;
    let from = first;
    while (from < end && this.claim(payloadBytes) !== NO_ROOM) {
      const place = this.#claimed & this.#mask;
      const room = this.capacity - ((this.#claimed - this.#head) >>> 0);
      const fitting = Math.floor(Math.min(room, this.capacity - place) / size);
      const count = Math.min((end - from) / payloadBytes, fitting);
      fields[1] = this.#sequence;
      run.offset = this.#ring + place;
      run.first = from;
      run.count = count;
      writeRecords(run);
      if (this.#claimed !== this.#tail) this.#pad(this.#claimed);
      this.#sequence = (this.#sequence + count) | 0;
      this.#tail = (this.#claimed + count * size) | 0;
      this.#claimStands = false;
      this.#committedRecords += count;
      this.#committedBytes += count * payloadBytes;
      from += count * payloadBytes;
    }
    run.payloads = nothing;
    return from;
  }

  /**
   * Gives up to `most` places for records with `payloadBytes` of payload, which lie one behind the other in `view`, that
   * of the section; false if there is no room for one. What is taken of them is committed by {@link settle}.
   *
   * @throws Fault as {@link claim}.
   */
  lend(
    lease: Lease,
    view: DataView,
    kind: number,
    channel: number,
    message: number,
    payloadBytes: number,
    most: number,
  ): boolean {
    const offset = this.claim(payloadBytes);
    if (offset === NO_ROOM) return false;
    this.#claimStands = false;
    const size = (RECORD_HEADER_BYTES + payloadBytes + RECORD_ALIGN_BYTES - 1) & -RECORD_ALIGN_BYTES;
    const room = this.capacity - ((this.#claimed - this.#head) >>> 0);
    const toWrap = this.capacity - (this.#claimed & this.#mask);
    this.#lease = lease;
    this.#leaseKind = kind | (channel << 16);
    this.#leaseMessage = message;
    this.#leaseBytes = payloadBytes;
    this.#leasedAt = this.#claimed;
    lease.grant(view, offset, size, Math.min(most, Math.floor(Math.min(room, toWrap) / size)));
    return true;
  }

  /** Ends the lease, if there is one, and commits what was taken of it. All that moves the tail does so first. */
  settle(): void {
    const lease = this.#lease;
    if (lease === undefined) return;
    this.#lease = undefined;
    const count = lease.end();
    if (count === 0) return;
    const words = this.#words;
    const length = RECORD_HEADER_BYTES + this.#leaseBytes;
    const size = (length + RECORD_ALIGN_BYTES - 1) & -RECORD_ALIGN_BYTES;
    const kind = this.#leaseKind;
    const message = this.#leaseMessage;
    const first = this.#leasedAt;
    if (first !== this.#tail) this.#pad(first);
    let record = (this.#ring + (first & this.#mask)) >> 2;
    let sequence = this.#sequence;
    for (let left = count; left > 0; left -= 1) {
      words[record + LENGTH] = length;
      words[record + KIND] = kind;
      words[record + SEQUENCE] = sequence;
      words[record + MESSAGE] = message;
      sequence = (sequence + 1) | 0;
      record += size >> 2;
    }
    this.#sequence = sequence;
    this.#tail = (first + count * size) | 0;
    this.#committedRecords += count;
    this.#committedBytes += count * this.#leaseBytes;
  }

  /** Fills the ring up to its wrap, where the record that is claimed begins. */
  #pad(claimed: number): void {
    const pad = (this.#ring + (this.#tail & this.#mask)) >> 2;
    this.#words[pad + LENGTH] = (claimed - this.#tail) | 0;
    this.#words[pad + KIND] = PAD_KIND;
  }

  /** Records committed since the writer was made, and the bytes of their payloads. */
  get committed(): { readonly sentRecords: number; readonly sentBytes: number } {
    const taken = this.#lease?.taken ?? 0;
    return {
      sentRecords: this.#committedRecords + taken,
      sentBytes: this.#committedBytes + taken * this.#leaseBytes,
    };
  }

  /** Sequence that the next record will have, as int32. */
  get sequence(): number {
    this.settle();
    return this.#sequence;
  }

  /** Cursor behind the last committed record. */
  get tail(): number {
    this.settle();
    return this.#tail;
  }

  /** True if the peer has acknowledged everything before a cursor that {@link tail} gave in this session. */
  hasTaken(cursor: number): boolean {
    const words = this.#peerWords;
    return words !== undefined && ((observe(words, this.#peerHeadIndex) - cursor) | 0) >= 0;
  }

  /** Bytes committed and not yet published, without those of a lease. */
  get unpublishedBytes(): number {
    return (this.#tail - this.#published) >>> 0;
  }

  /** Makes all committed records visible to the peer. Returns false if there was nothing to publish. */
  publish(): boolean {
    this.settle();
    if (this.#published === this.#tail) {
      return false;
    }
    this.#published = this.#tail;
    publish(this.#words, this.#tailIndex, this.#tail);
    if ((this.#tail - this.#head) >>> 0 > this.highWaterBytes) {
      this.#noteHighWater();
    }
    return true;
  }

  /** The head seen last may be long past, so the mark rises only by what a look at the head confirms. */
  #noteHighWater(): void {
    try {
      this.highWaterBytes = Math.max(this.highWaterBytes, this.#observeUsed());
    } catch {
      // A head that cannot be is told by the next claim that needs it.
    }
  }

  /** Bytes committed that the peer has not acknowledged, as of now. @throws Fault as {@link claim} does. */
  get unacknowledgedBytes(): number {
    return this.#peerWords === undefined ? 0 : this.#observeUsed() + this.#leasedBytes();
  }

  /** The same by the acknowledgement seen last. */
  get heldBytes(): number {
    return ((this.#tail - this.#head) >>> 0) + this.#leasedBytes();
  }

  /** Bytes of the ring that the records taken of a lease have, with the pad before them. A look at a figure ends no lease. */
  #leasedBytes(): number {
    const taken = this.#lease?.taken ?? 0;
    if (taken === 0) return 0;
    const size = (RECORD_HEADER_BYTES + this.#leaseBytes + RECORD_ALIGN_BYTES - 1) & -RECORD_ALIGN_BYTES;
    return ((this.#leasedAt - this.#tail) >>> 0) + taken * size;
  }

  /**
   * Number of records that the peer has not acknowledged, found by walking the own ring. The peer's head is looked at once
   * more only if `lookAgain`, as it means nothing when the peer's section was laid out anew. A peer that acknowledged part
   * of a record gets a count that may be too low.
   */
  countUnacknowledged(lookAgain: boolean): number {
    this.settle();
    if (lookAgain) {
      try {
        this.#observeUsed();
      } catch {
        // A head that cannot be acknowledges nothing beyond what was acknowledged before.
      }
    }
    let count = 0;
    let cursor = this.#head;
    while (cursor !== this.#tail) {
      const record = (this.#ring + (cursor & this.#mask)) >> 2;
      const length = this.#words[record + LENGTH] as number;
      if (((this.#words[record + KIND] as number) & 0xff) !== PAD_KIND) {
        count += 1;
      }
      const size = (length + RECORD_ALIGN_BYTES - 1) & -RECORD_ALIGN_BYTES;
      // The peer chose where this walk begins: in the middle of a record it finds payload where a length should be.
      if (size < RECORD_ALIGN_BYTES || size > (this.#tail - cursor) >>> 0) {
        break;
      }
      cursor = (cursor + size) | 0;
    }
    return count;
  }

  /** True if the peer has acknowledged something since a claim found no room. One load. */
  get hasRoomAgain(): boolean {
    return this.#peerWords !== undefined && observe(this.#peerWords, this.#peerHeadIndex) !== this.#fullAt;
  }

  /** Looks at the peer's acknowledgement. @throws Fault as {@link claim} does. */
  #observeUsed(): number {
    const words = this.#peerWords;
    if (words === undefined) {
      return this.capacity;
    }
    const head = observe(words, this.#peerHeadIndex);
    const acknowledged = (head - this.#head) >>> 0;
    const outstanding = (this.#published - this.#head) >>> 0;
    if (acknowledged > outstanding || acknowledged % RECORD_ALIGN_BYTES !== 0) {
      throw new Fault(
        FaultCode.acknowledgement,
        `It acknowledged up to ${head >>> 0}, wanted a multiple of 8 from ${this.#head >>> 0} to ${this.#published >>> 0}`,
      );
    }
    this.#head = head;
    return (this.#tail - head) >>> 0;
  }
}

/** The payloads of a run that is done, so that nobody's bytes are kept. */
const nothing = new Uint8Array(0);

function notClaimed(): TypeError {
  return new TypeError("Nothing is claimed: claim room before each commit, and send nothing in between");
}
