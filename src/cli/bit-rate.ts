const factors: Readonly<Record<string, number>> = { "": 1, k: 1000, m: 1_000_000 };

/**
 * A bit rate as people write it: `500000`, `500k`, `83.333k`, `1M`, each in bit/s.
 *
 * @throws TypeError if it is none.
 */
export function parseBitRate(text: string): number {
  const [, digits, unit = ""] = /^(\d{1,9}(?:\.\d{1,6})?)([km]?)$/i.exec(text) ?? [];
  if (digits === undefined) {
    throw new TypeError(`A bit rate is written like 500000, 500k or 1M, not ${JSON.stringify(text)}`);
  }
  return Math.round(Number(digits) * (factors[unit.toLowerCase()] ?? 1));
}

/** `500 kbit/s`, `1 Mbit/s`, `83.333 kbit/s`. */
export function formatBitRate(bitRate: number): string {
  if (bitRate >= 1_000_000) return `${bitRate / 1_000_000} Mbit/s`;
  return bitRate >= 1000 ? `${bitRate / 1000} kbit/s` : `${bitRate} bit/s`;
}

/**
 * A sample point: `87.5%`, or `0.875` as the part of a bit's time.
 *
 * @throws TypeError if it is none.
 */
export function parseSamplePoint(text: string): number {
  const [, digits, percent] = /^(\d{1,3}(?:\.\d{1,3})?)(%?)$/.exec(text) ?? [];
  if (digits === undefined) {
    throw new TypeError(`A sample point is written like 87.5% or 0.875, not ${JSON.stringify(text)}`);
  }
  return percent === "%" ? Math.round(Number(digits) * 10) / 1000 : Number(digits);
}

/** `87.5 %`. */
export function formatSamplePoint(samplePoint: number): string {
  return `${Math.round(samplePoint * 1000) / 10} %`;
}
