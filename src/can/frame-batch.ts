import { CanSlot } from "../native.js";
import type { FrameOrigin, Timestamp } from "./bus.js";
import type { CanFrame } from "./frame.js";
import { readFrame } from "./layout.js";

/** Slots that are filled at once. More would not save much, and keep other work of the event loop waiting. */
const SLOTS = 64;

/** recvmsg(2) on CAN_RAW: sent from this machine, sent by this very socket (Documentation/networking/can.rst). */
const MSG_DONTROUTE = 0x4;
const MSG_CONFIRM = 0x800;

/** Places of the header in views of its words and doubles: {@link CanSlot}. */
const Word = {
  LENGTH: CanSlot.LENGTH / 4,
  FLAGS: CanSlot.FLAGS / 4,
  INTERFACE: CanSlot.INTERFACE / 4,
  DROPPED: CanSlot.DROPPED / 4,
  NANOSECONDS: CanSlot.NANOSECONDS / 4,
  HARDWARE_NANOSECONDS: CanSlot.HARDWARE_NANOSECONDS / 4,
} as const;
const Double = { SECONDS: CanSlot.SECONDS / 8, HARDWARE_SECONDS: CanSlot.HARDWARE_SECONDS / 8 } as const;

/** The buffer that native code receives frames into, and what is read from it. */
export class FrameBatch {
  readonly bytes: Uint8Array;
  readonly slotBytes: number;
  readonly slots = SLOTS;
  readonly #words: Uint32Array;
  readonly #doubles: Float64Array;

  /** @param messageBytes most bytes of a message. */
  constructor(messageBytes: number) {
    this.slotBytes = CanSlot.BYTES + Math.ceil(messageBytes / 8) * 8;
    this.bytes = new Uint8Array(SLOTS * this.slotBytes);
    this.#words = new Uint32Array(this.bytes.buffer);
    this.#doubles = new Float64Array(this.bytes.buffer);
  }

  /** @throws IntercellError `ERR_DECODE` if the bytes are no frame. */
  frame(slot: number): CanFrame {
    return readFrame(this.bytes, slot * this.slotBytes + CanSlot.BYTES, this.length(slot));
  }

  /** Bytes of the message. */
  length(slot: number): number {
    return this.#word(slot, Word.LENGTH);
  }

  origin(slot: number): FrameOrigin {
    const flags = this.#word(slot, Word.FLAGS);
    if ((flags & MSG_CONFIRM) !== 0) return "own";
    return (flags & MSG_DONTROUTE) !== 0 ? "local" : "remote";
  }

  /** Index of the interface that the frame came from. */
  interface(slot: number): number {
    return this.#word(slot, Word.INTERFACE);
  }

  /** The kernel's count of frames that were dropped before this one, modulo 2^32. */
  dropped(slot: number): number {
    return this.#word(slot, Word.DROPPED);
  }

  timestamp(slot: number): Timestamp {
    return { seconds: this.#double(slot, Double.SECONDS), nanoseconds: this.#word(slot, Word.NANOSECONDS) };
  }

  /** When the device got it, if it said so. */
  hardwareTimestamp(slot: number): Timestamp | undefined {
    const seconds = this.#double(slot, Double.HARDWARE_SECONDS);
    const nanoseconds = this.#word(slot, Word.HARDWARE_NANOSECONDS);
    return seconds === 0 && nanoseconds === 0 ? undefined : { seconds, nanoseconds };
  }

  #word(slot: number, place: number): number {
    return this.#words[(slot * this.slotBytes) / 4 + place] as number;
  }

  #double(slot: number, place: number): number {
    return this.#doubles[(slot * this.slotBytes) / 8 + place] as number;
  }
}
