declare const formatBrand: unique symbol;

/** An identifier of 11 bits. */
export type StandardId = number & { readonly [formatBrand]: "standard" };

/**
 * An identifier of 29 bits. It carries bit 31 as the kernel's `can_id` does (`CAN_EFF_FLAG`, linux/can.h), so it equals no
 * standard one, not even as the key of a map.
 */
export type ExtendedId = number & { readonly [formatBrand]: "extended" };

/** What a frame is known by on the bus. Made by {@link standardId} and {@link extendedId}. */
export type CanId = StandardId | ExtendedId;

/** Highest standard identifier (`CAN_SFF_MASK`, linux/can.h). */
export const MAX_STANDARD_ID = 0x7ff;

/** Highest extended identifier, without the flag (`CAN_EFF_MASK`, linux/can.h). */
export const MAX_EXTENDED_ID = 0x1fff_ffff;

const EXTENDED_FLAG = 0x8000_0000;

/** @throws RangeError if `value` is not an integer from 0 to 0x7ff. */
export function standardId(value: number): StandardId {
  if (Number.isInteger(value) && value >= 0 && value <= MAX_STANDARD_ID) return value as StandardId;
  throw new RangeError(`A standard CAN id is an integer from 0 to 0x7ff, not ${shown(value)}`);
}

/** @throws RangeError if `value` is not an integer from 0 to 0x1fffffff. */
export function extendedId(value: number): ExtendedId {
  if (Number.isInteger(value) && value >= 0 && value <= MAX_EXTENDED_ID) return (value + EXTENDED_FLAG) as ExtendedId;
  throw new RangeError(`An extended CAN id is an integer from 0 to 0x1fffffff, not ${shown(value)}`);
}

/** Whether `value` was made by {@link standardId} or {@link extendedId}, or could have been. */
export function isCanId(value: number): value is CanId {
  if (!Number.isInteger(value) || value < 0) return false;
  return value <= MAX_STANDARD_ID || (value >= EXTENDED_FLAG && value <= EXTENDED_FLAG + MAX_EXTENDED_ID);
}

export function isExtended(id: CanId): id is ExtendedId {
  return id >= EXTENDED_FLAG;
}

/** The bits that go over the wire: 11 or 29, without the flag. */
export function idBits(id: CanId): number {
  return id & MAX_EXTENDED_ID;
}

/** Three hexadecimal digits for a standard identifier, eight for an extended one, as can-utils prints them. */
export function formatId(id: CanId): string {
  return hex(idBits(id), isExtended(id) ? 8 : 3);
}

/**
 * Reads what {@link formatId} gives; the number of digits tells the format.
 *
 * @throws RangeError if it is not three or eight hexadecimal digits of an identifier in range.
 */
export function parseId(text: string): CanId {
  if (/^[0-9a-f]{3}$/i.test(text)) return standardId(Number.parseInt(text, 16));
  if (/^[0-9a-f]{8}$/i.test(text)) return extendedId(Number.parseInt(text, 16));
  const wanted = "three hexadecimal digits (standard) or eight (extended)";
  throw new RangeError(`A CAN id is written as ${wanted}, not as ${JSON.stringify(text)}`);
}

function hex(value: number, digits: number): string {
  return value.toString(16).toUpperCase().padStart(digits, "0");
}

function shown(value: unknown): string {
  return typeof value === "number" && Number.isInteger(value) && value >= 0 ? `0x${value.toString(16)}` : String(value);
}
