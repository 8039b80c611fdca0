import { MAX_CLASSIC_LENGTH, MAX_FD_LENGTH, MAX_XL_LENGTH } from "./dlc.js";
import type { CanFrame } from "./frame.js";
import { isCanId } from "./id.js";

/** Which kinds of frames beside the classic ones a bus carries. */
export interface Carriage {
  /** Of the bus, for messages. */
  readonly name: string;
  readonly fd: boolean;
  readonly xl: boolean;
}

/** Most data bytes of each kind of frame. */
const longest: Readonly<Record<CanFrame["kind"], number>> = {
  data: MAX_CLASSIC_LENGTH,
  remote: 0,
  error: MAX_CLASSIC_LENGTH,
  fd: MAX_FD_LENGTH,
  xl: MAX_XL_LENGTH,
};

/**
 * Holds a frame that is to be sent against what a bus carries, as it may have been made by hand.
 *
 * @throws TypeError if it is no frame, RangeError if the bus does not carry it.
 */
export function requireCarried({ name, fd, xl }: Carriage, frame: CanFrame): void {
  const most = longest[frame.kind];
  if (most === undefined) throw new TypeError(`A CAN frame of kind ${JSON.stringify(frame.kind)} is none`);
  if (frame.kind === "fd" && !fd) {
    throw new RangeError(`Cannot send a CAN FD frame on ${name}, which takes classic frames only: see its fd`);
  }
  if (frame.kind === "xl" && !xl) throw new RangeError(`Cannot send a CAN XL frame on ${name}, which takes none`);
  if ("id" in frame && !isCanId(frame.id)) {
    throw new RangeError(`A frame's id is made by standardId() or extendedId(), which do not give ${frame.id}`);
  }
  if (frame.kind === "remote") return;
  if (!(frame.data instanceof Uint8Array)) throw new TypeError("The data of a CAN frame is a Uint8Array");
  if (frame.data.length > most) {
    throw new RangeError(
      `A CAN frame of kind "${frame.kind}" has at most ${most} data bytes, not ${frame.data.length}`,
    );
  }
}
