import { align, malformed, viewOf } from "./attribute.js";

/*
 *  0               4       6       8               12              16
 * +---------------+-------+-------+---------------+---------------+---------+
 * | length, u32   | type  | flags | sequence, u32 | port, u32     | payload |
 * +---------------+-------+-------+---------------+---------------+---------+
 * The length counts the header; the next message begins at a multiple of 4 (linux/netlink.h, struct nlmsghdr).
 */

export const MESSAGE_HEADER_BYTES = 16;

export interface NetlinkMessage {
  /** One of `MessageType`, or of the family's own. */
  readonly type: number;
  /** Bits of `NetlinkFlag`. */
  readonly flags: number;
  /** That of the request, or 0 in an event. */
  readonly sequence: number;
  readonly payload: Uint8Array;
}

/** A message to the kernel, whose port is 0. */
export function encodeMessage({ type, flags, sequence, payload }: NetlinkMessage): Uint8Array {
  const bytes = new Uint8Array(align(MESSAGE_HEADER_BYTES + payload.length));
  const view = viewOf(bytes);
  view.setUint32(0, MESSAGE_HEADER_BYTES + payload.length, true);
  view.setUint16(4, type, true);
  view.setUint16(6, flags, true);
  view.setUint32(8, sequence, true);
  bytes.set(payload, MESSAGE_HEADER_BYTES);
  return bytes;
}

/**
 * The messages of one datagram. Their payloads are views of `bytes`.
 *
 * @throws IntercellError `ERR_DECODE` if a message does not fit the bytes.
 */
export function decodeMessages(bytes: Uint8Array): readonly NetlinkMessage[] {
  const view = viewOf(bytes);
  const messages: NetlinkMessage[] = [];
  let at = 0;
  while (at < bytes.length) {
    const length = at + MESSAGE_HEADER_BYTES <= bytes.length ? view.getUint32(at, true) : 0;
    if (length < MESSAGE_HEADER_BYTES || length > bytes.length - at) {
      throw malformed(`a message of ${length} bytes where ${bytes.length - at} are left`);
    }
    messages.push({
      type: view.getUint16(at + 4, true),
      flags: view.getUint16(at + 6, true),
      sequence: view.getUint32(at + 8, true),
      payload: bytes.subarray(at + MESSAGE_HEADER_BYTES, at + length),
    });
    at += align(length);
  }
  return messages;
}
