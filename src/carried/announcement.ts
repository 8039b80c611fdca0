import type { PortAnnouncement } from "../channel/link.js";
import { LinkBreach, LinkFault } from "./fault.js";

/** Names are 1 to this many bytes of UTF-8. */
const MAX_NAME_BYTES = 32;

const HASH_BYTES = 8;
const NAMES = HASH_BYTES + 2;

const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { fatal: true });

/** The payload of an announcement (docs/can-wire.md, section 4). @throws RangeError if a name is empty or too long. */
export function encodeAnnouncement({ name, protocolName, typeHash }: PortAnnouncement): Uint8Array {
  const names = [name, protocolName].map((text) => encoder.encode(text));
  const [first = new Uint8Array(), second = new Uint8Array()] = names;
  if (names.some(({ length }) => length < 1 || length > MAX_NAME_BYTES)) {
    throw new RangeError(`The names "${name}" and "${protocolName}" take 1 to ${MAX_NAME_BYTES} bytes of UTF-8 each`);
  }
  const bytes = new Uint8Array(NAMES + first.length + second.length);
  new DataView(bytes.buffer).setBigUint64(0, typeHash, true);
  bytes.set([first.length, second.length], HASH_BYTES);
  bytes.set(first, NAMES);
  bytes.set(second, NAMES + first.length);
  return bytes;
}

/** @throws LinkBreach `announce`. */
export function decodeAnnouncement(bytes: Uint8Array): PortAnnouncement {
  const [first = 0, second = 0] = bytes.subarray(HASH_BYTES, NAMES);
  const sizes = [first, second];
  if (sizes.some((size) => size < 1 || size > MAX_NAME_BYTES) || bytes.length !== NAMES + first + second) {
    const found = `${bytes.length} bytes with names of ${first} and ${second}`;
    throw new LinkBreach(LinkFault.announce, `Wanted an announcement with names of 1 to 32 bytes, found ${found}`);
  }
  try {
    return {
      typeHash: new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true),
      name: decoder.decode(bytes.subarray(NAMES, NAMES + first)),
      protocolName: decoder.decode(bytes.subarray(NAMES + first)),
    };
  } catch {
    throw new LinkBreach(LinkFault.announce, "An announced name is not UTF-8");
  }
}
