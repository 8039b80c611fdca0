import { randomFillSync } from "node:crypto";

/*
 *  0              6         12           14
 * +--------------+---------+------------+----------
 * | destination  | source  | type, u16  | payload
 * +--------------+---------+------------+----------
 * (IEEE 802.3, 3.1.1; the type is big-endian. The checksum at the end is the network card's.)
 */

/** Bytes of an Ethernet address. */
export const ADDRESS_BYTES = 6;

/** Where the payload begins. */
export const PAYLOAD_OFFSET = 14;

/** The address of all. */
export const BROADCAST_ADDRESS: Uint8Array = new Uint8Array(ADDRESS_BYTES).fill(0xff);

/** Numbers of what a frame carries (IEEE Registration Authority, "EtherType"). */
export const EtherType = {
  IPV6: 0x86dd,
  /** For experiments within one network (IEEE 802, 9.2.4). */
  LOCAL_EXPERIMENTAL_1: 0x88b5,
  LOCAL_EXPERIMENTAL_2: 0x88b6,
} as const;

/** Writes the header of a frame. */
export function writeHeader(frame: Uint8Array, destination: Uint8Array, source: Uint8Array, etherType: number): void {
  frame.set(destination, 0);
  frame.set(source, ADDRESS_BYTES);
  frame[12] = etherType >>> 8;
  frame[13] = etherType & 0xff;
}

/** Number of what a frame carries. */
export function etherTypeOf(frame: Uint8Array): number {
  return ((frame[12] as number) << 8) | (frame[13] as number);
}

/** A view of the address that a frame goes to. */
export function destinationOf(frame: Uint8Array): Uint8Array {
  return frame.subarray(0, ADDRESS_BYTES);
}

/** A view of the address that a frame comes from. */
export function sourceOf(frame: Uint8Array): Uint8Array {
  return frame.subarray(ADDRESS_BYTES, 2 * ADDRESS_BYTES);
}

/** Whether two addresses, or other bytes, are the same. */
export function isSameAddress(one: Uint8Array, other: Uint8Array): boolean {
  return one.length === other.length && one.every((byte, index) => byte === other[index]);
}

/** An address that nobody else has, as likely as not (IEEE 802, 8.4: administered locally, of one station). */
export function randomAddress(): Uint8Array {
  const address = randomFillSync(new Uint8Array(ADDRESS_BYTES));
  address[0] = ((address[0] as number) & 0xfc) | 0x02;
  return address;
}
