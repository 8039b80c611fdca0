/*
 * Each access to memory that both sides see. The tests put a peer between any two of them that rewrites its section.
 * Fields of the peer are loaded through here exactly once and checked as the number that was loaded.
 */

/** Loads a 16-bit field; later accesses are not moved before it. */
export function load16(halves: Uint16Array, index: number): number {
  return Atomics.load(halves, index);
}

/** Loads a 32-bit field; later accesses are not moved before it. */
export function load32(words: Uint32Array, index: number): number {
  return Atomics.load(words, index);
}

/** Stores a 16-bit field of the own section; earlier accesses are not moved behind it. */
export function store16(halves: Uint16Array, index: number, value: number): void {
  Atomics.store(halves, index, value);
}

/** Copies bytes that a peer may be changing meanwhile into private memory. */
export function copyBytes(target: Uint8Array, at: number, source: Uint8Array, offset: number, length: number): void {
  target.set(source.subarray(offset, offset + length), at);
}
