import { addon, checked } from "./addon.js";

interface Addon {
  readEthtool(name: string): DriverInfo | number;
}

/** What the driver of a network interface says of itself (`ETHTOOL_GDRVINFO`) and counts (`ETHTOOL_GSTATS`). */
export interface DriverInfo {
  readonly driver: string;
  readonly version: string;
  /** Address on its bus, such as `0001:00:01.0`; empty if it has none. */
  readonly bus: string;
  /** The driver's own counters, by the driver's names for them; u53. */
  readonly statistics: Readonly<Record<string, number>>;
}

/**
 * Asks the driver of a network interface for its name and counters.
 *
 * @throws IntercellError `ENODEV` if there is no such interface, `ENOTSUP` if its driver tells nothing.
 */
export function readEthtool(name: string): DriverInfo {
  return checked(addon<Addon>().readEthtool(name), {
    syscall: "ioctl",
    path: name,
    wanted: "ask the driver of the network interface",
  });
}
