import type { Port } from "./link.js";
import type { Outbox } from "./outbox.js";
import { Deadline, requireWaitOptions, type WaitOptions } from "./wait.js";

/** Milliseconds between two looks at what the peer has taken: doubled from the first to the second. */
const FIRST_LOOK_MS = 1;
const LAST_LOOK_MS = 16;

/** Waits until the peer has taken all that was sent. Looks from time to time, as an acknowledgement wakes nobody. */
export class Drain {
  readonly #port: Port;
  readonly #outbox: Outbox;
  readonly #label: string;
  readonly #rejects = new Set<(reason: unknown) => void>();

  constructor(port: Port, outbox: Outbox, label: string) {
    this.#port = port;
    this.#outbox = outbox;
    this.#label = label;
  }

  async wait(options: WaitOptions): Promise<void> {
    requireWaitOptions("drain", options);
    options.signal?.throwIfAborted();
    this.#port.flush();
    if (this.#done) return;
    await new Promise<void>((resolve, reject) => {
      let timer: NodeJS.Timeout | undefined;
      const end = (): void => {
        clearTimeout(timer);
        deadline.stop();
        this.#rejects.delete(fail);
      };
      const fail = (reason: unknown): void => {
        end();
        reject(reason);
      };
      const look = (delayMs: number): void => {
        if (this.#done) {
          end();
          resolve();
        } else timer = setTimeout(look, delayMs, Math.min(delayMs * 2, LAST_LOOK_MS));
      };
      const late = (): string => {
        const left = `${this.#port.unacknowledgedBytes} bytes and ${this.#outbox.length} waiting sends`;
        const wanted = `take all that was sent on ${this.#label} within ${options.timeoutMs} ms`;
        return `The peer did not ${wanted}: ${left} are left`;
      };
      const deadline = new Deadline(options, fail, late);
      this.#rejects.add(fail);
      look(FIRST_LOOK_MS);
    });
  }

  /** What was sent is lost. */
  fail(reason: unknown): void {
    for (const reject of [...this.#rejects]) reject(reason);
  }

  get #done(): boolean {
    return this.#outbox.length === 0 && this.#port.unacknowledgedBytes === 0;
  }
}
