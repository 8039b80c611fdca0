import { CarriedLink } from "../../carried/link.js";
import type { LinkHost } from "../../carried/link-host.js";
import type { CanCarrier } from "./carrier.js";

/** A link to one node over a CAN bus. */
export class CanLink extends CarriedLink {
  /** The node at the other end. */
  readonly peer: number;

  /** @internal Made by CanNode.link. */
  constructor(host: LinkHost, carrier: CanCarrier, peer: number) {
    super(host, carrier);
    this.peer = peer;
  }
}
