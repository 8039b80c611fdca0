import { whenAborted } from "../../channel/abort.js";
import { throwLater } from "../../channel/emitter.js";
import { ErrorCode, IntercellError } from "../../errors.js";
import type { IsoTpSubscription } from "./endpoint.js";

interface Waiting {
  readonly resolve: (result: IteratorResult<Uint8Array, undefined>) => void;
  readonly reject: (reason: unknown) => void;
}

/** The PDUs of one endpoint on their way to its one reader, be that an iteration or a listener. */
export class PduQueue {
  readonly #limit: number;
  readonly #name: string;
  readonly #roomChanged: () => void;
  readonly #pdus: Uint8Array[] = [];
  readonly #waiting: Waiting[] = [];
  #listener: ((pdu: Uint8Array) => void) | undefined;
  #reading = false;
  #end: { error?: unknown } | undefined;

  /** @param roomChanged called when something was taken out. */
  constructor(limit: number, name: string, roomChanged: () => void) {
    this.#limit = limit;
    this.#name = name;
    this.#roomChanged = roomChanged;
  }

  get hasRoom(): boolean {
    return this.#listener !== undefined || this.#waiting.length > 0 || this.#pdus.length < this.#limit;
  }

  push(pdu: Uint8Array): void {
    const waiting = this.#waiting.shift();
    if (waiting !== undefined) waiting.resolve({ done: false, value: pdu });
    else {
      this.#pdus.push(pdu);
      this.#handOut();
    }
  }

  listen(listener: (pdu: Uint8Array) => void): IsoTpSubscription {
    if (typeof listener !== "function") throw new TypeError("The listener of an ISO-TP endpoint must be a function");
    if (this.#end !== undefined) {
      throw new IntercellError(ErrorCode.CLOSED, `The ISO-TP endpoint ${this.#name} is closed; open it again`);
    }
    this.#requireFree();
    this.#listener = listener;
    this.#handOut();
    this.#roomChanged();
    const close = (): void => {
      if (this.#listener === listener) this.#listener = undefined;
    };
    return { close, [Symbol.dispose]: close };
  }

  read(signal: AbortSignal | undefined): AsyncIterableIterator<Uint8Array> {
    this.#requireFree();
    this.#reading = true;
    let over: { error?: unknown } | undefined;
    const finish = (end: { error?: unknown }): void => {
      if (over !== undefined) return;
      over = end;
      this.#reading = false;
      unwatch?.();
      for (const waiting of this.#waiting.splice(0)) settle(waiting, end);
    };
    const abort = (): void => finish({ error: signal?.reason });
    const unwatch = signal === undefined || signal.aborted ? undefined : whenAborted(signal, abort);
    if (signal?.aborted === true) abort();
    return {
      next: () =>
        new Promise((resolve, reject) => {
          const waiting = { resolve, reject };
          const pdu = over === undefined ? this.#pdus.shift() : undefined;
          if (pdu !== undefined) {
            resolve({ done: false, value: pdu });
            this.#roomChanged();
          } else if (over !== undefined) settle(waiting, over);
          else if (this.#end !== undefined) settle(waiting, this.#end);
          else this.#waiting.push(waiting);
        }),
      return: () => {
        finish({});
        return Promise.resolve({ done: true, value: undefined });
      },
      [Symbol.asyncIterator]() {
        return this;
      },
    };
  }

  /** What waits can still be read; then the iteration ends, or throws the error. */
  end(error?: unknown): void {
    if (this.#end !== undefined) return;
    this.#end = error === undefined ? {} : { error };
    this.#listener = undefined;
    for (const waiting of this.#waiting.splice(0)) settle(waiting, this.#end);
  }

  /** What a listener throws, the process gets; what it does not take as it was taken back meanwhile, the next reader gets. */
  #handOut(): void {
    while (this.#listener !== undefined) {
      const pdu = this.#pdus.shift();
      if (pdu === undefined) return;
      try {
        this.#listener(pdu);
      } catch (error) {
        throwLater(error);
      }
    }
  }

  #requireFree(): void {
    if (!this.#reading && this.#listener === undefined) return;
    const message = `The ISO-TP endpoint ${this.#name} has a reader already: end that one first`;
    throw new IntercellError(ErrorCode.IN_USE, message);
  }
}

/** An error is thrown once; after it the iteration is over. */
function settle({ resolve, reject }: Waiting, end: { error?: unknown }): void {
  const { error } = end;
  delete end.error;
  if (error === undefined) resolve({ done: true, value: undefined });
  else reject(error);
}
