import type { Infer } from "./infer.js";
import { requireCount, requireLimits } from "./layout.js";
import { type Refusal, wrongType, wrongValue } from "./refusal.js";
import { type AnyType, type ArrayType, requireType, type Scalar, type ScalarWire, seal } from "./type.js";

/**
 * Exactly `length` values of one type, as a plain array. Arrays of arrays are laid out as C does it, the last index
 * running fastest: `array(array(u8, 3), 2)` is `uint8_t x[2][3]`.
 *
 * @throws TypeError if the element is not a type or takes no bytes.
 * @throws RangeError if the length is not an integer of at least 1, or the array over the limits of size or depth.
 */
export function array<const E extends AnyType>(element: E, length: number): ArrayType<readonly Infer<E>[]> {
  return arrayOf(element, length, false);
}

/** The typed array that holds the numbers of a scalar. */
interface TypedArrays {
  u8: Uint8Array;
  u16: Uint16Array;
  u32: Uint32Array;
  u64: BigUint64Array;
  i8: Int8Array;
  i16: Int16Array;
  i32: Int32Array;
  i64: BigInt64Array;
  f32: Float32Array;
  f64: Float64Array;
}

/** The scalars that a typed array can hold. */
export type TypedWire = keyof TypedArrays;

/**
 * Exactly `length` numbers, as a typed array; the wire and the type hash are those of {@link array}.
 *
 * @throws TypeError if the element is not a number type, or a 64-bit integer as a number.
 * @throws RangeError as {@link array} does.
 */
export function typedArray<const W extends TypedWire>(
  element: Scalar<number | bigint, W>,
  length: number,
): ArrayType<TypedArrays[W]> {
  requireType(element, "The element of a typed array");
  if (element.kind !== "scalar" || (element.wire as ScalarWire) === "bool" || element.asNumber) {
    throw new TypeError("The element of a typed array must be one of u8 to u64, i8 to i64, f32 and f64");
  }
  return arrayOf(element, length, true);
}

/** What the typed array classes have in common here. */
export interface TypedArrayClass {
  readonly name: string;
  new (length: number): ArrayBufferView & { readonly length: number; readonly buffer: ArrayBufferLike };
}

const classes: Readonly<Record<TypedWire, TypedArrayClass>> = {
  u8: Uint8Array,
  u16: Uint16Array,
  u32: Uint32Array,
  u64: BigUint64Array,
  i8: Int8Array,
  i16: Int16Array,
  i32: Int32Array,
  i64: BigInt64Array,
  f32: Float32Array,
  f64: Float64Array,
};

/** The class of the values of a typed array. */
export function typedArrayClass(type: ArrayType): TypedArrayClass {
  return classes[(type.element as Scalar<number, TypedWire>).wire];
}

/** Why `value` is not an array of the right class and length, or undefined if it is. */
export function refuseArray(type: ArrayType, value: unknown): Refusal | undefined {
  if (type.typed) {
    const wanted = `a ${typedArrayClass(type).name} of ${type.length}`;
    // The tag also knows a typed array of another realm, which instanceof does not.
    if (!ArrayBuffer.isView(value) || tagOf(value) !== typedArrayClass(type).name) return wrongType(wanted, value);
    const { length } = value as ArrayBufferView & { readonly length: number };
    return length === type.length ? undefined : wrongValue(wanted, length);
  }
  if (!Array.isArray(value)) return wrongType(`an array of ${type.length}`, value);
  return value.length === type.length ? undefined : wrongValue(`an array of ${type.length}`, value);
}

const tagGetter = Object.getOwnPropertyDescriptor(Object.getPrototypeOf(Uint8Array.prototype), Symbol.toStringTag)?.get;

function tagOf(value: ArrayBufferView): unknown {
  return tagGetter?.call(value);
}

function arrayOf<T>(element: AnyType, length: number, typed: boolean): ArrayType<T> {
  requireType(element, "The element of an array");
  requireCount(length, "The length of an array");
  if (element.size === 0) throw new TypeError("The element of an array must not be an empty struct, as C has none");
  const size = element.size * length;
  const depth = element.depth + 1;
  requireLimits("The array", size, depth);
  return seal({ kind: "array", element, length, typed, size, align: element.align, depth });
}
