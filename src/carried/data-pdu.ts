import { CURSOR_MODULUS } from "./control-frame.js";
import { LinkBreach, LinkFault } from "./fault.js";
import type { LatestValue } from "./latest.js";
import { readVarint, writeVarint } from "./varint.js";

/** Bytes before the stream in a PDU: tag and cursor. */
export const STREAM_HEADER_BYTES = 5;

/** Bit of the first word that tells a latest value from the stream. */
const LATEST = 0x8000;

/** Bytes before a latest value: tag, channel, topic, count. */
export const MAX_LATEST_HEADER_BYTES = 2 + 3 + 3 + 4;

/** A PDU of a link's data connection (docs/can-wire.md, section 4). */
export type DataPdu =
  | { readonly type: "stream"; readonly tag: number; readonly cursor: number; readonly bytes: Uint8Array }
  | ({ readonly type: "latest"; readonly tag: number; readonly channel: number } & LatestValue);

/** Writes the header of a PDU whose stream bytes follow at {@link STREAM_HEADER_BYTES}. */
export function writeStreamHeader(pdu: Uint8Array, tag: number, cursor: number): void {
  const low = cursor % CURSOR_MODULUS;
  pdu.set([tag & 0xff, tag >>> 8, low & 0xff, (low >>> 8) & 0xff, low >>> 16]);
}

export function encodeLatest(tag: number, channel: number, { topic, count, value }: LatestValue): Uint8Array {
  const pdu = new Uint8Array(MAX_LATEST_HEADER_BYTES + value.length);
  const view = new DataView(pdu.buffer);
  view.setUint16(0, tag | LATEST, true);
  const at = writeVarint(pdu, writeVarint(pdu, 2, channel), topic);
  view.setUint32(at, count >>> 0, true);
  pdu.set(value, at + 4);
  return pdu.subarray(0, at + 4 + value.length);
}

/** Reads a PDU; its bytes are not copied. @throws LinkBreach `record`. */
export function decodeDataPdu(pdu: Uint8Array): DataPdu {
  if (pdu.length <= STREAM_HEADER_BYTES) throw tooShort(pdu);
  const view = new DataView(pdu.buffer, pdu.byteOffset, pdu.byteLength);
  const word = view.getUint16(0, true);
  const tag = word & ~LATEST;
  if ((word & LATEST) === 0) {
    const cursor = view.getUint16(2, true) + view.getUint8(4) * 0x1_0000;
    return { type: "stream", tag, cursor, bytes: pdu.subarray(STREAM_HEADER_BYTES) };
  }
  const byteAt = (offset: number): number | undefined => pdu[offset];
  const channel = readVarint(byteAt, 2);
  if (typeof channel === "string") throw tooShort(pdu);
  const topic = readVarint(byteAt, channel.end);
  if (typeof topic === "string" || topic.end + 4 > pdu.length) throw tooShort(pdu);
  const value = pdu.subarray(topic.end + 4);
  return {
    type: "latest",
    tag,
    channel: channel.value,
    topic: topic.value,
    count: view.getUint32(topic.end, true),
    value,
  };
}

function tooShort(pdu: Uint8Array): LinkBreach {
  return new LinkBreach(LinkFault.record, `A PDU of ${pdu.length} bytes is shorter than its header`);
}
