import { ErrorCode, IntercellError } from "../errors.js";
import { unmapMemory } from "../native.js";

/**
 * A mapped section that this cell may only read, such as the output section of a peer.
 *
 * The mapping is read-only: a store through it would kill the process with SIGSEGV. So no view of it
 * is ever handed out; data is copied into memory of the caller.
 */
export class ReadonlySection {
  readonly sizeBytes: number;
  #memory: Uint8Array | undefined;

  constructor(memory: Uint8Array) {
    this.sizeBytes = memory.byteLength;
    this.#memory = memory;
  }

  /** Copies `target.byteLength` bytes from `offsetBytes` into `target`; the peer may be writing meanwhile. */
  copyTo(target: Uint8Array, offsetBytes = 0): void {
    const memory = this.#open();
    checkRange(offsetBytes, target.byteLength, this.sizeBytes);
    target.set(memory.subarray(offsetBytes, offsetBytes + target.byteLength));
  }

  /** Reads one aligned little-endian u32, in one access. */
  readUint32(offsetBytes: number): number {
    const memory = this.#open();
    if (offsetBytes % 4 !== 0) {
      throw new RangeError(`A u32 needs an offset that is a multiple of 4, not ${offsetBytes}`);
    }
    checkRange(offsetBytes, 4, this.sizeBytes);
    return Atomics.load(new Uint32Array(memory.buffer, memory.byteOffset + offsetBytes, 1), 0);
  }

  /** @internal The mapping itself, for the wire: readers there never store. */
  static memoryOf(section: ReadonlySection): Uint8Array {
    return section.#open();
  }

  /** @internal Called by the device that owns the mapping. */
  static release(section: ReadonlySection): void {
    section.#release();
  }

  #release(): void {
    this.#memory = undefined;
  }

  #open(): Uint8Array {
    if (this.#memory === undefined) {
      throw closedSection();
    }
    return this.#memory;
  }
}

/** A mapped section that this cell may write: its own output section, or the common R/W section. */
export class OutputSection {
  readonly sizeBytes: number;
  #memory: Uint8Array | undefined;

  constructor(memory: Uint8Array) {
    this.sizeBytes = memory.byteLength;
    this.#memory = memory;
  }

  /**
   * The mapping. Peers see each store at once.
   * @throws IntercellError `ERR_CLOSED` once the device is closed; views taken before have length 0 then.
   */
  get bytes(): Uint8Array {
    if (this.#memory === undefined) {
      throw closedSection();
    }
    return this.#memory;
  }

  /** @internal Called by the device that owns the mapping. */
  static release(section: OutputSection): void {
    section.#release();
  }

  #release(): void {
    this.#memory = undefined;
  }
}

/** @internal Unmaps the buffers of a device; the sections over them must have been released. */
export function unmapAll(buffers: readonly ArrayBuffer[]): void {
  for (const buffer of buffers) {
    unmapMemory(buffer);
  }
}

function closedSection(): IntercellError {
  return new IntercellError(ErrorCode.CLOSED, "The section is unmapped as its device is closed; open the device again");
}

function checkRange(offsetBytes: number, lengthBytes: number, sizeBytes: number): void {
  if (!Number.isInteger(offsetBytes) || offsetBytes < 0 || offsetBytes + lengthBytes > sizeBytes) {
    throw new RangeError(
      `Bytes ${offsetBytes} to ${offsetBytes + lengthBytes} lie outside a section of ${sizeBytes} bytes`,
    );
  }
}
