import { openCarriedLink } from "../../carried/open.js";
import { NetCarrier } from "./carrier.js";
import { NetLink } from "./link.js";
import { checkNetOptions, type NetLinkOptions } from "./options.js";

/**
 * Opens the link to the cell at the other end of a network interface: typed channels over TCP, their latest values and broadcasts
 * over UDP. It comes up once the interface has its address and the peer is there, and again each time that either was
 * gone; {@link NetLink.ready} waits for it.
 *
 * @param interfaceName - The own interface, such as `eth1`: of the driver ivshmem-net, a TAP of `attachTap()`, or any other.
 * @throws TypeError or RangeError for the options; IntercellError `ERR_NOT_FOUND` if there is no such interface.
 */
export function openNetLink(interfaceName: string, options: NetLinkOptions): NetLink {
  const checked = checkNetOptions(interfaceName, options);
  const { windowBytes, heartbeatMs, stallMs } = options;
  const carried = {
    ...(windowBytes === undefined ? {} : { windowBytes }),
    ...(heartbeatMs === undefined ? {} : { heartbeatMs }),
    ...(stallMs === undefined ? {} : { stallMs }),
  };
  return openCarriedLink((host) => new NetLink(host, new NetCarrier(checked)), carried);
}
