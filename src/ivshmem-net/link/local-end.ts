import { BlockList, isIP } from "node:net";
import { isIntercellError } from "../../errors.js";
import { type LinkAddress, listAddresses } from "../../netlink/address.js";

/** All nodes of a link (RFC 4291, section 2.7.1). */
const ALL_NODES = "ff02::1";

/** The own address that a link is bound to. */
export interface LocalEnd {
  readonly family: 4 | 6;
  /** Number of the interface, which changes if it goes and comes back. */
  readonly linkIndex: number;
  /** Without a zone. */
  readonly address: string;
  /** As Node's sockets take it. */
  readonly host: string;
  /** Where all nodes of the link hear, as Node's sockets take it; undefined if the address means something beyond the link. */
  readonly allNodes: string | undefined;
  readonly prefixLength: number;
}

/**
 * The address of an interface that a link is bound to: `wanted`, or the IPv6 link-local one. Undefined while it has none that can be
 * used, or is gone.
 */
export function findLocalEnd(interfaceName: string, wanted: string | undefined): LocalEnd | undefined {
  const fits = (found: LinkAddress): boolean =>
    wanted === undefined ? found.family === 6 && found.linkLocal : found.address === wanted;
  const found = addressesOf(interfaceName).find((address) => fits(address) && !address.tentative && !address.duplicate);
  if (found === undefined) return undefined;
  const { family, linkIndex, address, prefixLength } = found;
  const allNodes = isZoned(address) ? `${ALL_NODES}%${interfaceName}` : undefined;
  return { family, linkIndex, address, prefixLength, host: hostOf(address, interfaceName), allNodes };
}

export function isSameEnd(one: LocalEnd | undefined, other: LocalEnd | undefined): boolean {
  return one?.address === other?.address && one?.linkIndex === other?.linkIndex;
}

/** An address as Node's sockets take it: with its zone, if it needs one. */
export function hostOf(address: string, interfaceName: string): string {
  return isZoned(address) ? `${address}%${interfaceName}` : address;
}

/** What Node calls an address, without its zone. */
export function bareAddress(host: string): string {
  return host.replace(/%.*$/, "").replace(/^::ffff:(?=\d+\.)/, "");
}

/** Whether a peer may be on the link that the local end is on, by its address. */
export function isNeighbour(end: LocalEnd, address: string): boolean {
  const family = isIP(address);
  if (family !== end.family) return false;
  const type = family === 6 ? "ipv6" : "ipv4";
  const subnet = new BlockList();
  subnet.addSubnet(end.address, end.prefixLength, type);
  return subnet.check(address, type);
}

/** Whether an address means something on one link alone: fe80::/10 (RFC 4291, section 2.5.6). */
function isZoned(address: string): boolean {
  return /^fe[89ab]/i.test(address);
}

function addressesOf(interfaceName: string): readonly LinkAddress[] {
  try {
    return listAddresses(interfaceName);
  } catch (error) {
    if (isIntercellError(error, "ERR_NOT_FOUND")) return [];
    throw error;
  }
}
