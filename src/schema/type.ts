import type { Codec } from "./codec.js";

/** The wire types of single values. All are little-endian and aligned to their own size. */
export type ScalarWire = "u8" | "u16" | "u32" | "u64" | "i8" | "i16" | "i32" | "i64" | "f32" | "f64" | "bool";

/** The wire types an enum can stand on. */
export type EnumWire = "u8" | "u16" | "u32" | "i8" | "i16" | "i32";

/** What every type knows of its layout. `T` is the TypeScript type of its values. */
export interface TypeBase<T> {
  /** Bytes that a value takes, as C's `sizeof` gives them. */
  readonly size: number;
  /** Bytes that the offset of a value is a multiple of, as C's `_Alignof` gives them. */
  readonly align: number;
  /** Levels of arrays and structs in this type; 0 for a type without parts. */
  readonly depth: number;
  /** Carries `T` for inference; never present. */
  readonly "~value"?: T;
}

/** A single number, bigint or boolean. */
export interface Scalar<
  T extends number | bigint | boolean = number | bigint | boolean,
  W extends ScalarWire = ScalarWire,
> extends TypeBase<T> {
  readonly kind: "scalar";
  readonly wire: W;
  /** Whether a 64-bit integer is a safe JavaScript number here, rather than a bigint. The wire is the same. */
  readonly asNumber: boolean;
}

/** One name of an enum, with the integer that stands for it on the wire. */
export interface EnumMember {
  readonly name: string;
  readonly value: number;
}

/** A choice of names over an integer. Values are the names. */
export interface EnumType<M extends string = string> extends TypeBase<M> {
  readonly kind: "enum";
  readonly name: string;
  readonly base: Scalar<number, EnumWire>;
  /** In ascending order of value. */
  readonly members: readonly EnumMember[];
}

/** A fixed number of values of one type, one after another. */
export interface ArrayType<T = unknown> extends TypeBase<T> {
  readonly kind: "array";
  readonly element: AnyType;
  /** Elements, never 0. */
  readonly length: number;
  /** Whether values are typed arrays rather than plain ones. The wire is the same. */
  readonly typed: boolean;
}

/** A fixed number of bytes. */
export interface FixedBytes extends TypeBase<Uint8Array> {
  readonly kind: "fixedBytes";
  /** Bytes. */
  readonly length: number;
}

/** Up to `max` bytes after a length: `struct { uintN_t length; uint8_t data[max]; }`. */
export interface Bytes extends TypeBase<Uint8Array> {
  readonly kind: "bytes";
  /** The most bytes a value can have. */
  readonly max: number;
  /** Bytes of the length, which is also the offset of the data: 2 up to a `max` of 65535, else 4. */
  readonly prefix: 2 | 4;
}

/** UTF-8 text in a fixed number of bytes, padded with NUL: `char name[length];`. */
export interface FixedText extends TypeBase<string> {
  readonly kind: "fixedText";
  /** Bytes. */
  readonly length: number;
}

/** UTF-8 text of up to `max` bytes after a length: `struct { uintN_t length; char data[max]; }`. */
export interface Text extends TypeBase<string> {
  readonly kind: "text";
  /** The most bytes of UTF-8 a value can have. */
  readonly max: number;
  /** Bytes of the length, which is also the offset of the data: 2 up to a `max` of 65535, else 4. */
  readonly prefix: 2 | 4;
}

/** One field of a struct. */
export interface Field {
  readonly name: string;
  readonly type: AnyType;
  /** Bytes from the start of the struct. */
  readonly offset: number;
  readonly size: number;
  readonly align: number;
}

/** Named fields in declared order, laid out as a C compiler does it. A message is always a struct. */
export interface Struct<T = unknown> extends TypeBase<T> {
  readonly kind: "struct";
  readonly name: string;
  readonly fields: readonly Field[];
  /** Whether a message of this type may end after the used bytes of its last field. */
  readonly truncatable: boolean;
  /** Bytes of the shortest message of this type; equal to `size` unless `truncatable`. */
  readonly minSize: number;
  /** The canonical description of this type, in the grammar that `describeType()` documents. */
  readonly description: string;
  /** 64-bit FNV-1a of `description`. */
  readonly hash: bigint;
  /** `hash` as 16 hexadecimal digits. */
  readonly hashHex: string;
  /** The codec of this type, made at first use and kept. */
  readonly codec: Codec<T>;
}

/** Any type, told apart by `kind`. */
export type AnyType = Scalar | EnumType | ArrayType | FixedBytes | Bytes | FixedText | Text | Struct;

/** A type whose values are `T`. */
export type Type<T = unknown> = AnyType & TypeBase<T>;

const made = new WeakSet<object>();

/** Freezes a type and marks it as made by this module's functions, which have checked its names and numbers. */
export function seal<T extends AnyType>(type: T): T {
  made.add(Object.freeze(type));
  return type;
}

/**
 * Holds a value against being a type made by this module's functions. Generated code relies on names and numbers that
 * were checked, so a look-alike object is not enough.
 *
 * @throws TypeError if it is anything else.
 */
export function requireType(value: unknown, where: string): asserts value is AnyType {
  if (typeof value === "object" && value !== null && made.has(value)) return;
  throw new TypeError(`${where} must be a type such as u32 or array(u8, 4), not ${typeof value}`);
}
