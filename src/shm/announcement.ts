import type { PortAnnouncement } from "../channel/link.js";
import { Fault, FaultCode } from "./fault.js";

/** Names are 1 to this many bytes of UTF-8. */
export const MAX_NAME_BYTES = 32;

const HASH_LOW = 0;
const HASH_HIGH = 4;
const LATEST_OFFSET = 8;
const LATEST_SIZE = 12;
const NAME_BYTES = 16;
const PROTOCOL_BYTES = 17;
const RESERVED = 18;
const NAMES = 20;

/** What a side tells of one channel of its own (docs/wire-protocol.md, section 4). */
export interface Announcement extends PortAnnouncement {
  /** Part of the sender's section that holds the topics' slots; 0 and 0 if there are none. */
  readonly latestOffset: number;
  readonly latestSize: number;
}

const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { fatal: true });

/** @throws RangeError if a name is empty or longer than {@link MAX_NAME_BYTES}. */
export function encodeAnnouncement(announcement: Announcement): Uint8Array {
  const name = encodeName("channel", announcement.name);
  const protocol = encodeName("protocol", announcement.protocolName);
  const bytes = new Uint8Array(NAMES + name.length + protocol.length);
  const view = new DataView(bytes.buffer);
  view.setUint32(HASH_LOW, Number(announcement.typeHash & 0xffffffffn), true);
  view.setUint32(HASH_HIGH, Number(announcement.typeHash >> 32n), true);
  view.setUint32(LATEST_OFFSET, announcement.latestOffset, true);
  view.setUint32(LATEST_SIZE, announcement.latestSize, true);
  view.setUint8(NAME_BYTES, name.length);
  view.setUint8(PROTOCOL_BYTES, protocol.length);
  bytes.set(name, NAMES);
  bytes.set(protocol, NAMES + name.length);
  return bytes;
}

/** Decodes an announcement of `length` bytes, at least 20. @throws Fault `announce` or `reserved`. */
export function decodeAnnouncement(view: DataView, offset: number, length: number): Announcement {
  const nameBytes = view.getUint8(offset + NAME_BYTES);
  const protocolBytes = view.getUint8(offset + PROTOCOL_BYTES);
  if (view.getUint16(offset + RESERVED, true) !== 0) {
    throw new Fault(FaultCode.reserved, "An announcement has bits set that must be zero");
  }
  if (!isNameLength(nameBytes) || !isNameLength(protocolBytes) || NAMES + nameBytes + protocolBytes !== length) {
    throw new Fault(
      FaultCode.announce,
      `An announcement of ${length} bytes has names of ${nameBytes} and ${protocolBytes} bytes, wanted 1 to ${MAX_NAME_BYTES} each`,
    );
  }
  const low = BigInt(view.getUint32(offset + HASH_LOW, true));
  return {
    typeHash: (BigInt(view.getUint32(offset + HASH_HIGH, true)) << 32n) | low,
    latestOffset: view.getUint32(offset + LATEST_OFFSET, true),
    latestSize: view.getUint32(offset + LATEST_SIZE, true),
    name: decodeName(view, offset + NAMES, nameBytes),
    protocolName: decodeName(view, offset + NAMES + nameBytes, protocolBytes),
  };
}

function isNameLength(length: number): boolean {
  return length >= 1 && length <= MAX_NAME_BYTES;
}

function encodeName(what: string, name: string): Uint8Array {
  const bytes = encoder.encode(name);
  if (!isNameLength(bytes.length)) {
    throw new RangeError(
      `The ${what} name "${name}" takes ${bytes.length} bytes of UTF-8, wanted 1 to ${MAX_NAME_BYTES}`,
    );
  }
  return bytes;
}

function decodeName(view: DataView, offset: number, length: number): string {
  try {
    return decoder.decode(new Uint8Array(view.buffer, view.byteOffset + offset, length));
  } catch {
    throw new Fault(FaultCode.announce, "An announced name is not UTF-8");
  }
}
