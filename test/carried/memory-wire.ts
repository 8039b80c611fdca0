import { encodeBroadcast } from "../../src/carried/broadcast.js";
import type { Carrier, CarrierUser } from "../../src/carried/carrier.js";
import { ErrorCode, IntercellError } from "../../src/errors.js";

/** What becomes of one thing that is carried: how often it arrives. */
export type Fate = () => number;

const once: Fate = () => 1;

/** Longest PDU, little so that a stream takes many. */
const MAX_PDU_BYTES = 512;

/** What is under way and not yet handed on, at most, as a queue of a driver has it. */
const QUEUE_LENGTH = 64;

type Way = "control" | "data" | "broadcast";

/** The end of a wire in this process, which carries things in another turn of the event loop. */
export class MemoryCarrier implements Carrier {
  readonly name = "the other end of a wire";
  readonly maxStreamPduBytes = MAX_PDU_BYTES;
  readonly maxTopicBytes = 400;
  /** What becomes of what this end sends. */
  fate: Fate = once;
  muted = false;
  peer: MemoryCarrier | undefined;
  #user: CarrierUser | undefined;
  #up = true;
  #underWay = 0;
  #sequence = 0;
  readonly #broadcasts: Uint8Array[] = [];
  #broadcasting = false;

  get up(): boolean {
    return this.#up;
  }

  set up(up: boolean) {
    this.#up = up;
    if (up) this.#user?.restored();
  }

  listen(user: CarrierUser): void {
    this.#user = user;
  }

  sendControl(frame: Uint8Array): boolean {
    if (!this.#up || this.#underWay >= QUEUE_LENGTH) return false;
    this.#carry("control", frame);
    return true;
  }

  sendLast(frame: Uint8Array): void {
    this.#carry("control", frame);
  }

  send(pdu: Uint8Array): Promise<void> {
    if (pdu.length > MAX_PDU_BYTES) throw new RangeError("The PDU is too long");
    return new Promise((resolve) => this.#carry("data", pdu, resolve));
  }

  broadcast(channel: number, message: number, payload: Uint8Array): void {
    if (payload.length > MAX_PDU_BYTES - 8) throw new IntercellError(ErrorCode.TOO_LARGE, "The broadcast is too long");
    const pdu = encodeBroadcast(this.#sequence, channel, message, payload);
    this.#sequence = (this.#sequence + 1) & 0xffff;
    // Of more than the queue takes the oldest goes, so that the newest arrives.
    if (this.#broadcasts.push(pdu) > QUEUE_LENGTH) this.#broadcasts.shift();
    this.#pumpBroadcasts();
  }

  explain(heard: boolean): string {
    return heard ? "it does not answer" : "nothing was heard of it";
  }

  /** Ends without a word. */
  close(): void {
    this.#user = undefined;
    this.#up = false;
  }

  receive(way: Way, bytes: Uint8Array): void {
    if (this.#up) this.#user?.[way](bytes);
  }

  #pumpBroadcasts(): void {
    if (this.#broadcasting) return;
    const pdu = this.#broadcasts.shift();
    if (pdu === undefined) return;
    this.#broadcasting = true;
    this.#carry("broadcast", pdu, () => {
      this.#broadcasting = false;
      this.#pumpBroadcasts();
    });
  }

  #carry(way: Way, bytes: Uint8Array, done?: () => void): void {
    const copy = bytes.slice();
    this.#underWay++;
    setImmediate(() => {
      this.#underWay--;
      for (let count = this.muted ? 0 : this.fate(); count > 0; count--) this.peer?.receive(way, copy);
      done?.();
      this.#user?.room();
    });
  }
}
