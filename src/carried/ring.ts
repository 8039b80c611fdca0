/** Bytes of a stream between two cursors that only grow. What lies before the lower one is overwritten. */
export class ByteRing {
  readonly #bytes: Uint8Array;
  readonly #mask: number;

  /** @param capacity a power of two. */
  constructor(capacity: number) {
    this.#bytes = new Uint8Array(capacity);
    this.#mask = capacity - 1;
  }

  get capacity(): number {
    return this.#bytes.length;
  }

  at(cursor: number): number {
    // Cursors have more than 32 bits in the end, and their low ones stand in an int32 all the same.
    return this.#bytes[cursor & this.#mask] as number;
  }

  write(cursor: number, data: Uint8Array): void {
    const start = cursor & this.#mask;
    const fits = Math.min(data.length, this.#bytes.length - start);
    this.#bytes.set(data.subarray(0, fits), start);
    if (fits < data.length) this.#bytes.set(data.subarray(fits), 0);
  }

  /** Copies `length` bytes from `cursor` on to `target`, which has them at `offset`. */
  read(cursor: number, target: Uint8Array, offset: number, length: number): void {
    const start = cursor & this.#mask;
    const fits = Math.min(length, this.#bytes.length - start);
    target.set(this.#bytes.subarray(start, start + fits), offset);
    if (fits < length) target.set(this.#bytes.subarray(0, length - fits), offset + fits);
  }
}
