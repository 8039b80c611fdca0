import { ErrorCode, IntercellError } from "../errors.js";
import type { Timestamp } from "./bus.js";
import type { CanFrame } from "./frame.js";
import { idWord } from "./layout.js";

/** Who waits for a frame to come back from the wire. */
export interface ConfirmationWaiter {
  resolve(timestamp: Timestamp): void;
  reject(reason: unknown): void;
}

interface Entry {
  readonly frame: CanFrame;
  readonly waiter: ConfirmationWaiter | undefined;
}

/**
 * Frames on their way that are remembered at most. What the kernel holds of one socket is far less: the smallest send buffer,
 * a device queue of tens and the mailboxes of a controller.
 */
const MAX_ENTRIES = 4096;

/**
 * The frames of one handle that were handed over and have not come back. A bus gives them back in the order in which it
 * took them; some of them it may lose, as the receive buffer was full or the controller went bus-off.
 */
export class Confirmations {
  readonly #name: string;
  #entries: Entry[] = [];
  /** Entries before this one are done with. */
  #first = 0;
  #waiters = 0;

  /** @param name of the bus. */
  constructor(name: string) {
    this.#name = name;
  }

  /** Frames that have not come back. */
  get length(): number {
    return this.#entries.length - this.#first;
  }

  /** Notes a frame that was handed over and will come back. */
  add(frame: CanFrame, waiter?: ConfirmationWaiter): void {
    if (this.length >= MAX_ENTRIES) this.#reject(this.#shift(), "too many frames came after it");
    this.#entries.push({ frame, waiter });
    if (waiter !== undefined) this.#waiters++;
  }

  /** A frame came back: ends the wait for it, and for those before it, which were lost. */
  confirm(frame: CanFrame, timestamp: Timestamp): void {
    let index = this.#first;
    while (index < this.#entries.length && !isSame((this.#entries[index] as Entry).frame, frame)) index++;
    // Unknown: handed over before a fault that ended all waits.
    if (index === this.#entries.length) return;
    while (this.#first < index) this.#reject(this.#shift(), "it was lost on the way back");
    const { waiter } = this.#shift();
    if (waiter === undefined) return;
    this.#waiters--;
    waiter.resolve(timestamp);
  }

  /** Somebody no longer waits, for a reason of its own. */
  forget(waiter: ConfirmationWaiter): void {
    const index = this.#entries.findIndex((entry) => entry.waiter === waiter);
    if (index === -1) return;
    this.#waiters--;
    this.#entries[index] = { frame: (this.#entries[index] as Entry).frame, waiter: undefined };
  }

  /** Received frames were lost, and with them perhaps some that came back. Ends all waits, and still knows the frames. */
  doubt(): void {
    if (this.#waiters === 0) return;
    const entries = this.#entries.slice(this.#first);
    this.#entries = entries.map(({ frame }) => ({ frame, waiter: undefined }));
    this.#first = 0;
    for (const entry of entries) this.#reject(entry, "received frames were lost as the receive buffer was full");
  }

  /** Nothing of what was handed over comes back any more. @param why as the end of a sentence. */
  clear(why: string): void {
    const entries = this.#entries.slice(this.#first);
    this.#entries = [];
    this.#first = 0;
    for (const entry of entries) this.#reject(entry, why);
  }

  #shift(): Entry {
    const entry = this.#entries[this.#first] as Entry;
    this.#first++;
    // Not at each frame, as that would move all entries each time.
    if (this.#first === this.#entries.length) {
      this.#entries = [];
      this.#first = 0;
    } else if (this.#first >= MAX_ENTRIES) {
      this.#entries = this.#entries.slice(this.#first);
      this.#first = 0;
    }
    return entry;
  }

  #reject({ waiter }: Entry, why: string): void {
    if (waiter === undefined) return;
    this.#waiters--;
    const message = `A frame was handed to ${this.#name} but whether it was on the wire is not known, as ${why}`;
    waiter.reject(new IntercellError(ErrorCode.UNCONFIRMED, message));
  }
}

/** Whether a frame that came back is the one that was sent; a driver may have padded the data of CAN FD. */
function isSame(sent: CanFrame, back: CanFrame): boolean {
  if (sent === back) return true;
  if (sent.kind !== back.kind || idWord(sent) !== idWord(back)) return false;
  if (sent.kind === "remote" || back.kind === "remote") return true;
  return sent.data.length <= back.data.length && sent.data.every((byte, index) => byte === back.data[index]);
}
