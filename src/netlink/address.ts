import { isIPv4, isIPv6 } from "node:net";
import { constants } from "node:os";
import { AttributeSet, concatenate, encodeAttributes, malformed, u32Bytes, viewOf } from "./attribute.js";
import { formatIpAddress, parseIpv6Address } from "./ip-address.js";
import { describeLink, withRoute } from "./list-links.js";
import { AddressAttribute, MessageType, NetlinkFlag } from "./numbers.js";
import { changeAdvice } from "./set-link.js";

/*
 *  0        1               2       3       4             8
 * +--------+---------------+-------+-------+-------------+------------+
 * | family | prefix length | flags | scope | index, u32  | attributes |
 * +--------+---------------+-------+-------+-------------+------------+
 * (linux/if_addr.h, struct ifaddrmsg)
 */

const HEADER_BYTES = 8;
const AF_INET = 2;
const AF_INET6 = 10;
/** RT_SCOPE_LINK (linux/rtnetlink.h). */
const SCOPE_LINK = 253;
/** Duplicate address detection goes on, or failed (linux/if_addr.h, IFA_F_*). */
const TENTATIVE = 0x40;
const DUPLICATE = 0x08;

/** An IP address of a network interface. */
export interface LinkAddress {
  readonly linkIndex: number;
  readonly family: 4 | 6;
  /** Without a zone: `fe80::1` or `192.0.2.1`. */
  readonly address: string;
  readonly prefixLength: number;
  /** Whether it means something on this link alone (IPv6 `fe80::/10`, IPv4 `169.254.0.0/16` as a rule). */
  readonly linkLocal: boolean;
  /** Whether it cannot be used yet, as the kernel asks whether somebody else has it. */
  readonly tentative: boolean;
  /** Whether somebody else has it, so that it cannot be used. */
  readonly duplicate: boolean;
}

/**
 * The IP addresses of a network interface, or of all.
 *
 * @param name - Its name or index.
 * @throws IntercellError `ERR_NOT_FOUND` if there is no such interface.
 */
export function listAddresses(name?: string | number): readonly LinkAddress[] {
  const linkIndex = name === undefined ? 0 : describeLink(name).index;
  const messages = withRoute((route) =>
    route.dump({
      type: MessageType.GET_ADDRESS,
      payload: encodeHeader(0, 0, linkIndex),
      wanted: "list the IP addresses",
      call: "RTM_GETADDR",
    }),
  );
  const addresses = messages.filter(({ type }) => type === MessageType.NEW_ADDRESS).map(parseAddress);
  // A kernel before 4.20 lists those of all interfaces.
  return addresses
    .filter((found) => found !== undefined)
    .filter((found) => !linkIndex || found.linkIndex === linkIndex);
}

/**
 * The IPv6 link-local address that an interface can be reached at from the same link; undefined while it has none that may
 * be used: the kernel gives it one when it goes up, and has it checked for a second or so.
 */
export function findLinkLocalAddress(name: string | number): string | undefined {
  const usable = ({ family, linkLocal, tentative, duplicate }: LinkAddress) =>
    family === 6 && linkLocal && !tentative && !duplicate;
  return listAddresses(name).find(usable)?.address;
}

/**
 * Gives an interface an IP address. Needs CAP_NET_ADMIN.
 *
 * @param address - With its prefix, such as `192.0.2.1/24` or `fd00::1/64`.
 * @throws TypeError if it is none; IntercellError `EEXIST` if the interface has it already.
 */
export function addAddress(name: string | number, address: string): void {
  const { bytes, prefixLength } = parsePrefixed(address);
  const link = describeLink(name);
  const family = bytes.length === 4 ? AF_INET : AF_INET6;
  const advice = { ...changeAdvice, [constants.errno.EEXIST]: "The interface has it already." };
  const attributes = [AddressAttribute.LOCAL, AddressAttribute.ADDRESS].map((type) => ({ type, value: bytes }));
  withRoute((route) =>
    route.request({
      type: MessageType.NEW_ADDRESS,
      flags: NetlinkFlag.CREATE | NetlinkFlag.EXCLUSIVE,
      payload: concatenate([encodeHeader(family, prefixLength, link.index), encodeAttributes(attributes)]),
      wanted: `give ${link.name} the address ${address}`,
      call: "RTM_NEWADDR",
      path: link.name,
      advice,
    }),
  );
}

function encodeHeader(family: number, prefixLength: number, linkIndex: number): Uint8Array {
  return concatenate([Uint8Array.of(family, prefixLength, 0, 0), u32Bytes(linkIndex)]);
}

/** @internal An address of a family that is not IP gives undefined. */
export function parseAddress({ payload }: { readonly payload: Uint8Array }): LinkAddress | undefined {
  if (payload.length < HEADER_BYTES) throw malformed(`an address message of ${payload.length} bytes`);
  const view = viewOf(payload);
  const attributes = new AttributeSet(payload.subarray(HEADER_BYTES));
  // On a point-to-point link ADDRESS is the peer's (linux/if_addr.h).
  const bytes = attributes.bytes(AddressAttribute.LOCAL) ?? attributes.bytes(AddressAttribute.ADDRESS);
  const address = bytes === undefined ? undefined : formatIpAddress(bytes);
  if (address === undefined) return undefined;
  const flags = attributes.u32(AddressAttribute.FLAGS) ?? view.getUint8(2);
  return {
    linkIndex: view.getUint32(4, true),
    family: isIPv4(address) ? 4 : 6,
    address,
    prefixLength: view.getUint8(1),
    linkLocal: view.getUint8(3) === SCOPE_LINK,
    tentative: (flags & TENTATIVE) !== 0,
    duplicate: (flags & DUPLICATE) !== 0,
  };
}

function parsePrefixed(text: string): { bytes: Uint8Array; prefixLength: number } {
  const [, address = "", prefix = ""] = /^([^/]+)\/(\d{1,3})$/.exec(String(text)) ?? [];
  const bytes = isIPv4(address)
    ? Uint8Array.from(address.split("."), Number)
    : isIPv6(address) && !address.includes("%")
      ? parseIpv6Address(address)
      : undefined;
  const prefixLength = Number(prefix);
  if (bytes === undefined || prefixLength > bytes.length * 8) {
    throw new TypeError(`An address looks like 192.0.2.1/24 or fd00::1/64, not ${JSON.stringify(text)}`);
  }
  return { bytes, prefixLength };
}
