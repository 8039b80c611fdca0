export { array, type TypedWire, typedArray } from "./array.js";
export { bytes, fixedBytes } from "./bytes.js";
export type { Codec, FieldReader, FieldWriter, View, Writer } from "./codec.js";
export { describeType, hashHex, typeHash } from "./description.js";
export { enumOf } from "./enum.js";
export type { FieldTypes, Infer, InferFields } from "./infer.js";
export { MAX_DEPTH, MAX_FIELDS, MAX_SIZE_BYTES } from "./layout.js";
export { MAX_NAME_LENGTH } from "./name.js";
export { bool, f32, f64, i8, i16, i32, i64, i64AsNumber, u8, u16, u32, u64, u64AsNumber } from "./scalar.js";
export { codec, struct } from "./struct.js";
export { fixedText, text } from "./text.js";
export type {
  AnyType,
  ArrayType,
  Bytes,
  EnumMember,
  EnumType,
  EnumWire,
  Field,
  FixedBytes,
  FixedText,
  Scalar,
  ScalarWire,
  Struct,
  Text,
  Type,
  TypeBase,
} from "./type.js";
