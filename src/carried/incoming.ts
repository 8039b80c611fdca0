import { expandCursor } from "./control-frame.js";
import { LinkBreach, LinkFault } from "./fault.js";
import { decodeRecordHeader, MAX_RECORD_HEADER, type RecordHeader } from "./record.js";
import { ByteRing } from "./ring.js";

/** A record that has come, in private memory. */
export interface IncomingRecord extends RecordHeader {
  readonly sequence: number;
}

/** The stream of the peer: what has come and was not handed on. It never has more than the window. */
export class Incoming {
  readonly #ring: ByteRing;
  readonly #maxPayload: number;
  /** The payload of one record, at offset 0. */
  readonly view: DataView;
  readonly #payload: Uint8Array;
  #received = 0;
  #taken = 0;
  #sequence = 0;
  #recordBytes = 0;
  readonly #byteAt = (offset: number): number | undefined =>
    this.#taken + offset < this.#received ? this.#ring.at(this.#taken + offset) : undefined;

  /** @param windowBytes a power of two. */
  constructor(windowBytes: number) {
    this.#ring = new ByteRing(windowBytes);
    this.#maxPayload = windowBytes - MAX_RECORD_HEADER;
    this.#payload = new Uint8Array(windowBytes);
    this.view = new DataView(this.#payload.buffer);
  }

  /** All before this has come. */
  get received(): number {
    return this.#received;
  }

  /** All before this was handed on. */
  get taken(): number {
    return this.#taken;
  }

  /**
   * Bytes of the stream came. `gap`: some before them did not. `old`: all of them had come before.
   *
   * @param low of the cursor at which they begin.
   * @throws LinkBreach `cursor` if they do not fit the window.
   */
  write(low: number, data: Uint8Array): "new" | "old" | "gap" {
    const cursor = expandCursor(low, this.#received);
    if (cursor > this.#received) return "gap";
    const known = this.#received - cursor;
    if (known >= data.length) return "old";
    const fresh = data.subarray(known);
    if (this.#received + fresh.length - this.#taken > this.#ring.capacity) {
      const found = `${this.#received + fresh.length - this.#taken} bytes of a stream wait, wanted ${this.#ring.capacity} at most`;
      throw new LinkBreach(LinkFault.cursor, found);
    }
    this.#ring.write(this.#received, fresh);
    this.#received += fresh.length;
    return "new";
  }

  /** The next record, its payload in {@link view}, or undefined. It stays the next one until {@link shift}. @throws LinkBreach */
  peek(): IncomingRecord | undefined {
    const decoded = decodeRecordHeader(this.#byteAt, this.#maxPayload);
    if (decoded === undefined) return undefined;
    const { header, headerBytes } = decoded;
    this.#recordBytes = headerBytes + header.lengthBytes;
    if (this.#taken + this.#recordBytes > this.#received) return undefined;
    this.#ring.read(this.#taken + headerBytes, this.#payload, 0, header.lengthBytes);
    return { ...header, sequence: this.#sequence };
  }

  /** The record of {@link peek} was handed on. */
  shift(): void {
    this.#taken += this.#recordBytes;
    this.#sequence = (this.#sequence + 1) >>> 0;
  }

  /** A session begins: nothing has come. */
  reset(): void {
    this.#received = 0;
    this.#taken = 0;
    this.#sequence = 0;
  }
}
