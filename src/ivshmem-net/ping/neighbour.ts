import { isSameAddress, sourceOf } from "../ethernet/frame.js";
import { encodeIcmpv6, type Icmpv6Message, Icmpv6Type, type Station } from "./icmpv6.js";

/*
 * Neighbour Discovery (RFC 4861): who has an answer for an address asks for the Ethernet address behind it first.
 *
 * type, code, checksum | u32 flags or 0 | target, 16 bytes | options: type u8, length u8 in units of 8 bytes, ...
 */

const TARGET_OFFSET = 8;
const MESSAGE_BYTES = 24;
const HOP_LIMIT = 255;

/** Solicited, and to replace what is known (RFC 4861, section 4.4). */
const FLAGS = 0x6000_0000;
const OPTION_TARGET_LINK_LAYER_ADDRESS = 2;

/** The frame that answers a question for the own address; undefined if the message is none. */
export function answerSolicitation(own: Station, message: Icmpv6Message, frame: Uint8Array): Uint8Array | undefined {
  const { type, bytes, source, hopLimit } = message;
  // A hop limit of 255 shows that it comes from this link (section 7.1.1).
  if (type !== Icmpv6Type.NEIGHBOUR_SOLICITATION || hopLimit !== HOP_LIMIT || bytes.length < MESSAGE_BYTES) {
    return undefined;
  }
  if (!isSameAddress(bytes.subarray(TARGET_OFFSET, MESSAGE_BYTES), own.ip)) return undefined;
  // Who has no address yet asks whether this one is free: it is not, but the own one is for a moment only.
  if (source.every((byte) => byte === 0)) return undefined;
  const body = new Uint8Array(MESSAGE_BYTES - 4 + 8);
  const view = new DataView(body.buffer);
  view.setUint32(0, FLAGS);
  body.set(own.ip, TARGET_OFFSET - 4);
  body[MESSAGE_BYTES - 4] = OPTION_TARGET_LINK_LAYER_ADDRESS;
  body[MESSAGE_BYTES - 3] = 1;
  body.set(own.mac, MESSAGE_BYTES - 2);
  const to = { ip: source.slice(), mac: sourceOf(frame).slice() };
  return encodeIcmpv6(own, to, Icmpv6Type.NEIGHBOUR_ADVERTISEMENT, body, HOP_LIMIT);
}
