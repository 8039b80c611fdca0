import { Deadline } from "../channel/wait.js";

/** A wait of {@link Watched.until}. */
export interface UntilOptions {
  readonly signal: AbortSignal;
  /** @defaultValue no limit */
  readonly timeoutMs?: number | undefined;
}

/** Lets others wait until something that is told by events holds. */
export class Watched {
  readonly #describe: () => string;
  readonly #watchers = new Set<() => void>();
  #fault: Error | undefined;

  /** @param describe what there is at the moment, for the message of an `ERR_TIMEOUT`. */
  constructor(describe: () => string) {
    this.#describe = describe;
  }

  /** Something happened: what is waited for may hold now. */
  look(): void {
    for (const look of [...this.#watchers]) look();
  }

  /** Ends all waits with this error, those to come too. */
  fail(error: Error): void {
    this.#fault ??= error;
    this.look();
  }

  /**
   * Resolves once `holds` is true, which is looked at whenever something happened.
   *
   * @param wanted for the message of an `ERR_TIMEOUT`, such as `"5 measurements"`.
   */
  async until(wanted: string, holds: () => boolean, { signal, timeoutMs }: UntilOptions): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      const end = (settle: () => void) => {
        deadline.stop();
        signal.removeEventListener("abort", look);
        this.#watchers.delete(look);
        settle();
      };
      const look = () => {
        if (signal.aborted) end(() => reject(signal.reason));
        else if (this.#fault !== undefined) end(() => reject(this.#fault));
        else if (holds()) end(resolve);
      };
      const late = () => `Waited ${timeoutMs} ms for ${wanted}: ${this.#describe()}`;
      const deadline = new Deadline({ timeoutMs }, (reason) => end(() => reject(reason)), late);
      signal.addEventListener("abort", look);
      this.#watchers.add(look);
      look();
    });
  }
}
