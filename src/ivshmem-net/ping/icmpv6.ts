import { EtherType, PAYLOAD_OFFSET, writeHeader } from "../ethernet/frame.js";

/*
 *  0                        4                6             7           8        24            40
 * +------------------------+----------------+-------------+-----------+--------+-------------+-------------------
 * | version 6, class, flow | length u16     | next header | hop limit | source | destination | type, code, check-
 * +------------------------+----------------+-------------+-----------+--------+-------------+ sum, ...
 * (RFC 8200, section 3; RFC 4443, section 2.1; all big-endian)
 */

/** Bytes of the header of IPv6, and of that of an echo message (RFC 4443, section 4.1). */
export const IPV6_HEADER_BYTES = 40;
export const ECHO_HEADER_BYTES = 8;

const NEXT_HEADER_ICMPV6 = 58;
const IPV6_OFFSET = PAYLOAD_OFFSET;
const ICMP_OFFSET = IPV6_OFFSET + IPV6_HEADER_BYTES;

/** Types of messages (RFC 4443, section 2.1; RFC 4861, section 4). */
export const Icmpv6Type = {
  ECHO_REQUEST: 128,
  ECHO_REPLY: 129,
  NEIGHBOUR_SOLICITATION: 135,
  NEIGHBOUR_ADVERTISEMENT: 136,
} as const;

/** All nodes of a link, as an address of IPv6 and of Ethernet (RFC 4291, section 2.7.1; RFC 2464, section 7). */
export const ALL_NODES: Station = {
  ip: Uint8Array.of(0xff, 0x02, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1),
  mac: Uint8Array.of(0x33, 0x33, 0, 0, 0, 1),
};

/** Who sends or receives: its addresses of IPv6 (16 bytes) and of Ethernet (6 bytes). */
export interface Station {
  readonly ip: Uint8Array;
  readonly mac: Uint8Array;
}

/** A message that arrived; the views are of the frame. */
export interface Icmpv6Message {
  readonly source: Uint8Array;
  readonly destination: Uint8Array;
  readonly hopLimit: number;
  readonly type: number;
  /** From the type on. */
  readonly bytes: Uint8Array;
  /** The checksum fits. */
  readonly intact: boolean;
}

/** The address that an interface gives itself by its Ethernet address (RFC 4291, appendix A). */
export function linkLocalOf(mac: Uint8Array): Uint8Array {
  const ip = new Uint8Array(16);
  ip.set([0xfe, 0x80]);
  ip.set(mac.subarray(0, 3), 8);
  ip.set([0xff, 0xfe], 11);
  ip.set(mac.subarray(3), 13);
  ip[8] = (ip[8] as number) ^ 2;
  return ip;
}

/** A frame with a message, whose checksum is filled in. `body` is from behind the checksum on. */
export function encodeIcmpv6(from: Station, to: Station, type: number, body: Uint8Array, hopLimit: number): Uint8Array {
  const length = 4 + body.length;
  const frame = new Uint8Array(ICMP_OFFSET + length);
  writeHeader(frame, to.mac, from.mac, EtherType.IPV6);
  const view = new DataView(frame.buffer);
  frame[IPV6_OFFSET] = 0x60;
  view.setUint16(IPV6_OFFSET + 4, length);
  frame[IPV6_OFFSET + 6] = NEXT_HEADER_ICMPV6;
  frame[IPV6_OFFSET + 7] = hopLimit;
  frame.set(from.ip, IPV6_OFFSET + 8);
  frame.set(to.ip, IPV6_OFFSET + 24);
  frame[ICMP_OFFSET] = type;
  frame.set(body, ICMP_OFFSET + 4);
  view.setUint16(ICMP_OFFSET + 2, ~sumOf(from.ip, to.ip, frame.subarray(ICMP_OFFSET)) & 0xffff);
  return frame;
}

/** The message in a frame; undefined if it is another kind of frame, or none that makes sense. */
export function decodeIcmpv6(frame: Uint8Array): Icmpv6Message | undefined {
  if (frame.length < ICMP_OFFSET + 4) return undefined;
  const view = new DataView(frame.buffer, frame.byteOffset, frame.byteLength);
  if (view.getUint16(12) !== EtherType.IPV6 || (frame[IPV6_OFFSET] as number) >>> 4 !== 6) return undefined;
  const length = view.getUint16(IPV6_OFFSET + 4);
  if (frame[IPV6_OFFSET + 6] !== NEXT_HEADER_ICMPV6 || length < 4 || ICMP_OFFSET + length > frame.length) {
    return undefined;
  }
  const source = frame.subarray(IPV6_OFFSET + 8, IPV6_OFFSET + 24);
  const destination = frame.subarray(IPV6_OFFSET + 24, ICMP_OFFSET);
  const bytes = frame.subarray(ICMP_OFFSET, ICMP_OFFSET + length);
  const intact = sumOf(source, destination, bytes) === 0xffff;
  return { source, destination, hopLimit: frame[IPV6_OFFSET + 7] as number, type: bytes[0] as number, bytes, intact };
}

/** The sum of the pseudo-header and a message in ones' complement (RFC 8200, section 8.1). */
function sumOf(source: Uint8Array, destination: Uint8Array, message: Uint8Array): number {
  let sum = message.length + NEXT_HEADER_ICMPV6;
  for (const part of [source, destination, message]) {
    for (let at = 0; at < part.length; at += 2) sum += ((part[at] as number) << 8) | (part[at + 1] ?? 0);
  }
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return sum;
}
