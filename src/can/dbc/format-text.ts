import type { CanId } from "../id.js";
import type { DbcAttributeValue } from "./model.js";
import { formatNumber } from "./number.js";

/** A string of a file. @throws RangeError if it ends with a backslash, which would take the quotation mark with it. */
export function quote(text: string): string {
  if (text.endsWith("\\")) {
    throw new RangeError(`A text in a DBC file cannot end with a backslash: ${JSON.stringify(text)}`);
  }
  return `"${text.replaceAll('"', '\\"')}"`;
}

/** A message id as a file has it; the flag of extended ids is where `CanId` has it. */
export function fileId(id: CanId): number {
  return id;
}

export function formatValue(value: DbcAttributeValue): string {
  return typeof value === "string" ? quote(value) : formatNumber(value);
}
