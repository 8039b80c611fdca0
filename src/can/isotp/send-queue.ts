import { Deadline } from "../../channel/wait.js";
import { ErrorCode, IntercellError } from "../../errors.js";
import type { IsoTpSendOptions } from "./endpoint.js";

/** A PDU that is to be sent, and whoever waits for that. */
export interface Sending {
  readonly pdu: Uint8Array;
  readonly functional: boolean;
  /** Ends the wait: with success if there is no reason. */
  settle(reason?: unknown): void;
}

/** The PDUs of one endpoint that wait for their turn, and the one that is being sent. */
export class SendQueue {
  readonly #limit: number;
  readonly #name: string;
  readonly #gaveUp: () => void;
  readonly #waiting: Sending[] = [];
  #current: Sending | undefined;

  /** @param gaveUp called when the caller of the PDU that is being sent waits no longer; there is no current one then. */
  constructor(limit: number, name: string, gaveUp: () => void) {
    this.#limit = limit;
    this.#name = name;
    this.#gaveUp = gaveUp;
  }

  get current(): Sending | undefined {
    return this.#current;
  }

  /** Puts a PDU at the end; settles once it was sent. */
  add(pdu: Uint8Array, options: IsoTpSendOptions): Promise<void> {
    return new Promise((resolve, reject) => {
      const busy = this.#current !== undefined || this.#waiting.length > 0;
      if (busy && this.#waiting.length >= this.#limit) {
        const message = `Cannot send on ${this.#name} as ${this.#limit} PDUs wait already: wait for some to be sent`;
        throw new IntercellError(ErrorCode.QUEUE_FULL, message);
      }
      if (options.signal?.aborted === true) {
        reject(options.signal.reason);
        return;
      }
      const sending: Sending = {
        pdu: pdu.slice(),
        functional: options.functional === true,
        settle: (reason) => {
          deadline.stop();
          if (reason === undefined) resolve();
          else reject(reason);
        },
      };
      this.#waiting.push(sending);
      const giveUp = (reason: unknown): void => {
        sending.settle(reason);
        this.#remove(sending);
      };
      const late = () => `${pdu.length} bytes were not sent on ${this.#name} within ${options.timeoutMs} ms`;
      const deadline = new Deadline(options, giveUp, late);
    });
  }

  /** Makes the first one the current one, if none is. */
  take(): Sending | undefined {
    this.#current ??= this.#waiting.shift();
    return this.#current;
  }

  /** The current one is done. */
  done(reason?: unknown): void {
    const current = this.#current;
    this.#current = undefined;
    current?.settle(reason);
  }

  /** Fails all. */
  fail(reason: unknown): void {
    this.done(reason);
    for (const sending of this.#waiting.splice(0)) sending.settle(reason);
  }

  #remove(sending: Sending): void {
    if (this.#current === sending) {
      this.#current = undefined;
      this.#gaveUp();
      return;
    }
    const index = this.#waiting.indexOf(sending);
    if (index >= 0) this.#waiting.splice(index, 1);
  }
}
