/** Bytes before the message of a reply, and all of a cancel: u32 sequence of the request, u32 zero. */
export const REPLY_HEADER_BYTES = 8;

/** Bytes before the text of an error: u32 sequence of the request, u32 code, u16 length of the text. */
export const FAULT_HEADER_BYTES = 10;

/** Most bytes of the text of an error. */
export const MAX_FAULT_TEXT_BYTES = 200;

/** Why a request is answered with an error (docs/wire-protocol.md, section 4). */
export const RemoteCode = {
  handlerFailed: 1,
  noHandler: 2,
  undecodable: 3,
  cancelled: 4,
  busy: 5,
} as const;
export type RemoteCode = (typeof RemoteCode)[keyof typeof RemoteCode];

/** What the peer answered in the place of a reply: the `cause` of an `ERR_REMOTE` or `ERR_NO_HANDLER`. */
export interface RemoteFault {
  /** One of {@link RemoteCode}, or what else the peer sent. */
  readonly code: number;
  /** At most 200 bytes of UTF-8, without control characters. May be empty. */
  readonly text: string;
}

const decoder = new TextDecoder("utf-8");
const encoder = new TextEncoder();

/**
 * Reads the payload of an error record. The peer may have written anything: what is not UTF-8 and what would command a
 * terminal is replaced by U+FFFD, and a text longer than the record is cut.
 */
export function readFault(view: DataView, offset: number, length: number): RemoteFault {
  if (length < FAULT_HEADER_BYTES) return { code: 0, text: "" };
  const code = view.getUint32(offset + 4, true);
  const said = view.getUint16(offset + 8, true);
  const textBytes = Math.min(said, length - FAULT_HEADER_BYTES, MAX_FAULT_TEXT_BYTES);
  const bytes = new Uint8Array(view.buffer, view.byteOffset + offset + FAULT_HEADER_BYTES, textBytes);
  return { code, text: decoder.decode(bytes).replace(/\p{Cc}/gu, "\ufffd") };
}

/** The payload of an error record. The text is cut to at most {@link MAX_FAULT_TEXT_BYTES} and `maxPayload` allows. */
export function writeFault(sequence: number, code: number, text: string, maxPayload: number): Uint8Array {
  const room = Math.max(0, Math.min(MAX_FAULT_TEXT_BYTES, maxPayload - FAULT_HEADER_BYTES));
  const payload = new Uint8Array(FAULT_HEADER_BYTES + room);
  // encodeInto never splits a character.
  const { written } = encoder.encodeInto(text, payload.subarray(FAULT_HEADER_BYTES));
  const view = new DataView(payload.buffer);
  view.setUint32(0, sequence, true);
  view.setUint32(4, code, true);
  view.setUint16(8, written, true);
  return payload.subarray(0, FAULT_HEADER_BYTES + written);
}
