import { ErrorCode, IntercellError } from "../errors.js";
import type { Codec } from "../schema/codec.js";
import { NO_ROOM, type Port, type PortRecordKind } from "./link.js";
import type { Outbox } from "./outbox.js";

/** The part of a codec that encoding needs. */
type Encode<T> = Pick<Codec<T>, "size" | "minSize" | "encode">;

/**
 * Turns values of one type into records: straight into the link's memory if the longest message fits a record, else by
 * way of a buffer of its own, as only the value tells whether it fits.
 */
export class Encoder<T> {
  readonly kind: PortRecordKind;
  readonly message: number;
  readonly codec: Encode<T>;
  /** Such as `message "measurement"`, for errors. */
  readonly what: string;
  readonly #outbox: Outbox;
  readonly #direct: boolean;
  readonly #claimBytes: number;
  #scratch: DataView | undefined;

  constructor(outbox: Outbox, kind: PortRecordKind, message: number, codec: Encode<T>, what: string) {
    this.#outbox = outbox;
    this.kind = kind;
    this.message = message;
    this.codec = codec;
    this.what = what;
    this.#claimBytes = codec.size;
    this.#direct = codec.size <= outbox.maxPayload;
  }

  /** Whether every value fits a record. */
  get direct(): boolean {
    return this.#direct;
  }

  /**
   * Commits a value if there is room and nothing waits; gives its sequence or {@link NO_ROOM}. Nothing is committed if
   * it throws, be it for the value or for the length.
   */
  tryCommit(value: T): number {
    if (!this.#direct) return this.#outbox.tryCommit(this.kind, this.message, this.#encodeScratch(value));
    const outbox = this.#outbox;
    const offset = outbox.claim(this.#claimBytes);
    if (offset === NO_ROOM) return NO_ROOM;
    outbox.filling();
    let lengthBytes: number;
    try {
      lengthBytes = this.codec.encode(value, outbox.view, offset);
    } finally {
      outbox.filled();
    }
    return outbox.commit(this.kind, this.message, lengthBytes);
  }

  /** A value's bytes in memory of their own. */
  encode(value: T): Uint8Array {
    return this.#encodeScratch(value).slice();
  }

  /** @throws IntercellError `ERR_TOO_LARGE` if a record cannot hold `lengthBytes`. */
  requireFit(lengthBytes: number): void {
    if (lengthBytes > this.#outbox.maxPayload) throw tooLarge(this.what, lengthBytes, this.#outbox);
  }

  #encodeScratch(value: T): Uint8Array {
    this.#scratch ??= new DataView(new ArrayBuffer(this.codec.size));
    this.#outbox.filling();
    let lengthBytes: number;
    try {
      lengthBytes = this.codec.encode(value, this.#scratch, 0);
    } finally {
      this.#outbox.filled();
    }
    this.requireFit(lengthBytes);
    return new Uint8Array(this.#scratch.buffer, 0, lengthBytes);
  }
}

/** The fault for a message that a link cannot carry. */
export function tooLarge(
  what: string,
  lengthBytes: number,
  { maxPayload, longerRecordsBy }: Pick<Port, "maxPayload" | "longerRecordsBy">,
): IntercellError {
  const found = `Cannot send ${what} as it has ${lengthBytes} bytes and a record of the link holds ${maxPayload}`;
  const remedy = longerRecordsBy === undefined ? "" : `, or give the link longer records by ${longerRecordsBy}`;
  return new IntercellError(ErrorCode.TOO_LARGE, `${found}: send it in parts${remedy}`);
}
