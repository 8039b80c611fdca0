import type { Channel } from "../channel/index.js";
import type { JitterDefinition } from "./jitter-protocol.js";
import { JitterStatistics } from "./jitter-statistics.js";
import { PeriodicTimer } from "./periodic-timer.js";

/** The timer of Jailhouse's demo inmate fires at 10 Hz. */
const PERIOD_MS = 100;

/**
 * Jailhouse's demo inmate over a channel: measures the jitter of a timer and sends each measurement. The timer starts
 * when the root cell is there.
 */
export class JitterInmate {
  readonly #channel: Channel<JitterDefinition>;
  readonly #statistics = new JitterStatistics();
  readonly #timer = new PeriodicTimer(PERIOD_MS, (jitterNs) => this.#fired(jitterNs));
  #unsent = 0;

  constructor(channel: Channel<JitterDefinition>) {
    this.#channel = channel;
    channel.handle("reset", () => this.#statistics.reset());
    channel.handle("echo", (echo) => echo);
    channel.events.on("open", () => this.#timer.start());
    channel.events.on("close", () => this.#timer.stop());
  }

  #fired(jitterNs: number): void {
    const { lastTick: tick, minNs, maxNs } = this.#statistics.add(jitterNs);
    // An inmate with a timer to serve does not wait for the root cell: it counts what it could not send.
    const sent = this.#channel.trySend("measurement", { tick, unsent: this.#unsent, jitterNs, minNs, maxNs });
    if (!sent) this.#unsent += 1;
  }
}
