import { CarriedLink } from "../../carried/link.js";
import type { LinkHost } from "../../carried/link-host.js";
import type { NetCarrier } from "./carrier.js";
import type { NetLinkStatistics } from "./statistics.js";

/** A link to the cell at the other end of a network interface, over TCP and UDP. Made by {@link openNetLink}. */
export class NetLink extends CarriedLink {
  readonly #carrier: NetCarrier;

  /** @internal */
  constructor(host: LinkHost, carrier: NetCarrier) {
    super(host, carrier);
    this.#carrier = carrier;
  }

  override get statistics(): NetLinkStatistics {
    return { ...super.statistics, ...this.#carrier.counters };
  }

  /** @internal Ends without a word to the peer, as a process does that is killed. */
  override abandon(): void {
    this.#carrier.destroy();
    super.abandon();
  }
}
