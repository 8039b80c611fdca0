import { endianness } from "node:os";
import { requireKnownKeys } from "../errors.js";
import { ALL_ERRORS } from "./error-class.js";
import type { CanFrame } from "./frame.js";
import { type CanId, isCanId, isExtended, MAX_EXTENDED_ID, MAX_STANDARD_ID } from "./id.js";
import { IdFlag, idWord } from "./layout.js";

/**
 * One filter in the kernel's terms: it lets a frame pass if `(can_id & mask) === (id & mask)`, or, inverted, if not. Both
 * are u32 with the flags of `can_id`; bit 29, which `struct can_filter` uses for the inversion, is not set in either.
 */
export interface CanFilter {
  readonly id: number;
  readonly mask: number;
  readonly inverted: boolean;
}

/** What a socket wants to hear. */
export interface FilterSet {
  /**
   * A frame passes if one of them lets it, so none at all means no frames; at most 512. Error frames are not asked.
   * @defaultValue one filter that lets everything pass
   */
  readonly filters?: readonly CanFilter[] | undefined;
  /**
   * Whether all filters must let a frame pass instead of one. With two or more of them the kernel then keeps error frames
   * back, whatever the mask (`raw_rcv`, net/can/raw.c), and so does this.
   * @defaultValue false
   */
  readonly joinFilters?: boolean | undefined;
  /**
   * Bits of `ErrorClass`: an error frame passes if it has one of them.
   * @defaultValue 0
   */
  readonly errorMask?: number | undefined;
}

/** {@link FilterSet} that was checked, with its defaults. */
export type CheckedFilterSet = { readonly [K in keyof FilterSet]-?: Exclude<FilterSet[K], undefined> };

/** Most filters of one socket (`CAN_RAW_FILTER_MAX`, linux/can.h). */
export const MAX_FILTERS = 512;

/** Bytes of one `struct can_filter`: `can_id`, then `can_mask`, u32 in the byte order of the machine (linux/can.h). */
export const FILTER_BYTES = 8;

/** `CAN_INV_FILTER` in `can_id` (linux/can.h). In the mask it would make the filter one for error frames. */
const INVERTED = 0x2000_0000;

const little = endianness() === "LE";

/** Lets every frame pass that is not an error frame. */
export const passAll: CanFilter = { id: 0, mask: 0, inverted: false };

/** Lets data frames of one id pass, the same number in the other format and remote frames not. The kernel's fast path. */
export function exactFilter(id: CanId): CanFilter {
  const bits = isExtended(requireId(id)) ? MAX_EXTENDED_ID : MAX_STANDARD_ID;
  return { id, mask: bits + IdFlag.EXTENDED + IdFlag.REMOTE, inverted: false };
}

/** Lets remote frames of one id pass. */
export function remoteFilter(id: CanId): CanFilter {
  return { ...exactFilter(id), id: id + IdFlag.REMOTE };
}

/**
 * Lets frames of the id's format pass, data and remote, whose bits under the mask are those of the id.
 *
 * @param bits 11 or 29 bits, as the format has.
 */
export function maskFilter(id: CanId, bits: number): CanFilter {
  const most = isExtended(requireId(id)) ? MAX_EXTENDED_ID : MAX_STANDARD_ID;
  if (!Number.isInteger(bits) || bits < 0 || bits > most) {
    throw new RangeError(`The mask for such an id is an integer from 0 to 0x${most.toString(16)}, not ${bits}`);
  }
  return { id, mask: bits + IdFlag.EXTENDED, inverted: false };
}

/** Lets pass what the filter keeps back, and the other way round. */
export function invertFilter(filter: CanFilter): CanFilter {
  return { ...filter, inverted: !filter.inverted };
}

/** The filters as `setsockopt(CAN_RAW_FILTER)` takes them. */
export function encodeFilters(filters: readonly CanFilter[]): Uint8Array {
  const bytes = new Uint8Array(filters.length * FILTER_BYTES);
  const view = new DataView(bytes.buffer);
  checkFilters(filters).forEach(({ id, mask, inverted }, index) => {
    view.setUint32(index * FILTER_BYTES, id + (inverted ? INVERTED : 0), little);
    view.setUint32(index * FILTER_BYTES + 4, mask, little);
  });
  return bytes;
}

/**
 * Reads what {@link encodeFilters} gives.
 *
 * @throws RangeError if the bytes are no whole filters, or one of them is for error frames.
 */
export function decodeFilters(bytes: Uint8Array): CanFilter[] {
  if (bytes.length % FILTER_BYTES !== 0) {
    throw new RangeError(`Filters have ${FILTER_BYTES} bytes each, which ${bytes.length} is no multiple of`);
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const filters: CanFilter[] = [];
  for (let offset = 0; offset < bytes.length; offset += FILTER_BYTES) {
    const id = view.getUint32(offset, little);
    const inverted = (id & INVERTED) !== 0;
    filters.push({ id: inverted ? id - INVERTED : id, mask: view.getUint32(offset + 4, little), inverted });
  }
  return [...checkFilters(filters)];
}

/**
 * The keys of a {@link FilterSet} held against what they may be.
 *
 * @throws TypeError or RangeError if they are not.
 */
export function checkFilterSet(set: FilterSet): CheckedFilterSet {
  requireKnownKeys("filters", set, ["filters", "joinFilters", "errorMask"]);
  const { filters = [passAll], joinFilters = false, errorMask = 0 } = set;
  if (!Array.isArray(filters)) throw new TypeError("filters of a CAN bus must be an array");
  if (typeof joinFilters !== "boolean") throw new TypeError("joinFilters of a CAN bus must be a boolean");
  if (!Number.isInteger(errorMask) || errorMask < 0 || errorMask > ALL_ERRORS) {
    throw new RangeError(`errorMask of a CAN bus is an integer of 29 bits, bits of ErrorClass; found ${errorMask}`);
  }
  return { filters: checkFilters(filters), joinFilters, errorMask };
}

/** A function that tells whether a frame passes, as the kernel would decide (net/can/af_can.c, raw.c). */
export function createMatcher(set: FilterSet): (frame: CanFrame) => boolean {
  const { filters, joinFilters, errorMask } = checkFilterSet(set);
  const tests = filters.map(testOf);
  const all = joinFilters && tests.length > 1;
  return (frame) => {
    if (frame.kind === "error") return !all && (frame.classes & errorMask) !== 0;
    const word = idWord(frame);
    return all ? tests.every((test) => test(word)) : tests.some((test) => test(word));
  };
}

function testOf({ id, mask, inverted }: CanFilter): (word: number) => boolean {
  // A filter that asks for standard ids sees no more than their 11 bits (can_rcv_list_find, net/can/af_can.c).
  const standardOnly = (mask & IdFlag.EXTENDED) !== 0 && (id & IdFlag.EXTENDED) === 0;
  const seen = standardOnly ? mask & (IdFlag.EXTENDED | IdFlag.REMOTE | MAX_STANDARD_ID) : mask | 0;
  const wanted = id & seen;
  return (word) => ((word & seen) === wanted) !== inverted;
}

function checkFilters(filters: readonly CanFilter[]): readonly CanFilter[] {
  if (filters.length > MAX_FILTERS) {
    throw new RangeError(`A CAN socket has at most ${MAX_FILTERS} filters, not ${filters.length}`);
  }
  for (const filter of filters) {
    requireKnownKeys("a CAN filter", filter, ["id", "mask", "inverted"]);
    const { id, mask, inverted } = filter;
    if (typeof inverted !== "boolean") throw new TypeError("inverted of a CAN filter must be a boolean");
    for (const word of [id, mask]) {
      if (!Number.isInteger(word) || word < 0 || word > 0xffff_ffff || (word & INVERTED) !== 0) {
        throw new RangeError(`id and mask of a CAN filter are 32 bits without bit 29; found ${word}`);
      }
    }
  }
  return filters;
}

function requireId(id: CanId): CanId {
  if (isCanId(id)) return id;
  throw new RangeError(`A filter's id is made by standardId() or extendedId(), which do not give ${id}`);
}
