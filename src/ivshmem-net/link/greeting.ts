import { LinkBreach, LinkFault } from "../../carried/fault.js";

/*
 *  0       4         5      6          8       12
 * +-------+---------+------+----------+-------+
 * | magic | version | zero | UDP port | stamp |
 * +-------+---------+------+----------+-------+
 */

/** Bytes of a greeting. */
export const GREETING_BYTES = 12;

/** Version of the framing over TCP and UDP; that of the link is in its control frames. */
export const NET_LINK_VERSION = 1;

/** The letters `icnl`. */
export const MAGIC = 0x6c_6e_63_69;

/** What each side says first on a TCP connection (docs/ivshmem-net-channels.md). */
export interface Greeting {
  /** Where its datagrams come from and go to. */
  readonly udpPort: number;
  /** Drawn anew for each connection: u32 that its datagrams carry. */
  readonly stamp: number;
}

export function encodeGreeting({ udpPort, stamp }: Greeting): Uint8Array {
  const bytes = new Uint8Array(GREETING_BYTES);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, MAGIC, true);
  view.setUint8(4, NET_LINK_VERSION);
  view.setUint16(6, udpPort, true);
  view.setUint32(8, stamp, true);
  return bytes;
}

/** @throws LinkBreach `version` for what is none of this version. */
export function decodeGreeting(bytes: Uint8Array): Greeting {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const found = bytes.length === GREETING_BYTES && view.getUint32(0, true) === MAGIC;
  if (!found) throw breach("It greets with other bytes; is there another service on this port?");
  const version = view.getUint8(4);
  if (version !== NET_LINK_VERSION) throw breach(`It speaks version ${version}, wanted ${NET_LINK_VERSION}`);
  const udpPort = view.getUint16(6, true);
  if (view.getUint8(5) !== 0 || udpPort === 0)
    throw breach("Its greeting has a bit set that must be zero, or no UDP port");
  return { udpPort, stamp: view.getUint32(8, true) };
}

function breach(message: string): LinkBreach {
  return new LinkBreach(LinkFault.version, message);
}
