import { SocketAddress } from "node:net";
import { viewOf } from "./attribute.js";

/** The text of an address of 4 or 16 bytes; undefined for another length. */
export function formatIpAddress(bytes: Uint8Array): string | undefined {
  if (bytes.length === 4) return bytes.join(".");
  if (bytes.length !== 16) return undefined;
  const view = viewOf(bytes);
  const groups = Array.from({ length: 8 }, (_, group) => view.getUint16(group * 2).toString(16));
  return new SocketAddress({ family: "ipv6", address: groups.join(":") }).address;
}

/** The 16 bytes of an IPv6 address that `isIPv6` of `node:net` takes, and that has no zone. */
export function parseIpv6Address(address: string): Uint8Array {
  // The last two groups may be written as an IPv4 address (RFC 4291, section 2.2).
  const plain = address.replace(/(\d+)\.(\d+)\.(\d+)\.(\d+)$/, (_, a, b, c, d) =>
    [Number(a) * 256 + Number(b), Number(c) * 256 + Number(d)].map((group) => group.toString(16)).join(":"),
  );
  const [head = "", tail] = plain.split("::");
  const groups = (part: string) => part.split(":").filter((group) => group !== "");
  const end = tail === undefined ? [] : groups(tail);
  const begin = groups(head);
  const zeros = Array.from({ length: 8 - begin.length - end.length }, () => "0");
  const words = [...begin, ...zeros, ...end].map((group) => Number.parseInt(group, 16));
  return Uint8Array.from(words.flatMap((word) => [word >> 8, word & 0xff]));
}
