import { NO_ROOM } from "../channel/link.js";
import { expandCursor } from "./control-frame.js";
import { LinkBreach, LinkFault } from "./fault.js";
import { encodeRecordHeader, MAX_RECORD_HEADER, type RecordHeader } from "./record.js";
import { ByteRing } from "./ring.js";

/** Bytes that the peer has not taken are kept, so that they can be sent again. */
export class Outgoing {
  readonly #ring: ByteRing;
  readonly #header = new Uint8Array(MAX_RECORD_HEADER);
  /** Where the records of ports end that the peer has not taken. */
  #ends: number[] = [];
  #endsHead = 0;
  #sequence = 0;
  #highWaterBytes = 0;
  /** Cursors, in order: what the peer has taken, what was sent, what was committed. */
  #taken = 0;
  #sent = 0;
  #tail = 0;

  /** @param windowBytes a power of two. */
  constructor(windowBytes: number) {
    this.#ring = new ByteRing(windowBytes);
  }

  get maxPayload(): number {
    return this.#ring.capacity - MAX_RECORD_HEADER - 5;
  }

  get sent(): number {
    return this.#sent;
  }

  get unacknowledgedBytes(): number {
    return this.#tail - this.#taken;
  }

  get unsentBytes(): number {
    return this.#tail - this.#sent;
  }

  /** Whether the peer has not taken all that was sent. */
  get outstanding(): boolean {
    return this.#sent > this.#taken;
  }

  get highWaterBytes(): number {
    return this.#highWaterBytes;
  }

  /** Records that the peer has not taken. */
  get unacknowledgedRecords(): number {
    return this.#ends.length - this.#endsHead;
  }

  hasRoom(payloadBytes: number): boolean {
    return this.unacknowledgedBytes + MAX_RECORD_HEADER + payloadBytes <= this.#ring.capacity;
  }

  /** Adds a record; there must be room. @param counts whether it is one of a port. @returns its sequence. */
  commit(header: RecordHeader, payload: Uint8Array, counts: boolean): number {
    if (!this.hasRoom(payload.length)) return NO_ROOM;
    const headerBytes = encodeRecordHeader(this.#header, header);
    this.#ring.write(this.#tail, this.#header.subarray(0, headerBytes));
    this.#ring.write(this.#tail + headerBytes, payload);
    this.#tail += headerBytes + payload.length;
    this.#highWaterBytes = Math.max(this.#highWaterBytes, this.unacknowledgedBytes);
    if (counts) this.#ends.push(this.#tail);
    const sequence = this.#sequence;
    this.#sequence = (sequence + 1) >>> 0;
    return sequence;
  }

  /** Copies what is to be sent next, at most to the end of `target`; gives how much. */
  read(target: Uint8Array, offset: number): number {
    const length = Math.min(this.unsentBytes, target.length - offset);
    this.#ring.read(this.#sent, target, offset, length);
    return length;
  }

  /** What {@link read} gave from `cursor` on was sent. */
  advance(cursor: number, length: number): void {
    if (cursor === this.#sent) this.#sent += length;
  }

  /** The peer has taken all before a cursor; gives whether that is news. @throws LinkBreach `cursor`. */
  take(low: number): boolean {
    const cursor = expandCursor(low, this.#taken);
    // What it says twice, or late, is old.
    if (cursor <= this.#taken) return false;
    if (cursor > this.#tail) {
      throw new LinkBreach(LinkFault.cursor, `Took ${cursor - this.#tail} bytes more than were committed`);
    }
    this.#taken = cursor;
    this.#sent = Math.max(this.#sent, cursor);
    while (this.#endsHead < this.#ends.length && (this.#ends[this.#endsHead] as number) <= cursor) this.#endsHead += 1;
    if (this.#endsHead > 1024 || this.#endsHead === this.#ends.length) {
      this.#ends = this.#ends.slice(this.#endsHead);
      this.#endsHead = 0;
    }
    return true;
  }

  /** The peer misses what begins at a cursor: it is sent again. Gives how many bytes. @throws LinkBreach `cursor`. */
  goBack(low: number): number {
    const cursor = expandCursor(low, this.#taken);
    if (cursor > this.#tail) throw new LinkBreach(LinkFault.cursor, "Wants what was never committed");
    if (cursor < this.#taken || cursor >= this.#sent) return 0;
    const again = this.#sent - cursor;
    this.#sent = cursor;
    return again;
  }

  /** All that the peer has not taken is sent again. Gives how many bytes. */
  goBackToTaken(): number {
    const again = this.#sent - this.#taken;
    this.#sent = this.#taken;
    return again;
  }

  /** A session begins: nothing was sent. */
  reset(): void {
    this.#taken = 0;
    this.#sent = 0;
    this.#tail = 0;
    this.#sequence = 0;
    this.#ends = [];
    this.#endsHead = 0;
  }
}
