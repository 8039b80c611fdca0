/** Sessions that one life of a cell can note; two more than twelve peers of which three restart need. */
const SESSIONS = 31;
const RECORD_WORDS = 8;

/** Bytes that one life of a cell takes in a ledger. */
export const LIFE_BYTES = (1 + SESSIONS) * RECORD_WORDS * 4;

const Field = { peer: 0, ownEpoch: 1, peerEpoch: 2, committed: 3, received: 4, lost: 5, ended: 6 } as const;

/** What one side knows of one session, in words that outlive the process that writes them. */
export class SessionRecord {
  readonly #words: Int32Array;
  readonly #base: number;

  constructor(words: Int32Array, base: number) {
    this.#words = words;
    this.#base = base;
  }

  get peer(): number {
    return this.#get(Field.peer);
  }
  get ownEpoch(): number {
    return this.#get(Field.ownEpoch);
  }
  get peerEpoch(): number {
    return this.#get(Field.peerEpoch);
  }
  /** Messages that were committed and flushed. */
  get committed(): number {
    return this.#get(Field.committed);
  }
  set committed(count: number) {
    this.#set(Field.committed, count);
  }
  /** Messages that arrived, all of them in order. */
  get received(): number {
    return this.#get(Field.received);
  }
  set received(count: number) {
    this.#set(Field.received, count);
  }
  /** What the link said was lost when the session ended. */
  get lost(): number {
    return this.#get(Field.lost);
  }
  get ended(): boolean {
    return this.#get(Field.ended) !== 0;
  }

  end(lost: number): void {
    this.#set(Field.lost, lost);
    this.#set(Field.ended, 1);
  }

  start(peer: number, ownEpoch: number, peerEpoch: number): void {
    [peer, ownEpoch, peerEpoch, 0, 0, 0, 0].forEach((value, field) => {
      this.#set(field, value);
    });
  }

  #get(field: number): number {
    return this.#isGone ? 0 : Atomics.load(this.#words, this.#base + field) >>> 0;
  }

  #set(field: number, value: number): void {
    if (!this.#isGone) Atomics.store(this.#words, this.#base + field, value);
  }

  /** The memory went with its device. */
  get #isGone(): boolean {
    return this.#words.length === 0;
  }
}

/** The sessions of one life of a cell, oldest first, in memory that others can read after the cell was killed. */
export class Ledger {
  readonly #words: Int32Array;

  /** Over the bytes of life `life` of memory that begins with zeros. */
  constructor(bytes: Uint8Array, life: number, lives = 1) {
    const sizeBytes = lives * LIFE_BYTES;
    this.#words = new Int32Array(bytes.buffer, bytes.byteOffset + life * LIFE_BYTES, sizeBytes / 4);
  }

  get sessions(): readonly SessionRecord[] {
    return Array.from({ length: Atomics.load(this.#words, 0) }, (_, index) => this.#record(index));
  }

  open(peer: number, ownEpoch: number, peerEpoch: number): SessionRecord {
    const count = Atomics.load(this.#words, 0);
    if ((count + 2) * RECORD_WORDS > this.#words.length) throw new RangeError(`A ledger of ${count} sessions is full`);
    const record = this.#record(count);
    record.start(peer, ownEpoch, peerEpoch);
    Atomics.store(this.#words, 0, count + 1);
    return record;
  }

  #record(index: number): SessionRecord {
    return new SessionRecord(this.#words, (index + 1) * RECORD_WORDS);
  }
}
