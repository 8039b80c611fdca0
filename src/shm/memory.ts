/** One section, as the views that the wire works with. */
export interface SectionMemory {
  readonly bytes: Uint8Array;
  /** The same memory as signed 32-bit words: cursors are kept as int32, so that they wrap by `| 0`. */
  readonly words: Int32Array;
  readonly view: DataView;
}

/** @throws RangeError if `bytes` does not start and end at a multiple of 8 bytes. */
export function sectionMemory(bytes: Uint8Array): SectionMemory {
  if (bytes.byteOffset % 8 !== 0 || bytes.byteLength % 8 !== 0) {
    throw new RangeError(
      `A section must start and end at a multiple of 8 bytes, not at ${bytes.byteOffset} + ${bytes.byteLength}`,
    );
  }
  return {
    bytes,
    words: new Int32Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 4),
    view: new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength),
  };
}
