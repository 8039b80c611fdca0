import { ErrorCode, IntercellError } from "../errors.js";
import type { StateTable } from "./device.js";

/** The state table over its read-only mapping; each word is read in one access, as the hypervisor writes at any time. */
export class MappedStateTable implements StateTable {
  readonly length: number;
  #words: Uint32Array | undefined;

  /** @param words One u32 for each peer, in the mapping of the table. */
  constructor(words: Uint32Array) {
    this.length = words.length;
    this.#words = words;
  }

  get(peer: number): number {
    const words = this.#open();
    if (!Number.isInteger(peer) || peer < 0 || peer >= this.length) {
      throw new RangeError(`Peer ${peer} has no state word: the table holds peers 0 to ${this.length - 1}`);
    }
    return Atomics.load(words, peer);
  }

  snapshot(): readonly number[] {
    const words = this.#open();
    return Array.from({ length: this.length }, (_, peer) => Atomics.load(words, peer));
  }

  /** @internal Called by the device before it unmaps the table. */
  release(): void {
    this.#words = undefined;
  }

  #open(): Uint32Array {
    if (this.#words === undefined) {
      throw new IntercellError(
        ErrorCode.CLOSED,
        "The state table is unmapped as its device is closed; open the device again",
      );
    }
    return this.#words;
  }
}
