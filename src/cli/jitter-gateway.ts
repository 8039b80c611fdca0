import { type CanBus, type CanNode, openCan } from "../can/index.js";
import { type Channel, type Link, openChannel } from "../channel/index.js";
import type { IvshmemDevice } from "../uio/index.js";
import { type JitterCanDefinition, jitterCanProtocol } from "./jitter-can-protocol.js";
import { JitterRoot } from "./jitter-root.js";

/** Addresses of the two Pis on the CAN bus. */
export const PI_A = 1;
export const PI_B = 2;

/** How long the inmate may take to answer a request that came over CAN; less than whoever asks waits for Pi A. */
const INMATE_TIMEOUT_MS = 3000;

/** What {@link JitterGateway} tells of one of its two links. */
export interface GatewayListener {
  up(link: Link): void;
  down(link: Link, reason: string): void;
}

/**
 * Pi A of the demo: takes the measurements of its inmate over shared memory and sends them on over CAN. A measurement of which
 * Pi B is not there to hear is not kept: it would be old when Pi B comes.
 */
export class JitterGateway {
  readonly root: JitterRoot;
  readonly channel: Channel<JitterCanDefinition>;
  readonly #node: CanNode;
  #run = 0;
  #forwarded = 0;
  #unsent = 0;

  constructor(device: IvshmemDevice, inmatePeer: number, bus: CanBus, listener: GatewayListener) {
    this.root = new JitterRoot(device, inmatePeer, {
      up: ({ epoch }) => {
        this.#run = epoch;
        listener.up(this.root.link);
      },
      down: ({ reason }) => listener.down(this.root.link, reason),
      measured: ({ unsent: _, ...measurement }) => {
        if (this.channel.status !== "open") return;
        const forwarded = { ...measurement, run: this.#run, takenNs: process.hrtime.bigint() };
        if (this.channel.trySend("measurement", forwarded)) this.#forwarded += 1;
        else this.#unsent += 1;
      },
    });
    this.#node = openCan(bus, { node: PI_A });
    this.channel = openChannel(this.#node.link(PI_B), jitterCanProtocol);
    this.channel.handle("clock", ({ number }) => ({ number, nowNs: process.hrtime.bigint() }));
    this.channel.handle("reset", (reset, { signal }) =>
      this.root.channel.request("reset", reset, { signal, timeoutMs: INMATE_TIMEOUT_MS }),
    );
    const { link } = this.channel;
    link.events.on("up", () => listener.up(link));
    link.events.on("down", ({ reason }) => listener.down(link, reason));
    const fail = (error: Error): void => this.root.fail(error);
    this.#node.events.on("error", fail).on("conflict", fail);
    link.events.on("error", fail);
    this.channel.events.on("mismatch", fail);
  }

  /** Measurements that went on to Pi B. */
  get forwarded(): number {
    return this.#forwarded;
  }

  /** Measurements that the bus was too slow for. */
  get unsent(): number {
    return this.#unsent;
  }

  /** Idempotent. The bus stays open. */
  close(): void {
    this.#node.close();
    this.root.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }
}
