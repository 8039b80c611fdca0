import { endianness } from "node:os";
import { CanSlot } from "../native.js";
import type { FrameOrigin, Timestamp } from "./bus.js";
import type { CanFrame } from "./frame.js";
import { readFrame } from "./layout.js";

/** Slots that are filled at once. More would not save much, and keep other work of the event loop waiting. */
const SLOTS = 64;

/** recvmsg(2) on CAN_RAW: sent from this machine, sent by this very socket (Documentation/networking/can.rst). */
const MSG_DONTROUTE = 0x4;
const MSG_CONFIRM = 0x800;

const little = endianness() === "LE";

/** The buffer that native code receives frames into, and what is read from it. */
export class FrameBatch {
  readonly bytes: Uint8Array;
  readonly slotBytes: number;
  readonly slots = SLOTS;
  readonly #view: DataView;

  /** @param messageBytes most bytes of a message. */
  constructor(messageBytes: number) {
    this.slotBytes = CanSlot.BYTES + Math.ceil(messageBytes / 8) * 8;
    this.bytes = new Uint8Array(SLOTS * this.slotBytes);
    this.#view = new DataView(this.bytes.buffer);
  }

  /** @throws IntercellError `ERR_DECODE` if the bytes are no frame. */
  frame(slot: number): CanFrame {
    return readFrame(this.bytes, slot * this.slotBytes + CanSlot.BYTES, this.length(slot));
  }

  /** Bytes of the message. */
  length(slot: number): number {
    return this.#view.getUint32(slot * this.slotBytes + CanSlot.LENGTH, little);
  }

  origin(slot: number): FrameOrigin {
    const flags = this.#view.getUint32(slot * this.slotBytes + CanSlot.FLAGS, little);
    if ((flags & MSG_CONFIRM) !== 0) return "own";
    return (flags & MSG_DONTROUTE) !== 0 ? "local" : "remote";
  }

  /** Index of the interface that the frame came from. */
  interface(slot: number): number {
    return this.#view.getUint32(slot * this.slotBytes + CanSlot.INTERFACE, little);
  }

  /** The kernel's count of frames that were dropped before this one, modulo 2^32. */
  dropped(slot: number): number {
    return this.#view.getUint32(slot * this.slotBytes + CanSlot.DROPPED, little);
  }

  timestamp(slot: number): Timestamp {
    const start = slot * this.slotBytes;
    return {
      seconds: this.#view.getFloat64(start + CanSlot.SECONDS, little),
      nanoseconds: this.#view.getUint32(start + CanSlot.NANOSECONDS, little),
    };
  }

  /** When the device got it, if it said so. */
  hardwareTimestamp(slot: number): Timestamp | undefined {
    const start = slot * this.slotBytes;
    const seconds = this.#view.getFloat64(start + CanSlot.HARDWARE_SECONDS, little);
    const nanoseconds = this.#view.getUint32(start + CanSlot.HARDWARE_NANOSECONDS, little);
    return seconds === 0 && nanoseconds === 0 ? undefined : { seconds, nanoseconds };
  }
}
