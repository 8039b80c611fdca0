/** Whether the step of a ring's index from `previous` to `next` passes `event` (virtio 1.x, `vring_need_event`). All are u16. */
export function passesEvent(event: number, next: number, previous: number): boolean {
  return ((next - event - 1) & 0xffff) < ((next - previous) & 0xffff);
}

/** What one side of a ring does for the other, as 16-bit fields of a section. */
export interface SectionViews {
  readonly bytes: Uint8Array;
  readonly halves: Uint16Array;
  readonly words: Uint32Array;
}

/** The views of a section that begins on a page. */
export function viewSection(bytes: Uint8Array): SectionViews {
  const { buffer, byteOffset, byteLength } = bytes;
  return {
    bytes,
    halves: new Uint16Array(buffer, byteOffset, byteLength / 2),
    words: new Uint32Array(buffer, byteOffset, byteLength / 4),
  };
}
