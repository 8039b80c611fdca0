import { isIP, SocketAddress } from "node:net";
import { CARRIED_OPTION_KEYS, type CarriedLinkOptions, requireMs } from "../../carried/options.js";
import { requireKnownKeys } from "../../errors.js";
import { describeLink } from "../../netlink/list-links.js";
import { DATAGRAM_LIMITS } from "./datagram.js";

/** Where a link listens, or is listened to, unless a program says otherwise. */
export const DEFAULT_PORT = 16_646;

/** Bytes of the IPv6 and UDP headers. */
const HEADERS_BYTES = 40 + 8;

/** Which side waits for the other's connection. */
export type NetRole = "listen" | "connect";

export interface NetLinkOptions extends CarriedLinkOptions {
  /** One side listens, the other connects. */
  readonly role: NetRole;
  /** TCP and UDP port of the side that listens, 1 to 65535; the same on both. @defaultValue 16646 */
  readonly port?: number;
  /**
   * Address of the own interface to be bound to, IPv4 or IPv6, without a zone.
   * @defaultValue its IPv6 link-local address
   */
  readonly localAddress?: string;
  /**
   * Address of the peer, IPv4 or IPv6, without a zone; a side that listens takes connections from it alone.
   * @defaultValue with a link-local `localAddress`, whoever answers on the link; a side that listens takes its subnet
   */
  readonly peerAddress?: string;
  /**
   * Bytes of the longest datagram, 128 to 65487: it bounds latest values (24 less) and broadcasts (20 less). One longer than the
   * MTU allows travels in fragments.
   * @defaultValue what fits one packet of the interface
   */
  readonly maxDatagramBytes?: number;
}

const OPTION_KEYS = [...CARRIED_OPTION_KEYS, ...["role", "port", "localAddress", "peerAddress", "maxDatagramBytes"]];

export interface CheckedNetOptions {
  readonly interfaceName: string;
  readonly role: NetRole;
  readonly port: number;
  readonly localAddress: string | undefined;
  readonly peerAddress: string | undefined;
  readonly maxDatagramBytes: number;
  readonly stallMs: number;
}

/** @throws TypeError, RangeError; IntercellError `ERR_NOT_FOUND` if there is no such interface. */
export function checkNetOptions(interfaceName: string, options: NetLinkOptions): CheckedNetOptions {
  requireKnownKeys("openNetLink", options, OPTION_KEYS);
  const { role, port = DEFAULT_PORT, stallMs = 1000 } = options;
  if (role !== "listen" && role !== "connect") {
    throw new TypeError(`The option role is "listen" or "connect", not ${JSON.stringify(role)}`);
  }
  requireInteger("port", port, 1, 0xffff);
  const localAddress = canonical(options.localAddress);
  const peerAddress = canonical(options.peerAddress);
  if (role === "connect" && peerAddress === undefined && !isLinkLocal(localAddress)) {
    throw new TypeError("The option peerAddress is needed to connect, unless localAddress is IPv6 link-local");
  }
  if (peerAddress !== undefined && isIP(peerAddress) !== (localAddress === undefined ? 6 : isIP(localAddress))) {
    throw new TypeError("The options localAddress and peerAddress are of one family; without the first it is IPv6");
  }
  const { mtu } = describeLink(interfaceName);
  const fits = Math.max(DATAGRAM_LIMITS.least, Math.min(DATAGRAM_LIMITS.most, mtu - HEADERS_BYTES));
  const { maxDatagramBytes = fits } = options;
  requireInteger("maxDatagramBytes", maxDatagramBytes, DATAGRAM_LIMITS.least, DATAGRAM_LIMITS.most);
  return {
    ...{ interfaceName, role, port, localAddress, peerAddress, maxDatagramBytes },
    stallMs: requireMs("stallMs", stallMs),
  };
}

function isLinkLocal(address: string | undefined): boolean {
  return address === undefined || /^fe[89ab]/i.test(address);
}

/** An address as the kernel and Node write it. @throws TypeError if it is none. */
function canonical(address: string | undefined): string | undefined {
  if (address === undefined) return undefined;
  const family = typeof address === "string" && !address.includes("%") ? isIP(address) : 0;
  if (family === 0) throw new TypeError(`An address is IPv4 or IPv6 without a zone, not ${JSON.stringify(address)}`);
  return new SocketAddress({ address, family: family === 6 ? "ipv6" : "ipv4" }).address;
}

function requireInteger(name: string, value: number, least: number, most: number): void {
  if (Number.isInteger(value) && value >= least && value <= most) return;
  throw new RangeError(`The option ${name} is an integer from ${least} to ${most}, not ${String(value)}`);
}
