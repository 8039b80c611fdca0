/*
 * Stands in for src/uio/atomic.ts (vi.mock) and lets a test act before each access of shared memory. All cells of such
 * a test run in one thread, so plain accesses are as good as atomic ones.
 */

export type AccessKind = "observe" | "publish" | "fence";

export interface AtomicHook {
  /** Called before an access; whatever it does happens between the accesses before and after it. */
  before(kind: AccessKind, words: Int32Array, index: number): void;
  /** What an observation is to yield instead of `value`. */
  observed?(words: Int32Array, index: number, value: number): number;
  /** Called after a store. */
  published?(words: Int32Array, index: number, value: number): void;
}

const NO_WORDS = new Int32Array(0);

let hook: AtomicHook | undefined;

/** Sets the hook for all cells of this test, or takes it away. */
export function setAtomicHook(next: AtomicHook | undefined): void {
  hook = next;
}

export function observe(words: Int32Array, index: number): number {
  hook?.before("observe", words, index);
  const value = words[index] as number;
  return hook?.observed?.(words, index, value) ?? value;
}

export function publish(words: Int32Array, index: number, value: number): void {
  hook?.before("publish", words, index);
  words[index] = value;
  hook?.published?.(words, index, value);
}

export function fence(): void {
  hook?.before("fence", NO_WORDS, 0);
}

export function loadFence(): void {
  fence();
}
