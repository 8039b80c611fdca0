import { addon, checked } from "./addon.js";

interface Addon {
  writeRecords(
    section: Uint8Array,
    offset: number,
    payloads: Uint8Array,
    first: number,
    payloadBytes: number,
    count: number,
    fields: Int32Array,
  ): number;
}

/** Where records go, what their payloads are, and what their headers say. */
export interface RecordsOptions {
  readonly section: Uint8Array;
  /** Of the first record in the section, in bytes; a multiple of 8. */
  readonly offset: number;
  /** The payloads, one behind the other. */
  readonly payloads: Uint8Array;
  /** Of the first payload, in bytes. */
  readonly first: number;
  readonly payloadBytes: number;
  readonly count: number;
  /** The header's second word, the sequence of the first record, and the message. */
  readonly fields: Int32Array;
}

/**
 * Lays records of one kind and length one behind the other into a section (docs/wire-protocol.md, section 2): the one copy
 * of many small pieces that a call into C is worth.
 *
 * @throws IntercellError `EINVAL` if records or payloads do not lie inside; TypeError or RangeError.
 */
export function writeRecords({ section, offset, payloads, first, payloadBytes, count, fields }: RecordsOptions): void {
  const result = addon<Addon>().writeRecords(section, offset, payloads, first, payloadBytes, count, fields);
  if (result < 0) checked(result, { syscall: "writeRecords", wanted: `lay ${count} records of ${payloadBytes} bytes` });
}
