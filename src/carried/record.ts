import { RecordKind } from "../channel/link.js";
import { LinkBreach, LinkFault } from "./fault.js";
import { readVarint, writeVarint } from "./varint.js";

/** Longest header of a record: kind, channel, message, length. */
export const MAX_RECORD_HEADER = 1 + 3 + 3 + 4;

/** Head of a record in the stream (docs/can-wire.md, section 4). */
export interface RecordHeader {
  readonly kind: RecordKind;
  readonly channel: number;
  readonly message: number;
  readonly lengthBytes: number;
}

const kinds: ReadonlySet<number> = new Set(Object.values(RecordKind));

/** Bytes at the front of a payload that the kind itself needs (docs/wire-protocol.md, section 4). */
const leastBytes: Readonly<Partial<Record<RecordKind, number>>> = { 3: 8, 4: 10, 7: 8 };

/** Writes a header of at most {@link MAX_RECORD_HEADER} bytes; gives its length. */
export function encodeRecordHeader(bytes: Uint8Array, { kind, channel, message, lengthBytes }: RecordHeader): number {
  bytes[0] = kind;
  return writeVarint(bytes, writeVarint(bytes, writeVarint(bytes, 1, channel), message), lengthBytes);
}

/**
 * Reads a header.
 *
 * @param byteAt gives the byte at an offset, undefined beyond what has come.
 * @returns it and its length, or undefined if more must come first.
 * @throws LinkBreach `record`.
 */
export function decodeRecordHeader(
  byteAt: (offset: number) => number | undefined,
  maxPayload: number,
): { readonly header: RecordHeader; readonly headerBytes: number } | undefined {
  const kind = byteAt(0);
  if (kind === undefined) return undefined;
  if (!kinds.has(kind)) throw new LinkBreach(LinkFault.record, `A record is of kind ${kind}, which does not exist`);
  const numbers: number[] = [];
  let offset = 1;
  for (const [name, most] of [
    ["channel", 0xffff],
    ["message", 0xffff],
    ["length", maxPayload],
  ] as const) {
    const number = readVarint(byteAt, offset);
    if (number === "short") return undefined;
    if (number === "long" || number.value > most) {
      throw new LinkBreach(LinkFault.record, `The ${name} of a record is more than ${most}`);
    }
    numbers.push(number.value);
    offset = number.end;
  }
  const [channel = 0, message = 0, lengthBytes = 0] = numbers;
  const least = leastBytes[kind as RecordKind] ?? 0;
  if (lengthBytes < least) {
    throw new LinkBreach(
      LinkFault.record,
      `A record of kind ${kind} has ${lengthBytes} bytes, wanted ${least} at least`,
    );
  }
  return { header: { kind: kind as RecordKind, channel, message, lengthBytes }, headerBytes: offset };
}
