import { RecordKind } from "../channel/link.js";
import { Fault, FaultCode } from "./fault.js";
import { HIGHEST_KIND, PAD_KIND, RECORD_ALIGN_BYTES, RECORD_HEADER_BYTES, Record } from "./layout.js";
import type { SectionMemory } from "./memory.js";

/** Most bytes copied at once, if no single record is larger: small enough to stay in a core's cache. */
const BATCH_BYTES = 32 * 1024;

/** Up to this many bytes are copied without a call. */
const WORDWISE_BYTES = 256;

const LENGTH = Record.length / 4;
const KIND = Record.kind / 4;
const SEQUENCE = Record.sequence / 4;
const MESSAGE = Record.message / 4;

/** Least payload that a kind must have: the words that name the request, the head of an announcement. */
const LEAST_PAYLOAD: readonly number[] = [0, 0, 0, 8, 10, 20, 0, 8];

/** Kinds whose payload begins with the request's sequence and a word that is zero: reply and cancel. */
const ANSWERS: readonly boolean[] = [false, false, false, true, false, false, false, true];

/**
 * Records copied out of a peer's ring into private memory, checked there, and then handed out one by one. Nothing
 * here changes under the reader's feet, whatever the peer does.
 */
export class RecordBatch {
  #bytes: Uint8Array;
  #words: Int32Array;
  #view: DataView;
  /** Bytes that the last copy brought. */
  #filled = 0;
  /** Bytes of whole records that {@link check} accepted, pads included. */
  #accepted = 0;
  /** Offset of the record that is handed out next. */
  #next = 0;
  /** Offset of the record that was handed out last. */
  #current = 0;
  /** True if the batch was too small for all that the peer published. */
  #cut = false;
  #sequence = 0;
  readonly #checkSequence: boolean;

  /** Offset in {@link view} and length in bytes of the current record's payload, and its header fields. */
  payloadOffset = 0;
  payloadBytes = 0;
  kind = 0;
  channel = 0;
  message = 0;
  sequence = 0;
  /** Records of the current run, and the bytes from one to the next. */
  runLength = 0;
  runStride = 0;

  /** With `checkSequence` off, gaps are left to the caller, as in a ring that overwrites. */
  constructor(capacity: number, checkSequence = true) {
    this.#bytes = new Uint8Array(Math.min(capacity, BATCH_BYTES));
    this.#words = new Int32Array(this.#bytes.buffer);
    this.#view = new DataView(this.#bytes.buffer);
    this.#checkSequence = checkSequence;
  }

  get view(): DataView {
    return this.#view;
  }

  get acceptedBytes(): number {
    return this.#accepted;
  }

  /** True if records are left to hand out. */
  get pending(): boolean {
    return this.#next < this.#accepted;
  }

  clear(): void {
    this.#filled = 0;
    this.#accepted = 0;
    this.#next = 0;
  }

  restartSequence(): void {
    this.#sequence = 0;
  }

  /** Copies up to `available` bytes, a multiple of 8, from cursor `head` of a ring, over its wrap; returns how many. */
  copyFrom(source: SectionMemory, ring: number, capacity: number, head: number, available: number): number {
    const length = Math.min(available, this.#bytes.length);
    const start = head & (capacity - 1);
    const first = Math.min(length, capacity - start);
    this.#copy(source, ring + start, 0, first);
    if (first < length) {
      this.#copy(source, ring, first, length - first);
    }
    this.#filled = length;
    this.#accepted = 0;
    this.#next = 0;
    // What lies beyond a batch that is full may be the rest of a record; what the peer published as its end may not.
    this.#cut = length < available;
    return length;
  }

  /**
   * Checks all records of the copy, whose first byte is at `head`. Returns false if the first record is larger
   * than the batch, which then has grown: copy again.
   *
   * @throws Fault `length`, `kind`, `sequence` or `reserved`.
   */
  check(head: number, capacity: number): boolean {
    const filled = this.#filled;
    // A batch is at most a ring, so that it crosses the wrap at most once.
    const wrap = capacity - (head & (capacity - 1));
    let offset = 0;
    while (offset < filled) {
      const size = this.#checkRecord(offset, head, capacity);
      if (offset + size > filled) return this.#stopAt(offset, size);
      offset = this.#checkAlike(offset, size, offset < wrap ? Math.min(wrap, filled) : filled);
    }
    this.#accepted = offset;
    return true;
  }

  /** Checks the record at `offset` and gives the bytes that it takes. @throws Fault */
  #checkRecord(offset: number, head: number, capacity: number): number {
    const words = this.#words;
    const length = words[(offset >> 2) + LENGTH] as number;
    const kinds = words[(offset >> 2) + KIND] as number;
    const size = (length + RECORD_ALIGN_BYTES - 1) & -RECORD_ALIGN_BYTES;
    const toWrap = capacity - ((head + offset) & (capacity - 1));
    const isPad = (kinds & 0xff) === PAD_KIND;
    if (isPad ? length !== toWrap : length < RECORD_HEADER_BYTES || length > capacity >> 1 || size > toWrap) {
      throw lengthFault((head + offset) >>> 0, isPad, length, toWrap, capacity);
    }
    if (offset + size > this.#filled) return size;
    if (isPad) {
      if (kinds !== PAD_KIND) throw new Fault(FaultCode.reserved, "A pad has bits set that must be zero");
      return size;
    }
    this.#checkHeader(
      kinds,
      length,
      words[(offset >> 2) + SEQUENCE] as number,
      words[(offset >> 2) + MESSAGE] as number,
    );
    if (ANSWERS[kinds & 0xff] === true && words[((offset + RECORD_HEADER_BYTES) >> 2) + 1] !== 0) {
      throw new Fault(FaultCode.reserved, "A reply or cancel has bits set that must be zero");
    }
    return size;
  }

  /**
   * Passes the record at `offset`, which was checked, and data records behind it that differ from it in nothing but the
   * sequence, which is right. Gives the offset of the first that is to be looked at more closely, `end` at most.
   */
  #checkAlike(offset: number, size: number, end: number): number {
    const words = this.#words;
    const length = words[(offset >> 2) + LENGTH] as number;
    const kinds = words[(offset >> 2) + KIND] as number;
    const message = words[(offset >> 2) + MESSAGE] as number;
    let next = offset + size;
    if ((kinds & 0xff) !== RecordKind.data || !this.#checkSequence) return next;
    let sequence = this.#sequence;
    while (
      next + size <= end &&
      words[(next >> 2) + LENGTH] === length &&
      words[(next >> 2) + KIND] === kinds &&
      words[(next >> 2) + MESSAGE] === message &&
      words[(next >> 2) + SEQUENCE] === sequence
    ) {
      sequence = (sequence + 1) | 0;
      next += size;
    }
    this.#sequence = sequence;
    return next;
  }

  /** Reads the next record's header into the fields. Returns false if the batch is used up. */
  next(): boolean {
    const words = this.#words;
    let offset = this.#next;
    while (offset < this.#accepted) {
      const word = offset >> 2;
      const length = words[word + LENGTH] as number;
      const kinds = words[word + KIND] as number;
      this.#current = offset;
      offset += (length + RECORD_ALIGN_BYTES - 1) & -RECORD_ALIGN_BYTES;
      this.#next = offset;
      if (kinds !== PAD_KIND) {
        this.kind = kinds & 0xff;
        this.channel = kinds >>> 16;
        this.sequence = words[word + SEQUENCE] as number;
        this.message = words[word + MESSAGE] as number;
        this.payloadOffset = this.#current + RECORD_HEADER_BYTES;
        this.payloadBytes = length - RECORD_HEADER_BYTES;
        return true;
      }
    }
    return false;
  }

  /**
   * As {@link next}, and takes with a data record those right behind that have the same kind, channel, message and length:
   * the run, whose first record the fields describe. A record of another kind is a run by itself, as it is handled by itself.
   */
  nextRun(): boolean {
    if (!this.next()) return false;
    const words = this.#words;
    const word = this.#current >> 2;
    const length = words[word + LENGTH] as number;
    const kinds = words[word + KIND] as number;
    const stride = this.#next - this.#current;
    let offset = this.#next;
    while (
      this.kind === RecordKind.data &&
      offset < this.#accepted &&
      words[(offset >> 2) + LENGTH] === length &&
      words[(offset >> 2) + KIND] === kinds &&
      words[(offset >> 2) + MESSAGE] === this.message
    ) {
      offset += stride;
    }
    this.#next = offset;
    this.runStride = stride;
    this.runLength = (offset - this.#current) / stride;
    return true;
  }

  /** Makes {@link next} hand out the current run once more, from its record `index` on. */
  putBack(index = 0): void {
    this.#next = this.#current + index * this.runStride;
  }

  /** A few words are copied one by one, as the call below costs an object and the time of some forty of them. */
  #copy(source: SectionMemory, from: number, to: number, length: number): void {
    if (length > WORDWISE_BYTES) {
      this.#bytes.set(source.bytes.subarray(from, from + length), to);
      return;
    }
    const { words } = source;
    const mine = this.#words;
    let target = to >> 2;
    const end = (from + length) >> 2;
    for (let index = from >> 2; index < end; index += 1) {
      mine[target] = words[index] as number;
      target += 1;
    }
  }

  #stopAt(offset: number, recordBytes: number): boolean {
    if (!this.#cut) {
      throw new Fault(
        FaultCode.length,
        `A record of ${recordBytes} bytes runs beyond the published tail, ${this.#filled - offset} bytes ahead`,
      );
    }
    this.#accepted = offset;
    if (offset > 0) {
      return true;
    }
    this.#bytes = new Uint8Array(Math.max(recordBytes, this.#bytes.length));
    this.#words = new Int32Array(this.#bytes.buffer);
    this.#view = new DataView(this.#bytes.buffer);
    this.clear();
    return false;
  }

  #checkHeader(kinds: number, length: number, sequence: number, message: number): void {
    const kind = kinds & 0xff;
    if (kind > HIGHEST_KIND || length - RECORD_HEADER_BYTES < (LEAST_PAYLOAD[kind] as number)) {
      throw new Fault(FaultCode.kind, `A record of kind ${kind} has ${length - RECORD_HEADER_BYTES} bytes of payload`);
    }
    if ((kinds & 0xff00) !== 0 || message >>> 16 !== 0) {
      throw new Fault(FaultCode.reserved, `A record of kind ${kind} has bits set that must be zero`);
    }
    if (this.#checkSequence) {
      if (sequence !== this.#sequence) {
        throw new Fault(FaultCode.sequence, `A record has sequence ${sequence >>> 0}, wanted ${this.#sequence >>> 0}`);
      }
      this.#sequence = (sequence + 1) | 0;
    }
  }
}

function lengthFault(cursor: number, isPad: boolean, length: number, toWrap: number, capacity: number): Fault {
  const wanted = isPad ? `${toWrap}` : `${RECORD_HEADER_BYTES} to ${capacity / 2}`;
  return new Fault(
    FaultCode.length,
    `A ${isPad ? "pad" : "record"} at cursor ${cursor} has length ${length >>> 0} with ${toWrap} bytes up to the wrap, wanted ${wanted}`,
  );
}
