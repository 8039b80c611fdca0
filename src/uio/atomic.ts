/*
 * The memory operations of what cells write for each other (docs/wire-protocol.md, docs/ivshmem-net.md): publish, observe, fences.
 *
 * V8 carries out Atomics on a typed array of 32-bit words by sequentially consistent machine operations, whether the
 * buffer is shared or not: xchg and mov on x86-64, STLR and LDAR on arm64. A load is a call of a routine of V8's.
 */

const scratch = new Int32Array(1);

/** Loads a word; later accesses are not moved before it. */
export function observe(words: Int32Array, index: number): number {
  return Atomics.load(words, index);
}

/** Stores a word; earlier accesses are not moved behind it. */
export function publish(words: Int32Array, index: number, value: number): void {
  Atomics.store(words, index, value);
}

/**
 * Orders all earlier accesses before all later ones.
 *
 * On arm64 an STLR keeps earlier accesses before itself, an LDAR keeps later ones behind itself, and an STLR is never
 * passed by a later LDAR (Arm architecture reference manual, "barrier-ordered-before"): the pair is a full barrier. On x86-64 the
 * xchg alone is one. An atomic read-modify-write would not do: on arm64 a later load may pass its store half.
 */
export function fence(): void {
  Atomics.store(scratch, 0, 0);
  Atomics.load(scratch, 0);
}

/** x86 keeps loads in order by itself (Intel SDM volume 3, "Memory ordering"). */
const LOADS_STAY_IN_ORDER = process.arch === "x64" || process.arch === "ia32";

/** Orders all earlier loads before all later ones: what stands between a copy and the look at whether it is to be believed. */
export function loadFence(): void {
  if (!LOADS_STAY_IN_ORDER) {
    fence();
  }
}
