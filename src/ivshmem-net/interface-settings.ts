import { constants } from "node:os";
import { requireKnownKeys, systemError } from "../errors.js";
import { addAddress } from "../netlink/address.js";
import { describeLink } from "../netlink/list-links.js";
import { setLink } from "../netlink/set-link.js";

/** What to change of a network interface. What is not given stays as it is. */
export interface NetInterfaceSettings {
  /** False takes it down before, true takes it up after all else is set. */
  readonly up?: boolean | undefined;
  /**
   * Bytes; only while it is down. `ivshmem-net` has min(16384, a sixteenth of the section's room for packets) by default, and at
   * most min(65535, a quarter of it).
   */
  readonly mtu?: number | undefined;
  /** MAC address, such as `02:00:00:00:00:01`. */
  readonly address?: string | undefined;
  /** IP addresses to add, with their prefixes, such as `192.0.2.1/24`. */
  readonly ipAddresses?: readonly string[] | undefined;
}

/**
 * Sets up a network interface of `ivshmem-net`, or any other Ethernet interface. Needs CAP_NET_ADMIN. With `up` alone it gets an
 * IPv6 link-local address by itself, which is all that links over it need.
 *
 * @throws TypeError or RangeError for settings that make no sense.
 * @throws IntercellError `ERR_NOT_FOUND`, `EBUSY` for an MTU while it is up, or what else the kernel says.
 */
export function configureNetInterface(name: string, settings: NetInterfaceSettings): void {
  requireKnownKeys("configureNetInterface", settings, ["up", "mtu", "address", "ipAddresses"]);
  const { up, mtu, address, ipAddresses = [] } = settings;
  // Some drivers would take it, and lose packets of a peer that has another.
  if (mtu !== undefined && up !== false && describeLink(name).up) {
    throw systemError({
      errno: constants.errno.EBUSY,
      syscall: "RTM_NEWLINK",
      wanted: `change the MTU of ${name} while it is up`,
      path: name,
      advice: `Take it down first: intercell net down ${name}, or in a program { up: false }.`,
    });
  }
  setLink(name, { up, mtu, address });
  for (const ip of ipAddresses) addAddress(name, ip);
}
