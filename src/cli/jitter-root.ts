import { type Channel, type Link, type LinkDown, type LinkUp, openChannel } from "../channel/index.js";
import { ErrorCode, IntercellError } from "../errors.js";
import type { Infer } from "../schema/index.js";
import { openShm, type ShmNode } from "../shm/index.js";
import type { IvshmemDevice } from "../uio/index.js";
import { type JitterDefinition, jitterProtocol, type Measurement } from "./jitter-protocol.js";
import { TickCount } from "./tick-count.js";

/** Whom {@link JitterRoot} tells. */
export interface JitterListener {
  measured(measurement: Infer<typeof Measurement>): void;
  up(up: LinkUp): void;
  down(down: LinkDown): void;
}

/** A wait of {@link JitterRoot.until}. */
export interface UntilOptions {
  readonly signal: AbortSignal;
  /** @defaultValue no limit */
  readonly timeoutMs?: number | undefined;
}

/** The root cell's side of the jitter demo: takes the measurements of one inmate and counts its ticks. */
export class JitterRoot {
  readonly channel: Channel<JitterDefinition>;
  readonly link: Link;
  readonly ticks = new TickCount();
  readonly #node: ShmNode;
  readonly #watchers = new Set<() => void>();
  #fault: Error | undefined;
  #unsent = 0;
  #closed = false;

  constructor(device: IvshmemDevice, inmatePeer: number, listener: JitterListener) {
    this.#node = openShm(device);
    this.link = this.#node.link(inmatePeer);
    this.channel = openChannel(this.link, jitterProtocol);
    this.#node.events.on("error", (error) => this.fail(error));
    this.channel.events.on("error", (error) => this.fail(error));
    this.channel.events.on("mismatch", (error) => this.fail(error));
    this.channel.events.on("open", () => this.#look());
    this.link.events.on("error", (error) => this.fail(error));
    this.link.events.on("up", (up) => {
      if (!up.resumed) this.ticks.begin();
      listener.up(up);
      this.#look();
    });
    this.link.events.on("down", (down) => {
      if (this.#closed) return;
      listener.down(down);
      this.#look();
    });
    this.channel.messages.on("measurement", (measurement) => {
      this.ticks.add(measurement.tick);
      this.#unsent = Math.max(this.#unsent, measurement.unsent);
      listener.measured(measurement);
      this.#look();
    });
  }

  /** Most measurements that one run of the inmate had to drop, by its own account. */
  get unsent(): number {
    return this.#unsent;
  }

  /** Ends all waits with this error, those to come too. */
  fail(error: Error): void {
    this.#fault ??= error;
    this.#look();
  }

  /**
   * Resolves once `holds` is true, which is looked at whenever something happened on the link.
   *
   * @param wanted for the message of an `ERR_TIMEOUT`, such as `"5 measurements"`.
   */
  async until(wanted: string, holds: () => boolean, { signal, timeoutMs }: UntilOptions): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      const end = (settle: () => void) => {
        clearTimeout(timer);
        signal.removeEventListener("abort", look);
        this.#watchers.delete(look);
        settle();
      };
      const look = () => {
        if (signal.aborted) end(() => reject(signal.reason));
        else if (this.#fault !== undefined) end(() => reject(this.#fault));
        else if (holds()) end(resolve);
      };
      const late = () => end(() => reject(this.#tooLate(wanted, timeoutMs)));
      const timer = timeoutMs === undefined ? undefined : setTimeout(late, timeoutMs);
      signal.addEventListener("abort", look);
      this.#watchers.add(look);
      look();
    });
  }

  /** Waits for more measurements. */
  async measurements(count: number, wait: UntilOptions): Promise<void> {
    const goal = this.ticks.messages + count;
    await this.until(`${count} measurements`, () => this.ticks.messages >= goal, wait);
  }

  /** Idempotent. */
  close(): void {
    this.#closed = true;
    this.#node.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  #look(): void {
    for (const look of [...this.#watchers]) look();
  }

  #tooLate(wanted: string, timeoutMs: number | undefined): IntercellError {
    const found = `the link is ${this.link.status}, the channel ${this.channel.status}, ${this.ticks.messages} measurements came`;
    return new IntercellError(ErrorCode.TIMEOUT, `Waited ${timeoutMs} ms for ${wanted}: ${found}`);
  }
}
