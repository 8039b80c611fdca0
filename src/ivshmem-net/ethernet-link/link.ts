import { CarriedLink } from "../../carried/link.js";
import type { LinkHost } from "../../carried/link-host.js";
import type { CarriedLinkStatistics } from "../../carried/statistics.js";
import type { SessionStatistics } from "../reliable/statistics.js";
import type { EthernetCarrier } from "./carrier.js";

/** Counters of an {@link EthernetLink}; all u53. */
export interface EthernetLinkStatistics extends CarriedLinkStatistics {
  /** Those of the layer that repeats frames. */
  readonly frames: SessionStatistics & {
    /** Frames of this type for another station, or of another than the peer that was named. */
    readonly strangers: number;
    /** Broadcasts that found no room in time; the peer counts them as missed. */
    readonly droppedBroadcasts: number;
  };
}

/** A link to the other end of a network in frames of its own type, past all IP. Made by {@link openEthernetLink}. */
export class EthernetLink extends CarriedLink {
  readonly #carrier: EthernetCarrier;

  /** @internal */
  constructor(host: LinkHost, carrier: EthernetCarrier) {
    super(host, carrier);
    this.#carrier = carrier;
  }

  override get statistics(): EthernetLinkStatistics {
    return { ...super.statistics, frames: this.#carrier.statistics };
  }

  /** @internal Ends without a word to the peer, as a process does that is killed. */
  override abandon(): void {
    this.#carrier.destroy();
    super.abandon();
  }
}
