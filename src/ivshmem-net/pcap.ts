/*
 * Captures of Ethernet frames in the two formats that Wireshark and tcpdump read. Both are written little-endian.
 *
 * pcap (draft-ietf-opsawg-pcap, "nanosecond" magic)      pcapng (draft-ietf-opsawg-pcapng), blocks of u32 type, u32 length,
 *   0  magic 0xa1b23c4d    4  version 2.4                 body, u32 length:
 *   8  reserved, twice     16 snap length                   section header, interface description, then one
 *   20 link type 1                                          enhanced packet block for each frame, with its direction
 *   then for each frame: seconds, nanoseconds,
 *   captured length, length, bytes
 */

/** `LINKTYPE_ETHERNET` (the tcpdump group's list of link-layer header types). */
const LINKTYPE_ETHERNET = 1;

const PCAP_NANOSECOND_MAGIC = 0xa1b2_3c4d;

const SECTION_HEADER_BLOCK = 0x0a0d_0d0a;
const BYTE_ORDER_MAGIC = 0x1a2b_3c4d;
const INTERFACE_BLOCK = 1;
const PACKET_BLOCK = 6;

/** Options of a block (pcapng, section 3.5 and 4). */
const IF_NAME = 2;
const IF_TSRESOL = 9;
const EPB_FLAGS = 2;

const NANOSECONDS = 1_000_000_000n;

/** Whether a frame was received or sent, as bits 0 and 1 of `epb_flags` have it. */
export const CaptureDirection = { in: 1, out: 2 } as const;

/** One frame as it was seen. */
export interface CapturedFrame {
  /** Since 1970, in nanoseconds. */
  readonly timeNs: bigint;
  readonly direction: keyof typeof CaptureDirection;
  /** Bytes of the frame that are kept. */
  readonly bytes: Uint8Array;
  /** Bytes that it had. */
  readonly lengthBytes: number;
}

/** What makes a file of one format. */
export interface CaptureFormat {
  /** What a file begins with. */
  header(interfaceName: string, snapLengthBytes: number): Uint8Array;
  frame(frame: CapturedFrame): Uint8Array;
}

/** The older format: it does not tell the direction. */
export const pcap: CaptureFormat = {
  header(_interfaceName, snapLengthBytes) {
    const bytes = new Uint8Array(24);
    const view = new DataView(bytes.buffer);
    view.setUint32(0, PCAP_NANOSECOND_MAGIC, true);
    view.setUint16(4, 2, true);
    view.setUint16(6, 4, true);
    view.setUint32(16, snapLengthBytes, true);
    view.setUint32(20, LINKTYPE_ETHERNET, true);
    return bytes;
  },

  frame({ timeNs, bytes, lengthBytes }) {
    const record = new Uint8Array(16 + bytes.byteLength);
    const view = new DataView(record.buffer);
    view.setUint32(0, Number(timeNs / NANOSECONDS), true);
    view.setUint32(4, Number(timeNs % NANOSECONDS), true);
    view.setUint32(8, bytes.byteLength, true);
    view.setUint32(12, lengthBytes, true);
    record.set(bytes, 16);
    return record;
  },
};

/** The newer format, with the name of the interface and the direction of each frame. */
export const pcapng: CaptureFormat = {
  header(interfaceName, snapLengthBytes) {
    const section = new Uint8Array(16);
    const view = new DataView(section.buffer);
    view.setUint32(0, BYTE_ORDER_MAGIC, true);
    view.setUint16(4, 1, true);
    // The section's length is not known: -1.
    view.setBigInt64(8, -1n, true);
    const description = new Uint8Array(8);
    new DataView(description.buffer).setUint16(0, LINKTYPE_ETHERNET, true);
    new DataView(description.buffer).setUint32(4, snapLengthBytes, true);
    const options = [
      option(IF_NAME, new TextEncoder().encode(interfaceName)),
      option(IF_TSRESOL, new Uint8Array([9])),
      new Uint8Array(4),
    ];
    return concatenate([block(SECTION_HEADER_BLOCK, [section]), block(INTERFACE_BLOCK, [description, ...options])]);
  },

  frame({ timeNs, direction, bytes, lengthBytes }) {
    const head = new Uint8Array(20);
    const view = new DataView(head.buffer);
    view.setUint32(4, Number(timeNs >> 32n), true);
    view.setUint32(8, Number(timeNs & 0xffff_ffffn), true);
    view.setUint32(12, bytes.byteLength, true);
    view.setUint32(16, lengthBytes, true);
    const flags = new Uint8Array([CaptureDirection[direction], 0, 0, 0]);
    return block(PACKET_BLOCK, [head, padded(bytes), option(EPB_FLAGS, flags), new Uint8Array(4)]);
  },
};

function block(type: number, body: readonly Uint8Array[]): Uint8Array {
  const lengthBytes = 12 + body.reduce((sum, part) => sum + part.byteLength, 0);
  const head = new Uint8Array(8);
  const view = new DataView(head.buffer);
  view.setUint32(0, type, true);
  view.setUint32(4, lengthBytes, true);
  return concatenate([head, ...body, head.slice(4)]);
}

function option(code: number, value: Uint8Array): Uint8Array {
  const head = new Uint8Array(4);
  const view = new DataView(head.buffer);
  view.setUint16(0, code, true);
  view.setUint16(2, value.byteLength, true);
  return concatenate([head, padded(value)]);
}

function padded(bytes: Uint8Array): Uint8Array {
  const whole = new Uint8Array(Math.ceil(bytes.byteLength / 4) * 4);
  whole.set(bytes);
  return whole;
}

function concatenate(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.byteLength, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.byteLength;
  }
  return whole;
}
