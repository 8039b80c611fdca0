import type { AnyType, EnumType, Scalar, ScalarWire, Struct } from "../../src/schema/type.js";

/**
 * Plain C declarations of schema types, by a rule of its own: each field is one member, and the compiler alone decides
 * where it lies. Structs get unique names by a number, so that many schemas share one file.
 */
export class CProgram {
  readonly #declared = new Map<Struct, string>();
  readonly #lines: string[] = ["#include <stdint.h>", "#include <stddef.h>", ""];
  #count = 0;

  /**
   * Adds a schema and a value of it. Section `.facts<n>` of the object file then holds u32 words: `sizeof`, `_Alignof`
   * and every field's offset and size; section `.value<n>` the bytes of the value.
   */
  add(struct: Struct, value: unknown): number {
    const index = this.#count++;
    const name = this.#declare(struct);
    const members = struct.fields.map((_, i) => `offsetof(${name}, m${i}), sizeof(((${name} *)0)->m${i})`);
    const facts = [`sizeof(${name})`, `_Alignof(${name})`, ...members].join(", ");
    this.#lines.push(
      `__attribute__((section(".facts${index}"), used)) const uint32_t facts${index}[] = { ${facts} };`,
      `__attribute__((section(".value${index}"), used)) const ${name} value${index} = ${literal(struct, value)};`,
    );
    return index;
  }

  toString(): string {
    return `${this.#lines.join("\n")}\n`;
  }

  #declare(struct: Struct): string {
    let name = this.#declared.get(struct);
    if (name === undefined) {
      name = `struct s${this.#declared.size}`;
      this.#declared.set(struct, name);
      const members = struct.fields.map((field, index) => `\t${this.#member(field.type, `m${index}`)};`);
      this.#lines.push(`${name} {`, ...members, "};");
    }
    return name;
  }

  #member(type: AnyType, name: string): string {
    switch (type.kind) {
      case "scalar":
        return `${scalarNames[type.wire]} ${name}`;
      case "enum":
        return `${scalarNames[type.base.wire]} ${name}`;
      case "array":
        return this.#member(type.element, `${name}[${type.length}]`);
      case "fixedBytes":
        return `uint8_t ${name}[${type.length}]`;
      case "fixedText":
        return `char ${name}[${type.length}]`;
      case "bytes":
      case "text":
        return `struct { uint${type.max > 65535 ? 32 : 16}_t length; uint8_t data[${type.max}]; } ${name}`;
      case "struct":
        return `${this.#declare(type)} ${name}`;
    }
  }
}

const scalarNames: Readonly<Record<ScalarWire, string>> = {
  u8: "uint8_t",
  u16: "uint16_t",
  u32: "uint32_t",
  u64: "uint64_t",
  i8: "int8_t",
  i16: "int16_t",
  i32: "int32_t",
  i64: "int64_t",
  f32: "float",
  f64: "double",
  bool: "_Bool",
};

function literal(type: AnyType, value: unknown): string {
  switch (type.kind) {
    case "scalar":
      return scalarLiteral(type, value);
    case "enum":
      return `${memberValue(type, value)}`;
    case "array":
      return `{ ${Array.from(value as Iterable<unknown>, (each) => literal(type.element, each)).join(", ")} }`;
    case "fixedBytes":
      return byteList(value as Uint8Array);
    case "fixedText":
      return byteList(Buffer.from(value as string));
    case "bytes":
      return `{ ${(value as Uint8Array).length}, ${byteList(value as Uint8Array)} }`;
    case "text":
      return `{ ${Buffer.byteLength(value as string)}, ${byteList(Buffer.from(value as string))} }`;
    case "struct": {
      const record = value as Readonly<Record<string, unknown>>;
      return `{ ${type.fields.map((field, i) => `.m${i} = ${literal(field.type, record[field.name])}`).join(", ")} }`;
    }
  }
}

function memberValue(type: EnumType, value: unknown): number | undefined {
  return type.members.find((member) => member.name === value)?.value;
}

function byteList(bytes: Uint8Array): string {
  return `{ ${[...bytes, ...(bytes.length === 0 ? [0] : [])].join(", ")} }`;
}

function scalarLiteral(type: Scalar, value: unknown): string {
  if (type.wire === "f32" || type.wire === "f64") return floatLiteral(value as number);
  if (typeof value === "boolean") return value ? "1" : "0";
  // The least integer of 64 bits has no literal in C; its negation minus one has.
  if (value === -(2n ** 63n)) return "(-INT64_C(9223372036854775807) - 1)";
  if (type.wire === "i64") return `INT64_C(${value})`;
  return type.wire === "u64" ? `UINT64_C(${value})` : `(${value}${type.wire === "u32" ? "u" : ""})`;
}

function floatLiteral(value: number): string {
  if (Number.isNaN(value)) return '__builtin_nan("")';
  if (!Number.isFinite(value)) return value > 0 ? "__builtin_inf()" : "-__builtin_inf()";
  if (Object.is(value, -0)) return "-0.0";
  // Seventeen significant digits name every double exactly.
  return value.toExponential(16);
}
