import { MAGIC, NET_LINK_VERSION } from "./greeting.js";

/*
 *  0       4         8      9       12
 * +-------+---------+------+-------+-----+
 * | stamp | counter | type | zero  | PDU |     data
 * +-------+---------+------+-------+-----+
 *  0       4         5      6      8      12
 * +-------+---------+------+------+------+
 * | magic | version | type | port | zero |     discovery
 * +-------+---------+------+------+------+
 */

/** Bytes of a datagram before its PDU. */
export const DATAGRAM_HEADER_BYTES = 12;

/** Least and most bytes of a datagram, header included; 65,487 is what an IPv6 packet of 64 KiB less its headers holds. */
export const DATAGRAM_LIMITS = { least: 128, most: 65_487 } as const;

/** What a datagram carries. */
export const DatagramType = { latest: 1, broadcast: 2 } as const;
export type DatagramType = (typeof DatagramType)[keyof typeof DatagramType];

export interface Datagram {
  /** Of the sender's greeting. */
  readonly stamp: number;
  /** Counts the datagrams of a connection: u32. */
  readonly counter: number;
  readonly type: DatagramType;
  readonly pdu: Uint8Array;
}

export function encodeDatagram({ stamp, counter, type, pdu }: Datagram): Uint8Array {
  const bytes = new Uint8Array(DATAGRAM_HEADER_BYTES + pdu.length);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, stamp, true);
  view.setUint32(4, counter, true);
  view.setUint8(8, type);
  bytes.set(pdu, DATAGRAM_HEADER_BYTES);
  return bytes;
}

/** Reads a datagram; undefined for what is none. The PDU is not copied. */
export function decodeDatagram(bytes: Uint8Array): Datagram | undefined {
  if (bytes.length <= DATAGRAM_HEADER_BYTES) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const type = view.getUint8(8);
  const zero = view.getUint8(9) === 0 && view.getUint16(10, true) === 0;
  if (!zero || (type !== DatagramType.latest && type !== DatagramType.broadcast)) return undefined;
  const pdu = bytes.subarray(DATAGRAM_HEADER_BYTES);
  return { stamp: view.getUint32(0, true), counter: view.getUint32(4, true), type, pdu };
}

/** `seek` asks all on the link who listens on a TCP port, `here` is the answer to it. */
export const DiscoveryType = { seek: 1, here: 2 } as const;
export type DiscoveryType = (typeof DiscoveryType)[keyof typeof DiscoveryType];

const DISCOVERY_BYTES = 12;

export function encodeDiscovery(type: DiscoveryType, port: number): Uint8Array {
  const bytes = new Uint8Array(DISCOVERY_BYTES);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, MAGIC, true);
  view.setUint8(4, NET_LINK_VERSION);
  view.setUint8(5, type);
  view.setUint16(6, port, true);
  return bytes;
}

/** Whether these bytes are a datagram of discovery of this type for this port. */
export function isDiscovery(bytes: Uint8Array, type: DiscoveryType, port: number): boolean {
  return Buffer.from(encodeDiscovery(type, port)).equals(bytes);
}
