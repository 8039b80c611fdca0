import type { AnyType, EnumType, Struct } from "./type.js";

/**
 * The canonical description of a struct: one text for every pair of types that are the same to both sides of a link,
 * however they were written.
 *
 * ```
 * struct  = "struct " name "{" { name ":" type ";" } "}"      fields in declared order
 *         | "struct " name                                    again, after its first appearance
 * enum    = "enum " name ":" scalar "{" name "=" integer { "," name "=" integer } "}"   by ascending integer
 *         | "enum " name                                      again, after its first appearance
 * array   = type "[" length "]"                               the outermost length stands last
 * type    = scalar | enum | array | struct
 *         | "fixedBytes(" length ")" | "bytes(" max ")" | "fixedText(" length ")" | "text(" max ")"
 * scalar  = "u8" | "u16" | "u32" | "u64" | "i8" | "i16" | "i32" | "i64" | "f32" | "f64" | "bool"
 * ```
 *
 * No spaces but those shown; integers are decimal. What changes only the TypeScript side, such as a bigint or a number
 * for 64 bits and plain or typed arrays, is not in it. A name stands for one type throughout a struct, which is
 * checked when the struct is made.
 */
export function describeType(type: AnyType): string {
  return describeWithin(type, new Set());
}

function describeWithin(type: AnyType, seen: Set<string>): string {
  switch (type.kind) {
    case "scalar":
      return type.wire;
    case "enum":
      return describeNamed(`enum ${type.name}`, seen, () => membersOf(type));
    case "array":
      return `${describeWithin(type.element, seen)}[${type.length}]`;
    case "struct":
      return describeNamed(`struct ${type.name}`, seen, () => fieldsOf(type, seen));
    case "bytes":
    case "text":
      return `${type.kind}(${type.max})`;
    default:
      return `${type.kind}(${type.length})`;
  }
}

function describeNamed(title: string, seen: Set<string>, body: () => string): string {
  if (seen.has(title)) return title;
  seen.add(title);
  return title + body();
}

function membersOf(type: EnumType): string {
  return `:${type.base.wire}{${type.members.map((member) => `${member.name}=${member.value}`).join(",")}}`;
}

function fieldsOf(struct: Struct, seen: Set<string>): string {
  return `{${struct.fields.map((field) => `${field.name}:${describeWithin(field.type, seen)};`).join("")}}`;
}

/**
 * The type hash of a description: 64-bit FNV-1a of its UTF-8
 * (offset basis and prime: draft-eastlake-fnv, table for 64 bits).
 */
export function typeHash(description: string): bigint {
  let hash = 0xcbf2_9ce4_8422_2325n;
  for (const byte of Buffer.from(description, "utf8")) {
    hash = BigInt.asUintN(64, (hash ^ BigInt(byte)) * 0x100_0000_01b3n);
  }
  return hash;
}

/** A type hash as 16 hexadecimal digits. */
export function hashHex(hash: bigint): string {
  return hash.toString(16).padStart(16, "0");
}
