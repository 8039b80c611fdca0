import { encodeBroadcast, MAX_BROADCAST_HEADER } from "../../carried/broadcast.js";
import { ErrorCode, IntercellError } from "../../errors.js";
import type { IsoTpEndpoint } from "../isotp/endpoint.js";

/** Broadcasts that wait for the bus; of more the oldest goes, and its number with it, so that receivers count it as missed. */
const QUEUE_LENGTH = 32;

/** Longest payload of a broadcast. */
export const MAX_BROADCAST_BYTES = 4095 - MAX_BROADCAST_HEADER;

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
    this.#queue.push(encodeBroadcast(this.#sequence, channel, message, payload));
    this.#sequence = (this.#sequence + 1) & 0xffff;
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
