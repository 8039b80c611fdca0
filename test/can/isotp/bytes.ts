/** Bytes from hexadecimal digits with blanks between. */
export function hex(text: string): Uint8Array {
  return Uint8Array.from(text.split(" ").filter(Boolean), (digits) => Number.parseInt(digits, 16));
}

/** The way {@link hex} reads them. */
export function shown(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0").toUpperCase()).join(" ");
}

/** Bytes that tell where they belong. */
export function pattern(length: number): Uint8Array {
  return Uint8Array.from({ length }, (_, index) => (index ^ (index >>> 8)) & 0xff);
}
