import { ALL_ERRORS } from "./error-class.js";
import { type CanFilter, type CheckedFilterSet, passAll } from "./filter.js";
import { IdFlag } from "./layout.js";

const pattern = /^([0-9a-f]{1,8})([:~])([0-9a-f]{1,8})$/i;

/**
 * Reads filters as candump takes them after the interface, without the comma before them: `123:7FF` (let pass), `123~7FF`
 * (keep back), `#000000FF` (error mask), `j` (join the filters), in any number, with commas between. An id of eight digits
 * is an extended one. Only an error mask, or nothing, leaves the filter that lets everything pass.
 *
 * @throws RangeError if a part is none of these.
 */
export function parseFilters(text: string): CheckedFilterSet {
  const filters: CanFilter[] = [];
  let joinFilters = false;
  let errorMask = 0;
  for (const part of text === "" ? [] : text.split(",")) {
    const mask = /^#([0-9a-f]{1,8})$/i.exec(part);
    if (/^j$/i.test(part)) joinFilters = true;
    else if (mask !== null) errorMask = (Number.parseInt(mask[1] ?? "", 16) & ALL_ERRORS) >>> 0;
    else filters.push(parseFilter(part));
  }
  return { filters: filters.length === 0 ? [passAll] : filters, joinFilters, errorMask };
}

function parseFilter(text: string): CanFilter {
  const [, idText = "", sign, maskText = ""] = pattern.exec(text) ?? [];
  if (sign === undefined) {
    throw new RangeError(
      `A filter is written as id:mask or id~mask in hexadecimal, as #mask for errors, or as j; found ${JSON.stringify(text)}`,
    );
  }
  const id = Number.parseInt(idText, 16);
  // The bit for errors has another meaning in each of the two words; candump takes it out of the mask.
  const withFormat = idText.length === 8 ? id | IdFlag.EXTENDED : id;
  const word = (bits: number): number => (bits & ~IdFlag.ERROR) >>> 0;
  return { id: word(withFormat), mask: word(Number.parseInt(maskText, 16)), inverted: sign === "~" };
}
