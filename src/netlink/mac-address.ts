/** Bytes of an Ethernet address. */
const MAC_BYTES = 6;

/** A hardware address of any length in the form `02:00:00:00:00:01`. */
export function formatMacAddress(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join(":");
}

/**
 * Reads an Ethernet address; case does not matter.
 *
 * @throws TypeError if it is not six bytes in hexadecimal with colons between them.
 * @throws RangeError if it is that of a group, or all zero: no interface may have such a one.
 */
export function parseMacAddress(text: string): Uint8Array {
  if (typeof text !== "string" || !/^[0-9a-f]{1,2}(:[0-9a-f]{1,2}){5}$/i.test(text)) {
    throw new TypeError(`A MAC address looks like 02:00:00:00:00:01, not ${JSON.stringify(text)}`);
  }
  const bytes = Uint8Array.from(text.split(":"), (digits) => Number.parseInt(digits, 16));
  if (bytes.length !== MAC_BYTES || bytes.every((byte) => byte === 0) || ((bytes[0] ?? 0) & 1) !== 0) {
    throw new RangeError(`An interface cannot have the MAC address ${text}: it is ${describeMisfit(bytes)}`);
  }
  return bytes;
}

function describeMisfit(bytes: Uint8Array): string {
  return bytes.every((byte) => byte === 0) ? "all zero" : "that of a group, as its first byte is odd";
}
