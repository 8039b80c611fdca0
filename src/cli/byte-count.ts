const factors: Readonly<Record<string, number>> = { "": 1, k: 1024, m: 1024 * 1024 };

/**
 * A number of bytes as people write it: `8192`, `0x2000`, `8K`, `1M` (K and M are 1024 and 1024 K).
 *
 * @throws TypeError if it is none.
 */
export function parseByteCount(text: string): number {
  const hexadecimal = /^0x[0-9a-f]{1,8}$/i.test(text);
  const [, digits, unit = ""] = /^(\d{1,10})([km]?)$/i.exec(text) ?? [];
  if (hexadecimal) return Number.parseInt(text, 16);
  if (digits !== undefined) return Number(digits) * (factors[unit.toLowerCase()] ?? 1);
  throw new TypeError(`A number of bytes is written like 8192, 0x2000, 8K or 1M, not ${JSON.stringify(text)}`);
}
