import { throwLater } from "../channel/emitter.js";

/** Told of each frame that is sent or has arrived, at the time it is; the bytes are valid during the call. */
export type FrameObserver = (direction: "in" | "out", bytes: Uint8Array, offset: number, length: number) => void;

/** Those that look on. One that throws is an uncaught exception and stops nothing else. */
export class FrameObservers {
  readonly #observers = new Set<FrameObserver>();

  add(observer: FrameObserver): () => void {
    // Of its own, so that one observer may be there twice.
    const own: FrameObserver = (...frame) => observer(...frame);
    this.#observers.add(own);
    return () => this.#observers.delete(own);
  }

  show(direction: "in" | "out", bytes: Uint8Array, offset: number, length: number): void {
    for (const observer of this.#observers) {
      try {
        observer(direction, bytes, offset, length);
      } catch (error) {
        throwLater(error);
      }
    }
  }
}
