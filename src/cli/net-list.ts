import { type LinkAddress, listAddresses, listNetInterfaces, type NetInterface } from "../ivshmem-net/index.js";
import { formatTable } from "./table.js";

/** The network interfaces between cells; the IP addresses are known of this machine only, not of a copied tree. */
export function formatNetListing(sysfsRoot: string | undefined, json: boolean): string {
  const interfaces = listNetInterfaces({ sysfsRoot }).map((found) => ({
    ...found,
    ipAddresses: sysfsRoot === undefined ? listAddresses(found.index) : [],
  }));
  if (json) return `${JSON.stringify({ interfaces })}\n`;
  if (interfaces.length === 0) return "No ivshmem device has the driver ivshmem-net.\n";
  return formatTable([["NAME", "PCI ADDRESS", "MAC ADDRESS", "MTU", "STATE", "IP ADDRESSES"], ...interfaces.map(row)]);
}

function row({
  name,
  pciAddress,
  address,
  mtu,
  up,
  carrier,
  ipAddresses,
}: NetInterface & { readonly ipAddresses: readonly LinkAddress[] }): readonly string[] {
  const state = carrier ? "up" : "no peer";
  const addresses = ipAddresses.map((found) => `${found.address}/${found.prefixLength}`).join(", ");
  return [name, pciAddress, address, String(mtu), up ? state : "down", addresses || "-"];
}
