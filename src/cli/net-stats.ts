import { readNetStatistics } from "../ivshmem-net/index.js";
import { describeLink } from "../netlink/list-links.js";
import { formatTable } from "./table.js";

/** What the kernel counts of a network interface, and then what its driver does. */
export function formatNetStatistics(name: string, json: boolean): string {
  const { statistics } = describeLink(name);
  const { driver, bus, statistics: own } = readNetStatistics(name);
  if (json) return `${JSON.stringify({ name, driver, bus, statistics, driverStatistics: own })}\n`;
  const counts = (values: object) => Object.entries(values).map(([key, value]) => [key, String(value)]);
  return formatTable([["driver", driver], ["device", bus || "-"], ...counts(statistics ?? {}), ...counts(own)]);
}
