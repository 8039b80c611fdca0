import { openSync, readFileSync, writeSync } from "node:fs";

/** What one life of a program knows of its traffic. */
export interface LifeNotes {
  /** Messages committed so far, and those that the peer had taken when this was noted last. */
  readonly committed: number;
  readonly acknowledged: number;
  /** Sessions that the link has had, and how many ended other than by a pause. */
  readonly sessions: number;
  readonly restarts: number;
  readonly lost: number;
  /** Messages that came, of each life of the peer: those from `first` on and before `next`, each once and in order. */
  readonly received: readonly { readonly life: number; readonly first: number; readonly next: number }[];
}

const LIVES = 8;
const FIXED_WORDS = 5;
const LIFE_WORDS = 3;

/** Notes in a file, which are there after their writer was killed. */
export class NetLedger {
  readonly #words = new Int32Array(FIXED_WORDS + LIVES * LIFE_WORDS);
  readonly #file: number;

  constructor(path: string) {
    this.#file = openSync(path, "w");
    this.#write();
  }

  /** Notes a word: committed, acknowledged, sessions, restarts, lost. */
  note(word: 0 | 1 | 2 | 3 | 4, value: number): void {
    this.#words[word] = value;
    this.#write();
  }

  add(word: 2 | 3 | 4, value: number): void {
    this.note(word, (this.#words[word] ?? 0) + value);
  }

  /** A message came. @returns what is wrong with it. */
  receive(life: number, number: number): string | undefined {
    const base = FIXED_WORDS + life * LIFE_WORDS;
    const [known = 0, , next = 0] = this.#words.subarray(base, base + LIFE_WORDS);
    if (known !== 0 && number !== next) return `Message ${number} of life ${life} came, wanted ${next}`;
    if (known === 0) this.#words.set([1, number], base);
    this.#words[base + 2] = number + 1;
    this.#write();
    return undefined;
  }

  static read(path: string): LifeNotes {
    const bytes = readFileSync(path);
    const words = new Int32Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 4);
    const [committed = 0, acknowledged = 0, sessions = 0, restarts = 0, lost = 0] = words;
    const received = Array.from({ length: LIVES }, (_, life) => {
      const base = FIXED_WORDS + life * LIFE_WORDS;
      const [known = 0, first = 0, next = 0] = words.subarray(base, base + LIFE_WORDS);
      return { known, life, first, next };
    });
    return {
      ...{ committed, acknowledged, sessions, restarts, lost },
      received: received.filter(({ known }) => known !== 0).map(({ life, first, next }) => ({ life, first, next })),
    };
  }

  #write(): void {
    writeSync(this.#file, new Uint8Array(this.#words.buffer), 0, this.#words.byteLength, 0);
  }
}
