import { fdDlcOfLength, fdLengthOfDlc, MAX_CLASSIC_LENGTH } from "../dlc.js";

/** Status of a FlowControl frame (ISO 15765-2, FlowStatus). Others are invalid. */
export const FlowStatus = { continue: 0, wait: 1, overflow: 2 } as const;
export type FlowStatus = (typeof FlowStatus)[keyof typeof FlowStatus];

/** What one frame says: its protocol control information and the part of the PDU that it carries. */
export type NetworkPdu =
  | { readonly type: "single"; readonly data: Uint8Array }
  | { readonly type: "first"; readonly lengthBytes: number; readonly data: Uint8Array }
  | { readonly type: "consecutive"; readonly sequence: number; readonly data: Uint8Array }
  | { readonly type: "flow"; readonly status: number; readonly blockSize: number; readonly stMin: number };

/** How frames are laid out by one side. */
export interface Layout {
  /** The byte before the PCI, in extended and mixed addressing. */
  readonly prefix: number | undefined;
  /** TX_DL: most data bytes of a frame; 8, 12, 16, 20, 24, 32, 48 or 64. */
  readonly txDl: number;
  /** Byte after the end of frames of up to 8 bytes, or undefined to leave those short. */
  readonly padding: number | undefined;
}

/** Largest length that the 12 bits of a plain FirstFrame hold. */
const MAX_SHORT_LENGTH = 0xfff;

/** Padding of CAN FD frames whose length does not exist: mandatory, so that "none" means the customary value too. */
const FD_PADDING = 0xcc;

function prefixBytes({ prefix }: Pick<Layout, "prefix">): number {
  return prefix === undefined ? 0 : 1;
}

/** Longest PDU that goes into one frame. @param txDl as {@link Layout.txDl}, or RX_DL of a receiver. */
export function maxSingleBytes(txDl: number, prefix: number | undefined): number {
  return txDl - (txDl > MAX_CLASSIC_LENGTH ? 2 : 1) - prefixBytes({ prefix });
}

/** The frame for a PDU of at most {@link maxSingleBytes}. One that fits 8 bytes is never made longer. */
export function encodeSingle(layout: Layout, pdu: Uint8Array): Uint8Array {
  const long = pdu.length > maxSingleBytes(MAX_CLASSIC_LENGTH, layout.prefix);
  return assemble(layout, long ? [0, pdu.length] : [pdu.length], pdu);
}

/** The first frame of a PDU that takes several; it is always full. */
export function encodeFirst(layout: Layout, pdu: Uint8Array): Uint8Array {
  const { length } = pdu;
  const pci =
    length <= MAX_SHORT_LENGTH
      ? [0x10 | (length >>> 8), length & 0xff]
      : [0x10, 0, length >>> 24, (length >>> 16) & 0xff, (length >>> 8) & 0xff, length & 0xff];
  return assemble(layout, pci, pdu.subarray(0, layout.txDl - prefixBytes(layout) - pci.length));
}

/** The frame with what lies at `offset`. @param sequence of the frame, the FirstFrame being 0. */
export function encodeConsecutive(layout: Layout, pdu: Uint8Array, offset: number, sequence: number): Uint8Array {
  const end = offset + layout.txDl - 1 - prefixBytes(layout);
  return assemble(layout, [0x20 | (sequence & 0xf)], pdu.subarray(offset, end));
}

/** @param stMin as it goes over the wire (`encodeStMin`). */
export function encodeFlow(layout: Layout, status: FlowStatus, blockSize: number, stMin: number): Uint8Array {
  return assemble(layout, [0x30 | status, blockSize, stMin], new Uint8Array());
}

/** Bytes of the PDU in a frame that {@link encodeFirst} or {@link encodeConsecutive} made of it, before padding. */
export function carriedBytes(layout: Layout, pduBytes: number, offset: number): number {
  const pci = offset > 0 ? 1 : pduBytes <= MAX_SHORT_LENGTH ? 2 : 6;
  return Math.min(pduBytes - offset, layout.txDl - prefixBytes(layout) - pci);
}

function assemble({ prefix, padding }: Layout, pci: readonly number[], data: Uint8Array): Uint8Array {
  const head = prefix === undefined ? pci : [prefix, ...pci];
  const used = head.length + data.length;
  const short = used <= MAX_CLASSIC_LENGTH;
  const length =
    short && padding === undefined ? used : fdLengthOfDlc(fdDlcOfLength(Math.max(used, MAX_CLASSIC_LENGTH)));
  const frame = new Uint8Array(length).fill(padding ?? FD_PADDING);
  frame.set(head);
  frame.set(data, head.length);
  return frame;
}

/**
 * Reads the data of a frame. Undefined for what is to be ignored: an unknown type, and any length that does not fit
 * the frame, or would not have needed this type (ISO 15765-2, error handling of SF_DL and FF_DL).
 *
 * @param start where the PCI lies: 0, or 1 after an address byte.
 */
export function decodeNetworkPdu(frame: Uint8Array, start: number): NetworkPdu | undefined {
  const pci = frame[start];
  if (pci === undefined) return undefined;
  const low = pci & 0xf;
  if (pci >>> 4 === 0) return decodeSingle(frame, start, low);
  if (pci >>> 4 === 1) return decodeFirst(frame, start, low);
  if (pci >>> 4 === 2) return { type: "consecutive", sequence: low, data: frame.subarray(start + 1) };
  const [blockSize, stMin] = frame.subarray(start + 1, start + 3);
  if (pci >>> 4 !== 3 || blockSize === undefined || stMin === undefined) return undefined;
  return { type: "flow", status: low, blockSize, stMin };
}

function decodeSingle(frame: Uint8Array, start: number, low: number): NetworkPdu | undefined {
  const long = frame.length > MAX_CLASSIC_LENGTH;
  const lengthBytes = long ? (frame[start + 1] as number) : low;
  const begin = start + (long ? 2 : 1);
  if ((long && low !== 0) || lengthBytes === 0 || begin + lengthBytes > frame.length) return undefined;
  return { type: "single", data: frame.subarray(begin, begin + lengthBytes) };
}

function decodeFirst(frame: Uint8Array, start: number, low: number): NetworkPdu | undefined {
  const rxDl = frame.length;
  if (rxDl < MAX_CLASSIC_LENGTH || fdLengthOfDlc(fdDlcOfLength(rxDl)) !== rxDl) return undefined;
  const view = new DataView(frame.buffer, frame.byteOffset, frame.byteLength);
  const short = (low << 8) | view.getUint8(start + 1);
  const lengthBytes = short === 0 ? view.getUint32(start + 2) : short;
  if (short === 0 && lengthBytes <= MAX_SHORT_LENGTH) return undefined;
  if (lengthBytes <= maxSingleBytes(rxDl, start === 0 ? undefined : 0)) return undefined;
  return { type: "first", lengthBytes, data: frame.subarray(start + (short === 0 ? 6 : 2)) };
}
