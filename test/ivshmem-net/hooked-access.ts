/*
 * Stands in for src/ivshmem-net/access.ts (vi.mock) and lets a test act before each access to memory that both sides see,
 * and in the middle of each copy.
 */

let hook: (() => void) | undefined;

/** Sets what happens before each access, or takes it away. */
export function setAccessHook(next: (() => void) | undefined): void {
  hook = next;
}

export function load16(halves: Uint16Array, index: number): number {
  hook?.();
  return halves[index] as number;
}

export function load32(words: Uint32Array, index: number): number {
  hook?.();
  return words[index] as number;
}

export function store16(halves: Uint16Array, index: number, value: number): void {
  hook?.();
  halves[index] = value;
}

export function copyBytes(target: Uint8Array, at: number, source: Uint8Array, offset: number, length: number): void {
  const half = length >>> 1;
  hook?.();
  target.set(source.subarray(offset, offset + half), at);
  hook?.();
  target.set(source.subarray(offset + half, offset + length), at + half);
}
