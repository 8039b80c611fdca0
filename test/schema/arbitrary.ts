import fc from "fast-check";
import { array, typedArray } from "../../src/schema/array.js";
import { bytes, fixedBytes } from "../../src/schema/bytes.js";
import { enumOf } from "../../src/schema/enum.js";
import * as scalars from "../../src/schema/scalar.js";
import { struct } from "../../src/schema/struct.js";
import { fixedText, text } from "../../src/schema/text.js";
import type { AnyType, EnumWire, Scalar, ScalarWire, Struct } from "../../src/schema/type.js";

/** Every scalar, by the name it is exported under. */
export const allScalars: Readonly<Record<string, Scalar>> = {
  u8: scalars.u8,
  u16: scalars.u16,
  u32: scalars.u32,
  u64: scalars.u64,
  i8: scalars.i8,
  i16: scalars.i16,
  i32: scalars.i32,
  i64: scalars.i64,
  f32: scalars.f32,
  f64: scalars.f64,
  bool: scalars.bool,
  u64AsNumber: scalars.u64AsNumber,
  i64AsNumber: scalars.i64AsNumber,
};

/** A value the codec must keep, apart from NaN payloads and -0 of integers. */
export function arbitraryValue(type: AnyType): fc.Arbitrary<unknown> {
  switch (type.kind) {
    case "scalar":
      return arbitraryScalarValue(type);
    case "enum":
      return fc.constantFrom(...type.members.map((member) => member.name));
    case "array":
      return type.typed ? arbitraryTypedArray(type.element as Scalar, type.length) : arbitraryPlainArray(type);
    case "fixedBytes":
      return fc.uint8Array({ minLength: type.length, maxLength: type.length });
    case "bytes":
      return fc.uint8Array({ maxLength: type.max });
    case "fixedText":
      return arbitraryText(type.length).map((value) => value.replaceAll("\0", ""));
    case "text":
      return arbitraryText(type.max);
    case "struct": {
      const fields = type.fields.map((field) => [field.name, arbitraryValue(field.type)] as const);
      return fc.record(Object.fromEntries(fields)).map((value) => ({ ...(value as object) }));
    }
  }
}

function arbitraryPlainArray(type: AnyType & { readonly kind: "array" }): fc.Arbitrary<unknown> {
  return fc.array(arbitraryValue(type.element), { minLength: type.length, maxLength: type.length });
}

function arbitraryTypedArray(element: Scalar, length: number): fc.Arbitrary<unknown> {
  const bounds = { minLength: length, maxLength: length };
  switch (element.wire as Exclude<ScalarWire, "bool">) {
    case "u8":
      return fc.uint8Array(bounds);
    case "u16":
      return fc.uint16Array(bounds);
    case "u32":
      return fc.uint32Array(bounds);
    case "u64":
      return fc.bigUint64Array(bounds);
    case "i8":
      return fc.int8Array(bounds);
    case "i16":
      return fc.int16Array(bounds);
    case "i32":
      return fc.int32Array(bounds);
    case "i64":
      return fc.bigInt64Array(bounds);
    case "f32":
      return fc.float32Array(bounds);
    case "f64":
      return fc.float64Array(bounds);
  }
}

function arbitraryText(maxBytes: number): fc.Arbitrary<string> {
  // Cut at whole code points until the bytes fit.
  return fc.string({ unit: "binary", maxLength: maxBytes }).map((value) => {
    const points = [...value];
    while (Buffer.byteLength(points.join("")) > maxBytes) points.pop();
    return points.join("");
  });
}

function arbitraryScalarValue(type: Scalar): fc.Arbitrary<unknown> {
  switch (type.wire) {
    case "u64":
      return type.asNumber ? fc.maxSafeNat() : fc.bigInt({ min: 0n, max: 2n ** 64n - 1n });
    case "i64":
      return type.asNumber ? fc.maxSafeInteger() : fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n });
    case "f32":
      return fc.float();
    case "f64":
      return fc.double();
    case "bool":
      return fc.boolean();
    default: {
      const bits = type.size * 8;
      const signed = type.wire.startsWith("i");
      const min = signed ? -(2 ** (bits - 1)) : 0;
      return fc.integer({ min, max: min + 2 ** bits - 1 });
    }
  }
}

const fieldName = fc.stringMatching(/^[a-z][a-zA-Z0-9_]{0,6}$/).map((name) => `f_${name}`);

/** Makes names that differ within one schema, as a name must stand for one type. */
interface Names {
  next: number;
}

function arbitraryEnum(names: Names): fc.Arbitrary<AnyType> {
  return fc.constantFrom<EnumWire>("u8", "u16", "u32", "i8", "i16", "i32").chain((wire) => {
    const base = allScalars[wire] as Scalar<number, EnumWire>;
    const value = arbitraryScalarValue(base) as fc.Arbitrary<number>;
    return fc.uniqueArray(value, { minLength: 1, maxLength: 6 }).map((values) => {
      const members = Object.fromEntries(values.map((integer, index) => [`m${index}`, integer]));
      return enumOf(`E${names.next++}`, members, base);
    });
  });
}

function arbitraryType(names: Names, levels: number): fc.Arbitrary<AnyType> {
  const scalar = fc.constantFrom(...Object.values(allScalars));
  const max = fc.integer({ min: 1, max: 70 });
  const typable = scalar.filter((type) => !type.asNumber && type.wire !== "bool");
  const leaves = [
    { weight: 6, arbitrary: scalar as fc.Arbitrary<AnyType> },
    { weight: 2, arbitrary: arbitraryEnum(names) },
    { weight: 1, arbitrary: max.map(fixedBytes) },
    { weight: 1, arbitrary: max.map(bytes) },
    { weight: 1, arbitrary: max.map(fixedText) },
    { weight: 1, arbitrary: max.map(text) },
    {
      weight: 1,
      arbitrary: fc.tuple(typable, max).map(([type, length]) => typedArray(type as Scalar<number, "u8">, length)),
    },
  ];
  if (levels === 0) return fc.oneof(...leaves);
  const nested = arbitraryType(names, levels - 1);
  return fc.oneof(
    ...leaves,
    { weight: 3, arbitrary: fc.tuple(nested, fc.integer({ min: 1, max: 5 })).map(([type, n]) => array(type, n)) },
    { weight: 3, arbitrary: arbitraryFields(names, levels - 1, 1) },
  );
}

function arbitraryFields(names: Names, levels: number, minLength: number): fc.Arbitrary<Struct> {
  const field = fc.tuple(fieldName, arbitraryType(names, levels));
  const options = { minLength, maxLength: 8, selector: ([name]: readonly [string, AnyType]) => name };
  return fc
    .uniqueArray(field, options)
    .map((fields) => struct(`S${names.next++}`, Object.fromEntries(fields)) as Struct);
}

/** Any struct of a few levels. */
export function arbitraryStruct(minFields = 0): fc.Arbitrary<Struct> {
  return arbitraryFields({ next: 0 }, 2, minFields);
}

/** Any struct and a value of it. */
export function arbitraryMessage(minFields = 0): fc.Arbitrary<readonly [Struct, unknown]> {
  return arbitraryStruct(minFields).chain((type) => fc.tuple(fc.constant(type), arbitraryValue(type)));
}
