import { configureNetInterface, listAddresses, type NetInterfaceSettings, waitForPeer } from "../ivshmem-net/index.js";
import { describeLink } from "../netlink/list-links.js";

/** Sets up a network interface between cells, waits for the peer if it is told how long, and says what it is then. */
export async function changeNet(
  name: string,
  settings: NetInterfaceSettings,
  waitMs: number | undefined,
  json: boolean,
): Promise<string> {
  configureNetInterface(name, settings);
  if (waitMs !== undefined) await waitForPeer(name, { timeoutMs: waitMs });
  const { up, carrier, mtu, address } = describeLink(name);
  const ipAddresses = listAddresses(name);
  if (json) return `${JSON.stringify({ name, up, carrier, mtu, address, ipAddresses })}\n`;
  if (!up) return `${name} is down.\n`;
  return `${name} is up, ${carrier ? "and so is its peer" : "its peer is not"}: MAC address ${address}, MTU ${mtu}.\n`;
}
