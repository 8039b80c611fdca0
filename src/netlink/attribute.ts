import { ErrorCode, IntercellError } from "../errors.js";

/*
 *  0               2               4
 * +---------------+---------------+----------------------+---------+
 * | length, u16   | type, u16     | payload              | padding |
 * +---------------+---------------+----------------------+---------+
 * The length counts header and payload; the padding is up to the next multiple of 4 (linux/netlink.h, struct nlattr).
 */

const HEADER_BYTES = 4;
/** Set in the type of an attribute that holds others (NLA_F_NESTED). */
const NESTED = 0x8000;
/** What is left of a type without NLA_F_NESTED and NLA_F_NET_BYTEORDER (NLA_TYPE_MASK). */
const TYPE_MASK = 0x3fff;
const MAX_PAYLOAD_BYTES = 0xffff - HEADER_BYTES;

/** One attribute to be sent: bytes, or attributes inside of it. */
export interface Attribute {
  readonly type: number;
  readonly value: Uint8Array | readonly Attribute[];
}

export function u32Attribute(type: number, value: number): Attribute {
  return { type, value: u32Bytes(value) };
}

/** A text with the NUL that the kernel wants behind it. */
export function textAttribute(type: number, text: string): Attribute {
  return { type, value: new TextEncoder().encode(`${text}\0`) };
}

/** Words of 32 bits, one behind the other, in the byte order of this machine: netlink is never sent elsewhere. */
export function u32Bytes(...values: readonly number[]): Uint8Array {
  return new Uint8Array(Uint32Array.from(values).buffer);
}

/** Rounded up to where the next attribute or message may begin (NLA_ALIGN, NLMSG_ALIGN). */
export function align(sizeBytes: number): number {
  return (sizeBytes + 3) & ~3;
}

/** Bytes one behind the other. */
export function concatenate(parts: readonly Uint8Array[]): Uint8Array {
  const joined = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    joined.set(part, at);
    at += part.length;
  }
  return joined;
}

/** Attributes as the kernel reads them, each padded with zeros. */
export function encodeAttributes(attributes: readonly Attribute[]): Uint8Array {
  return concatenate(attributes.map(encodeAttribute));
}

function encodeAttribute({ type, value }: Attribute): Uint8Array {
  const isNest = !(value instanceof Uint8Array);
  const payload = isNest ? encodeAttributes(value) : value;
  if (payload.length > MAX_PAYLOAD_BYTES) {
    throw new RangeError(`A netlink attribute holds ${MAX_PAYLOAD_BYTES} bytes at most, not ${payload.length}`);
  }
  const bytes = new Uint8Array(align(HEADER_BYTES + payload.length));
  const view = new DataView(bytes.buffer);
  view.setUint16(0, HEADER_BYTES + payload.length, true);
  view.setUint16(2, isNest ? type | NESTED : type, true);
  bytes.set(payload, HEADER_BYTES);
  return bytes;
}

/** The attributes of a message or nest by their types; of several with one type the last, as the kernel reads them. */
export class AttributeSet {
  readonly #payloads = new Map<number, Uint8Array>();

  /** @throws IntercellError `ERR_DECODE` if an attribute does not fit the bytes. */
  constructor(bytes: Uint8Array) {
    const view = viewOf(bytes);
    let at = 0;
    while (at + HEADER_BYTES <= bytes.length) {
      const length = view.getUint16(at, true);
      if (length < HEADER_BYTES || at + length > bytes.length) {
        throw malformed(`an attribute of ${length} bytes where ${bytes.length - at} are left`);
      }
      this.#payloads.set(view.getUint16(at + 2, true) & TYPE_MASK, bytes.subarray(at + HEADER_BYTES, at + length));
      at += align(length);
    }
    if (at < bytes.length) throw malformed(`${bytes.length - at} bytes behind the last attribute`);
  }

  has(type: number): boolean {
    return this.#payloads.has(type);
  }

  bytes(type: number): Uint8Array | undefined {
    return this.#payloads.get(type);
  }

  u8(type: number): number | undefined {
    return this.#view(type, 1)?.getUint8(0);
  }

  u16(type: number): number | undefined {
    return this.#view(type, 2)?.getUint16(0, true);
  }

  u32(type: number): number | undefined {
    return this.#view(type, 4)?.getUint32(0, true);
  }

  /** A text up to its NUL. */
  text(type: number): string | undefined {
    const bytes = this.#payloads.get(type);
    return bytes === undefined ? undefined : textUpToNul(bytes);
  }

  nest(type: number): AttributeSet | undefined {
    const bytes = this.#payloads.get(type);
    return bytes === undefined ? undefined : new AttributeSet(bytes);
  }

  #view(type: number, sizeBytes: number): DataView | undefined {
    const bytes = this.#payloads.get(type);
    if (bytes === undefined) return undefined;
    if (bytes.length < sizeBytes) throw malformed(`attribute ${type} of ${bytes.length} bytes instead of ${sizeBytes}`);
    return viewOf(bytes);
  }
}

/** The text in a field of fixed size. */
export function textUpToNul(bytes: Uint8Array): string {
  const end = bytes.indexOf(0);
  return new TextDecoder().decode(end < 0 ? bytes : bytes.subarray(0, end));
}

export function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** @internal */
export function malformed(found: string): IntercellError {
  return new IntercellError(ErrorCode.DECODE, `Cannot read what the kernel sent by netlink: found ${found}`);
}
