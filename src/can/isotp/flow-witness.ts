import { systemError } from "../../errors.js";
import {
  attachSocketFilter,
  bindCanSocket,
  CanProtocol,
  closeDescriptor,
  type Descriptor,
  receiveCanMessage,
} from "../../native.js";
import { type CanInterface, openDescriptor } from "../can-descriptor.js";
import { exactFilter } from "../filter.js";
import type { CanId } from "../id.js";
import { FrameBytesOf } from "../layout.js";
import { applyOptions, checkSocketOptions } from "../socket-options.js";

/** Where the data of a frame begins (`struct can_frame`, linux/can.h). */
const DATA = 8;

/** FlowControls whose status does not exist: 0 to 2 are the ones that do (ISO 15765-2, FlowStatus). */
const FIRST_INVALID = 0x33;
const LAST_INVALID = 0x3f;

/** Instructions of classic BPF (linux/bpf_common.h). */
const Load = 0x30;
const JumpIfEqual = 0x15;
const JumpIfGreater = 0x25;
const JumpIfNotLess = 0x35;
const Return = 0x06;

/**
 * Sees the FlowControls with a status that does not exist, at which the kernel's ISO-TP ends a transfer without a word
 * (isotp_rcv_fc(), net/can/isotp.c). A filter in the kernel lets no other frame through, so that it costs nothing; nothing
 * waits for it: it is asked when a transfer has ended. The kernel hands a frame to the socket that was bound last before the
 * others, so that such a frame is here when it has ended the transfer.
 */
export class FlowWitness {
  readonly #fd: Descriptor;
  readonly #frameBytes: number;
  readonly #frame = new Uint8Array(FrameBytesOf.FD);

  /** Opened after the socket that it watches. @param fd whether that takes CAN FD frames, and no others. */
  constructor(found: CanInterface, rxId: CanId, prefix: number | undefined, fd: boolean) {
    this.#frameBytes = fd ? FrameBytesOf.FD : FrameBytesOf.CLASSIC;
    this.#fd = openDescriptor(CanProtocol.RAW);
    try {
      const filters = [exactFilter(rxId)];
      applyOptions(this.#fd, checkSocketOptions({ filters, errorMask: 0, ownFrames: false, fd }), found);
      const errno = attachSocketFilter(this.#fd, invalidFlow(prefix)) || bindCanSocket(this.#fd, found.index);
      if (errno !== 0)
        throw systemError({ errno, syscall: "setsockopt", path: found.name, wanted: "watch FlowControls" });
    } catch (error) {
      closeDescriptor(this.#fd);
      throw error;
    }
  }

  /** Whether one came since this was asked the last time. */
  sawInvalid(): boolean {
    let seen = false;
    for (;;) {
      const result = receiveCanMessage(this.#fd, this.#frame);
      // Nothing more; or the interface is gone, which others tell.
      if (result < 0) return seen;
      if (result === this.#frameBytes) seen = true;
    }
  }

  close(): void {
    closeDescriptor(this.#fd);
  }
}

/** The program of the filter: code, jt, jf, k. */
function invalidFlow(prefix: number | undefined): Uint32Array {
  const at = DATA + (prefix === undefined ? 0 : 1);
  const refuse = [Return, 0, 0, 0];
  return Uint32Array.from([
    ...(prefix === undefined ? [] : [Load, 0, 0, DATA, JumpIfEqual, 1, 0, prefix, ...refuse]),
    ...[Load, 0, 0, at],
    ...[JumpIfNotLess, 0, 2, FIRST_INVALID],
    ...[JumpIfGreater, 1, 0, LAST_INVALID],
    ...[Return, 0, 0, 0xffff_ffff],
    ...refuse,
  ]);
}
