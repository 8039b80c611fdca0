import { closeDescriptor } from "./descriptor.js";
import { closePoller, createPoller } from "./poller.js";
import type { Descriptor, Poller } from "./types.js";
import { acceptUnix, listenUnix } from "./unix-socket.js";

/** Takes the connections to a Unix socket in the abstract namespace, as the event loop finds them. */
export class Listener {
  readonly #descriptor: Descriptor;
  readonly #poller: Poller;
  #closed = false;

  /**
   * @param accepted owns the descriptor that it is given.
   * @throws IntercellError `EADDRINUSE` if the name is taken.
   */
  constructor(name: string, accepted: (descriptor: Descriptor) => void) {
    this.#descriptor = listenUnix(name);
    this.#poller = createPoller(this.#descriptor, { countBytes: 0 }, () => this.#acceptAll(accepted));
  }

  /** Idempotent; nobody is accepted afterwards. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    closePoller(this.#poller);
    closeDescriptor(this.#descriptor);
  }

  #acceptAll(accepted: (descriptor: Descriptor) => void): void {
    while (!this.#closed) {
      const descriptor = acceptUnix(this.#descriptor);
      if (descriptor === undefined) return;
      accepted(descriptor);
    }
  }
}
