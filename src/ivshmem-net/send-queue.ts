import { Deadline, type WaitOptions } from "../channel/wait.js";
import { ErrorCode, IntercellError } from "../errors.js";

/** Most sends that wait for room at once. */
export const MAX_WAITING_SENDS = 1024;

interface WaitingSend {
  readonly frame: Uint8Array;
  settle(error?: unknown): void;
}

/** Sends that wait for room in the ring, in the order of their calls. */
export class SendQueue {
  readonly #waiting: WaitingSend[] = [];
  readonly #name: string;

  /** @param name of the device, for messages. */
  constructor(name: string) {
    this.#name = name;
  }

  get length(): number {
    return this.#waiting.length;
  }

  /** Resolves once `frame` was sent by {@link drain}. */
  wait(frame: Uint8Array, options: WaitOptions): Promise<void> {
    const { signal, timeoutMs } = options;
    if (signal?.aborted === true) return Promise.reject(signal.reason);
    if (this.#waiting.length >= MAX_WAITING_SENDS) {
      const message = `${MAX_WAITING_SENDS} frames wait to be sent on ${this.#name}; await each send before the next`;
      return Promise.reject(new IntercellError(ErrorCode.QUEUE_FULL, message));
    }
    return new Promise((resolve, reject) => {
      const entry: WaitingSend = {
        frame,
        settle: (error) => {
          deadline.stop();
          if (error === undefined) resolve();
          else reject(error);
        },
      };
      const giveUp = (reason: unknown) => {
        this.#waiting.splice(this.#waiting.indexOf(entry), 1);
        entry.settle(reason);
      };
      const late = () => `There was no room for a frame on ${this.#name} within ${timeoutMs} ms: its peer takes none`;
      const deadline = new Deadline(options, giveUp, late);
      this.#waiting.push(entry);
    });
  }

  /** Sends what waits for as long as `send` returns true. */
  drain(send: (frame: Uint8Array) => boolean): void {
    for (let first = this.#waiting[0]; first !== undefined; first = this.#waiting[0]) {
      if (!send(first.frame)) return;
      this.#waiting.shift();
      first.settle();
    }
  }

  /** Rejects all that waits. */
  fail(error: IntercellError): void {
    for (const each of this.#waiting.splice(0)) each.settle(error);
  }
}
