import { LinkBreach, LinkFault } from "./fault.js";
import { readVarint, writeVarint } from "./varint.js";

/** Bytes of a broadcast before its payload, at most: sequence, channel, message. */
export const MAX_BROADCAST_HEADER = 2 + 3 + 3;

export interface IncomingBroadcast {
  /** u16. */
  readonly sequence: number;
  readonly channel: number;
  readonly message: number;
  /** The payload, at an offset that is a multiple of 8. */
  readonly view: DataView;
  readonly lengthBytes: number;
}

/** The PDU of a broadcast (docs/can-wire.md, section 5). */
export function encodeBroadcast(sequence: number, channel: number, message: number, payload: Uint8Array): Uint8Array {
  const pdu = new Uint8Array(MAX_BROADCAST_HEADER + payload.length);
  new DataView(pdu.buffer).setUint16(0, sequence, true);
  const at = writeVarint(pdu, writeVarint(pdu, 2, channel), message);
  pdu.set(payload, at);
  return pdu.subarray(0, at + payload.length);
}

/** Reads a broadcast; its payload is copied. @throws LinkBreach `record`. */
export function decodeBroadcast(pdu: Uint8Array): IncomingBroadcast {
  const byteAt = (offset: number): number | undefined => pdu[offset];
  const channel = readVarint(byteAt, 2);
  const message = typeof channel === "string" ? channel : readVarint(byteAt, channel.end);
  if (typeof channel === "string" || typeof message === "string") {
    throw new LinkBreach(LinkFault.record, `A broadcast of ${pdu.length} bytes is shorter than its header`);
  }
  // Not slice(), which does not copy if it is a Buffer.
  const payload = new Uint8Array(pdu.subarray(message.end));
  return {
    sequence: (pdu[0] as number) | ((pdu[1] as number) << 8),
    channel: channel.value,
    message: message.value,
    view: new DataView(payload.buffer),
    lengthBytes: payload.length,
  };
}
