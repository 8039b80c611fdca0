import type { TypedEmitter } from "../../emitter.js";
import type { IntercellError } from "../../errors.js";
import type { FrameListener } from "../inbox.js";

/** What a {@link FramePort} reports at least. */
export type FramePortEvents = {
  /** Frames flow. */
  up: () => void;
  /** Something was wrong with it; if it was for good, `close` follows. */
  error: (error: IntercellError) => void;
  close: () => void;
};

/**
 * Where Ethernet frames go in and out: a packet socket on an interface of the kernel, or an endpoint in user space. Frames may be
 * lost on the way.
 */
export interface FramePort extends Disposable {
  /** Shown in messages. */
  readonly name: string;
  /** Longest payload of a frame in bytes. */
  readonly mtu: number;
  /** Frames can reach the peer. */
  readonly up: boolean;
  readonly closed: boolean;
  readonly events: TypedEmitter<FramePortEvents>;
  /**
   * Sends a frame, from the destination address to the end of the payload.
   *
   * @returns false if it was dropped, as the port is not up or there is no room; it is counted.
   */
  trySend(frame: Uint8Array): boolean;
  /** Calls `listener` with each batch of frames that arrives; gives the function that takes this back. */
  onFrames(listener: FrameListener): () => void;
  close(): void;
}
