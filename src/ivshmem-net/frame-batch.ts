import { copyBytes } from "./access.js";

/** Most frames of one batch. */
export const MAX_BATCH_FRAMES = 128;

/** Least memory of a batch in bytes. */
const BATCH_BYTES = 0x4_0000;

/** Frames begin on multiples of this, so that their IP headers can be read as words. */
const FRAME_ALIGN_BYTES = 16;

/**
 * Some frames in private memory. It is filled again and again, so that a frame costs no allocation: what a listener
 * wants to keep it copies.
 */
export class FrameBatch {
  /** The memory of all frames. */
  readonly bytes: Uint8Array;
  /** Offset and length in {@link bytes} of each frame in turn. */
  readonly slots: Uint32Array;
  readonly maxFrameBytes: number;
  #count = 0;
  #used = 0;

  constructor(maxFrameBytes: number) {
    this.maxFrameBytes = maxFrameBytes;
    this.bytes = new Uint8Array(Math.max(BATCH_BYTES, 2 * (maxFrameBytes + FRAME_ALIGN_BYTES)));
    this.slots = new Uint32Array(2 * MAX_BATCH_FRAMES);
  }

  get count(): number {
    return this.#count;
  }

  /** No further frame of {@link maxFrameBytes} fits. */
  get full(): boolean {
    return this.#count === MAX_BATCH_FRAMES || this.#used + this.maxFrameBytes > this.bytes.byteLength;
  }

  /** Offset of a frame in {@link bytes}. */
  offset(index: number): number {
    return this.slots[2 * index] as number;
  }

  /** Length of a frame in bytes. */
  length(index: number): number {
    return this.slots[2 * index + 1] as number;
  }

  /** A view of a frame, from the destination address to the last byte of the payload; valid until the batch is filled again. */
  frame(index: number): Uint8Array {
    const offset = this.offset(index);
    return this.bytes.subarray(offset, offset + this.length(index));
  }

  clear(): void {
    this.#count = 0;
    this.#used = 0;
  }

  /** Copies a frame in. The batch must not be full, nor `length` exceed {@link maxFrameBytes}. */
  append(source: Uint8Array, offset: number, length: number): void {
    const at = this.#used;
    copyBytes(this.bytes, at, source, offset, length);
    this.slots[2 * this.#count] = at;
    this.slots[2 * this.#count + 1] = length;
    this.#count++;
    this.#used = Math.ceil((at + length) / FRAME_ALIGN_BYTES) * FRAME_ALIGN_BYTES;
  }

  /** Takes the count of frames that native code has put into {@link bytes} and {@link slots}. */
  filled(count: number): void {
    this.#count = count;
    this.#used = this.bytes.byteLength;
  }
}
