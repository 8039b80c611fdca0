import type { FramePort } from "../../../src/ivshmem-net/ethernet/frame-port.js";
import { FrameBatch } from "../../../src/ivshmem-net/frame-batch.js";
import type { FrameListener } from "../../../src/ivshmem-net/inbox.js";

/** What becomes of one frame: how often it arrives. */
export type Fate = () => number;

/** A port on which frames get lost, or arrive twice, in either direction. */
export class TroubledPort implements FramePort {
  readonly #port: FramePort;
  readonly #fate: Fate;
  /** Nothing of what is sent arrives. */
  muted = false;

  constructor(port: FramePort, fate: Fate = () => 1) {
    this.#port = port;
    this.#fate = fate;
  }

  get name(): string {
    return this.#port.name;
  }

  get mtu(): number {
    return this.#port.mtu;
  }

  get up(): boolean {
    return this.#port.up;
  }

  get closed(): boolean {
    return this.#port.closed;
  }

  get events(): FramePort["events"] {
    return this.#port.events;
  }

  trySend(frame: Uint8Array): boolean {
    if (this.muted) return true;
    for (let times = this.#fate(); times > 0; times--) if (!this.#port.trySend(frame)) return false;
    return true;
  }

  onFrames(listener: FrameListener): () => void {
    return this.#port.onFrames((batch) => {
      const shown = new FrameBatch(batch.maxFrameBytes);
      for (let index = 0; index < batch.count; index++) {
        for (let times = this.#fate(); times > 0 && !shown.full; times--) {
          shown.append(batch.bytes, batch.offset(index), batch.length(index));
        }
      }
      listener(shown);
    });
  }

  close(): void {
    this.#port.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }
}
