import { ErrorCode, IntercellError } from "../../errors.js";
import type { IsoTpEndpoint } from "../isotp/endpoint.js";
import { CanLinkFault, LinkBreach } from "./fault.js";
import { readVarint, writeVarint } from "./varint.js";

/** Broadcasts that wait for the bus; of more the oldest goes, and its number with it, so that receivers count it as missed. */
const QUEUE_LENGTH = 32;

const MAX_HEADER_BYTES = 2 + 3 + 3;

/** Longest payload of a broadcast. */
export const MAX_BROADCAST_BYTES = 4095 - MAX_HEADER_BYTES;

export interface IncomingBroadcast {
  /** u16. */
  readonly sequence: number;
  readonly channel: number;
  readonly message: number;
  /** The payload, at an offset that is a multiple of 8. */
  readonly view: DataView;
  readonly lengthBytes: number;
}

/** Sends the broadcasts of a node, one after the other, and never makes anybody wait. */
export class BroadcastSender {
  readonly #endpoint: IsoTpEndpoint;
  readonly #queue: Uint8Array[] = [];
  #sequence = 0;
  #sending = false;

  constructor(endpoint: IsoTpEndpoint) {
    this.#endpoint = endpoint;
  }

  /** @throws IntercellError `ERR_TOO_LARGE`. */
  send(channel: number, message: number, payload: Uint8Array): void {
    if (payload.length > MAX_BROADCAST_BYTES) {
      const message = `A broadcast over CAN has ${MAX_BROADCAST_BYTES} bytes at most, not ${payload.length}`;
      throw new IntercellError(ErrorCode.TOO_LARGE, message);
    }
    const pdu = new Uint8Array(MAX_HEADER_BYTES + payload.length);
    new DataView(pdu.buffer).setUint16(0, this.#sequence, true);
    this.#sequence = (this.#sequence + 1) & 0xffff;
    const at = writeVarint(pdu, writeVarint(pdu, 2, channel), message);
    pdu.set(payload, at);
    this.#queue.push(pdu.subarray(0, at + payload.length));
    if (this.#queue.length > QUEUE_LENGTH) this.#queue.shift();
    this.#pump();
  }

  #pump(): void {
    if (this.#sending || this.#endpoint.closed) return;
    const pdu = this.#queue.shift();
    if (pdu === undefined) return;
    this.#sending = true;
    const done = (): void => {
      this.#sending = false;
      this.#pump();
    };
    // One that the bus refused is missed by all, who find that out by its number.
    this.#endpoint.send(pdu).then(done, done);
  }
}

/** Reads a broadcast; its payload is copied. @throws LinkBreach `record`. */
export function decodeBroadcast(pdu: Uint8Array): IncomingBroadcast {
  const byteAt = (offset: number): number | undefined => pdu[offset];
  const channel = readVarint(byteAt, 2);
  const message = typeof channel === "string" ? channel : readVarint(byteAt, channel.end);
  if (typeof channel === "string" || typeof message === "string") {
    throw new LinkBreach(CanLinkFault.record, `A broadcast of ${pdu.length} bytes is shorter than its header`);
  }
  const payload = pdu.slice(message.end);
  return {
    sequence: (pdu[0] as number) | ((pdu[1] as number) << 8),
    channel: channel.value,
    message: message.value,
    view: new DataView(payload.buffer),
    lengthBytes: payload.length,
  };
}
