import { type Channel, type Link, type LinkDown, type LinkUp, openChannel } from "../channel/index.js";
import type { Infer } from "../schema/index.js";
import { openShm, type ShmNode } from "../shm/index.js";
import type { IvshmemDevice } from "../uio/index.js";
import { type JitterDefinition, jitterProtocol, type Measurement } from "./jitter-protocol.js";
import { TickCount } from "./tick-count.js";
import { type UntilOptions, Watched } from "./watched.js";

/** Whom {@link JitterRoot} tells. */
export interface JitterListener {
  measured(measurement: Infer<typeof Measurement>): void;
  up(up: LinkUp): void;
  down(down: LinkDown): void;
}

/** The root cell's side of the jitter demo: takes the measurements of one inmate and counts its ticks. */
export class JitterRoot {
  readonly channel: Channel<JitterDefinition>;
  readonly link: Link;
  readonly ticks = new TickCount();
  readonly #node: ShmNode;
  readonly #watched = new Watched(() => this.#describe());
  #unsent = 0;
  #closed = false;

  constructor(device: IvshmemDevice, inmatePeer: number, listener: JitterListener) {
    this.#node = openShm(device);
    this.link = this.#node.link(inmatePeer);
    this.channel = openChannel(this.link, jitterProtocol);
    this.#node.events.on("error", (error) => this.fail(error));
    this.channel.events.on("error", (error) => this.fail(error));
    this.channel.events.on("mismatch", (error) => this.fail(error));
    this.channel.events.on("open", () => this.#watched.look());
    this.link.events.on("error", (error) => this.fail(error));
    this.link.events.on("up", (up) => {
      if (!up.resumed) this.ticks.begin();
      listener.up(up);
      this.#watched.look();
    });
    this.link.events.on("down", (down) => {
      if (this.#closed) return;
      listener.down(down);
      this.#watched.look();
    });
    this.channel.messages.on("measurement", (measurement) => {
      this.ticks.add(measurement.tick);
      this.#unsent = Math.max(this.#unsent, measurement.unsent);
      listener.measured(measurement);
      this.#watched.look();
    });
  }

  /** Most measurements that one run of the inmate had to drop, by its own account. */
  get unsent(): number {
    return this.#unsent;
  }

  /** Ends all waits with this error, those to come too. */
  fail(error: Error): void {
    this.#watched.fail(error);
  }

  /** As {@link Watched.until}: looks whenever something happened on the link. */
  async until(wanted: string, holds: () => boolean, wait: UntilOptions): Promise<void> {
    await this.#watched.until(wanted, holds, wait);
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

  #describe(): string {
    return `the link is ${this.link.status}, the channel ${this.channel.status}, ${this.ticks.messages} measurements came`;
  }
}
