/** A number of a DBC file: a bigint if it is an integer that a number does not hold exactly. */
export type DbcNumber = number | bigint;

/** Integers up to here are told apart from their neighbours; beyond that no signal reaches. */
const MOST_EXACT = 2 ** 64;

/** The number that a text in the syntax of JavaScript or C is; NaN if it is none. */
export function parseNumber(text: string): DbcNumber {
  const value = Number(text);
  if (value === 0) return 0;
  const exact = Number.isSafeInteger(value) || !Number.isInteger(value) || Math.abs(value) > MOST_EXACT;
  return exact || !/^[+-]?\d+$/.test(text) ? value : BigInt(text);
}

/** The shortest text that {@link parseNumber} gives the same number for. */
export function formatNumber(value: DbcNumber): string {
  return Object.is(value, -0) ? "0" : String(value);
}

/** Whether a number has no fraction. */
export function isIntegral(value: DbcNumber): boolean {
  return typeof value === "bigint" || Number.isInteger(value);
}

/** The number, or the end of the range that it is beyond. */
export function clampNumber(value: DbcNumber, least: DbcNumber, greatest: DbcNumber): DbcNumber {
  if (value < least) return least;
  return value > greatest ? greatest : value;
}
