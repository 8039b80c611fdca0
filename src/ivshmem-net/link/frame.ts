import { CONTROL_BYTES } from "../../carried/control-frame.js";
import { LinkBreach, LinkFault } from "../../carried/fault.js";

/*
 *  0        3      4
 * +--------+------+------+
 * | length | type | body |
 * +--------+------+------+
 */

/** Bytes before the body of a frame: u24 length of the body, u8 type. */
export const FRAME_HEADER_BYTES = 4;

/** Longest data PDU over TCP: tag, cursor, and 64 KiB of the stream. */
export const MAX_TCP_PDU_BYTES = 5 + 65_536;

/** What a frame on a TCP connection carries. */
export const FrameType = { control: 1, data: 2 } as const;
export type FrameType = (typeof FrameType)[keyof typeof FrameType];

export function encodeFrame(type: FrameType, body: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(FRAME_HEADER_BYTES + body.length);
  new DataView(bytes.buffer).setUint32(0, body.length + type * 0x100_0000, true);
  bytes.set(body, FRAME_HEADER_BYTES);
  return bytes;
}

/** Takes a frame. Its bytes are not kept. @returns whether more are wanted. */
export type FrameSink = (type: FrameType, body: Uint8Array) => boolean;

/** Finds the frames in what comes over a connection, however it is cut. Keeps one frame at most. */
export class FrameSplitter {
  readonly #frame = new Uint8Array(FRAME_HEADER_BYTES + MAX_TCP_PDU_BYTES);
  /** Bytes of a frame of which the rest has not come. */
  #have = 0;

  /** Hands on the frames that end in `chunk`. @throws LinkBreach `record` for a length or type that cannot be. */
  push(chunk: Uint8Array, sink: FrameSink): void {
    let at = 0;
    while (at < chunk.length) {
      const fits = this.#have === 0 && chunk.length - at >= FRAME_HEADER_BYTES;
      const end = fits ? at + frameBytes(chunk, at) : Number.POSITIVE_INFINITY;
      if (end > chunk.length) {
        at += this.#gather(chunk, at);
        if (this.#have < FRAME_HEADER_BYTES || this.#have < frameBytes(this.#frame, 0)) continue;
        const frame = this.#frame.subarray(0, this.#have);
        this.#have = 0;
        if (!hand(frame, sink)) return;
      } else {
        const frame = chunk.subarray(at, end);
        at = end;
        if (!hand(frame, sink)) return;
      }
    }
  }

  /** Takes what belongs to the header, or to the rest of the frame; gives how much. */
  #gather(chunk: Uint8Array, at: number): number {
    const wanted = this.#have < FRAME_HEADER_BYTES ? FRAME_HEADER_BYTES : frameBytes(this.#frame, 0);
    const bytes = chunk.subarray(at, at + wanted - this.#have);
    this.#frame.set(bytes, this.#have);
    this.#have += bytes.length;
    // A header that cannot be is found before anything is kept for it.
    if (this.#have === FRAME_HEADER_BYTES) frameBytes(this.#frame, 0);
    return bytes.length;
  }
}

/** Whole length of the frame whose header is at `at`. @throws LinkBreach `record`. */
function frameBytes(bytes: Uint8Array, at: number): number {
  const [low = 0, middle = 0, high = 0, type = 0] = bytes.subarray(at, at + FRAME_HEADER_BYTES);
  const length = low + middle * 0x100 + high * 0x1_0000;
  const fits =
    (type === FrameType.control && length === CONTROL_BYTES) ||
    (type === FrameType.data && length > 0 && length <= MAX_TCP_PDU_BYTES);
  if (fits) return FRAME_HEADER_BYTES + length;
  const wanted = `type 1 with ${CONTROL_BYTES}, or 2 with 1 to ${MAX_TCP_PDU_BYTES}`;
  throw new LinkBreach(LinkFault.record, `A frame is of type ${type} with ${length} bytes, wanted ${wanted}`);
}

function hand(frame: Uint8Array, sink: FrameSink): boolean {
  return sink(frame[3] as FrameType, frame.subarray(FRAME_HEADER_BYTES));
}
