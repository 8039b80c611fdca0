import type { TypedEmitter } from "../emitter.js";
import { ErrorCode, IntercellError } from "../errors.js";
import { createEmitter } from "./emitter.js";
import { type ChannelEvents, type ChannelStatus, channelEventNames } from "./events.js";
import type { LinkDown } from "./link.js";
import { Deadline, requireWaitOptions, type WaitOptions } from "./wait.js";

type Waiter = { resolve(): void; reject(reason: unknown): void };

/** In what state a channel is, who wants to know, and who waits for it to open. */
export class Lifecycle {
  readonly events: TypedEmitter<ChannelEvents>;
  readonly #label: string;
  readonly #describeLink: () => string;
  readonly #waiters = new Set<Waiter>();
  #status: ChannelStatus = "connecting";
  /** A session stands in which the channel was opened, though the peer may be away. */
  #stands = false;
  #mismatch: IntercellError | undefined;

  constructor(label: string, describeLink: () => string) {
    this.#label = label;
    this.#describeLink = describeLink;
    this.events = createEmitter<ChannelEvents>(label, channelEventNames);
  }

  get status(): ChannelStatus {
    return this.#status;
  }

  get closed(): boolean {
    return this.#status === "closed";
  }

  opened(): void {
    this.#status = "open";
    this.#stands = true;
    this.#mismatch = undefined;
    for (const waiter of [...this.#waiters]) waiter.resolve();
    this.events.emit("open");
  }

  lost(down: LinkDown): void {
    if (this.closed) return;
    const hadPeer = this.#stands || this.#mismatch !== undefined;
    this.#status = "connecting";
    this.#stands = this.#stands && down.resumable;
    this.#mismatch = undefined;
    // A link that is closed tells of it where there was nothing to lose.
    if (hadPeer || down.reason !== "closed") this.events.emit("lost", down);
  }

  mismatched(error: IntercellError): void {
    this.#status = "mismatched";
    this.#mismatch = error;
    this.#rejectAll(error);
    this.events.emit("mismatch", error);
  }

  close(error: IntercellError): void {
    this.#status = "closed";
    this.#rejectAll(error);
    this.events.emit("close");
  }

  report(error: IntercellError): void {
    this.events.emit("error", error);
  }

  /** The fault of doing something with a closed channel. */
  closedError(): IntercellError {
    return new IntercellError(ErrorCode.CLOSED, `${capitalised(this.#label)} is closed`);
  }

  async ready(options: WaitOptions): Promise<void> {
    requireWaitOptions("ready", options);
    options.signal?.throwIfAborted();
    if (this.#status === "open") return;
    if (this.closed) throw this.closedError();
    if (this.#mismatch !== undefined) throw this.#mismatch;
    await new Promise<void>((resolve, reject) => {
      const end = (): void => {
        this.#waiters.delete(waiter);
        deadline.stop();
      };
      const waiter: Waiter = {
        resolve: () => {
          end();
          resolve();
        },
        reject: (reason) => {
          end();
          reject(reason);
        },
      };
      const late = (): string => {
        const found = `${this.#label} did not open within ${options.timeoutMs} ms: ${this.#describeLink()}`;
        return `${capitalised(found)}; see that the peer runs and opens a channel of this name`;
      };
      const deadline = new Deadline(options, waiter.reject, late);
      this.#waiters.add(waiter);
    });
  }

  #rejectAll(reason: unknown): void {
    for (const waiter of [...this.#waiters]) waiter.reject(reason);
  }
}

function capitalised(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
