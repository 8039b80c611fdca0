import { refuseArray } from "./array.js";
import { enumMaps } from "./enum.js";
import { put, putLast } from "./interpret.js";
import type { Program } from "./program.js";
import { REFUSED } from "./refusal.js";
import { scalarWriter } from "./scalar-access.js";
import type { AnyType, ArrayType, Bytes, EnumType, Scalar, Struct, Text } from "./type.js";

/**
 * Adds the function `(v, d, o)` that writes a struct at offset `o` of the DataView `d`, and gives its identifier. It
 * returns the bytes of the message and throws a Refusal, without a path, for a value that does not fit.
 */
export function addEncoder(program: Program, struct: Struct, truncate: boolean): string {
  const refused = program.constant(REFUSED);
  const lines = [`if (typeof v !== "object" || v === null || Array.isArray(v)) throw ${refused};`];
  let end = 0;
  for (const [index, { name, type, offset, size }] of struct.fields.entries()) {
    lines.push(...gap(end, offset));
    const value = program.fresh();
    lines.push(`const ${value} = v[${JSON.stringify(name)}];`);
    if (truncate && index === struct.fields.length - 1) {
      const last = `${program.constant(putLast)}(${program.constant(type as Bytes | Text)}, ${value}, d, o + ${offset})`;
      lines.push(`return ${offset} + ${last};`);
    } else {
      lines.push(...encode(program, type, value, `o + ${offset}`));
    }
    end = offset + size;
  }
  lines.push(...gap(end, struct.size), `return ${struct.size};`);
  return program.add("v, d, o", lines.join("\n"));
}

/** Statements that zero the padding from `start` to `end` of a struct; it is less than 8 bytes. */
function gap(start: number, end: number): string[] {
  const lines: string[] = [];
  for (let at = start; at < end; at++) lines.push(`d.setUint8(o + ${at}, 0);`);
  return lines;
}

/** Statements that check the variable `value` and write it at the expression `at`. */
function encode(program: Program, type: AnyType, value: string, at: string): string[] {
  switch (type.kind) {
    case "scalar":
      return encodeScalar(program, type, value, at);
    case "enum":
      return encodeEnum(program, type, value, at);
    case "array":
      return encodeArray(program, type, value, at);
    case "struct": {
      const nested = program.shared("encode", type, () => addEncoder(program, type, false));
      return [`${nested}(${value}, d, ${at});`];
    }
    default:
      return [`${program.constant(put)}(${program.constant(type)}, ${value}, d, ${at});`];
  }
}

function encodeScalar(program: Program, type: Scalar, value: string, at: string): string[] {
  const check = `if (${misfit(type, value)}) throw ${program.constant(REFUSED)};`;
  if (type.asNumber) return [check, `${program.constant(scalarWriter(type))}(d, ${at}, ${value});`];
  return [check, store(type, value, "d", at)];
}

/** An expression that is true if the variable `value` does not fit a scalar. */
export function misfit(type: Scalar, value: string): string {
  const noNumber = `typeof ${value} !== "number"`;
  if (type.asNumber) return `!Number.isSafeInteger(${value})${type.wire === "u64" ? ` || ${value} < 0` : ""}`;
  switch (type.wire) {
    case "u8":
      return `${noNumber} || (${value} & 0xff) !== ${value}`;
    case "u16":
      return `${noNumber} || (${value} & 0xffff) !== ${value}`;
    case "u32":
      return `${noNumber} || ${value} >>> 0 !== ${value}`;
    case "i8":
      return `${noNumber} || ${value} << 24 >> 24 !== ${value}`;
    case "i16":
      return `${noNumber} || ${value} << 16 >> 16 !== ${value}`;
    case "i32":
      return `${noNumber} || (${value} | 0) !== ${value}`;
    case "u64":
      return `typeof ${value} !== "bigint" || BigInt.asUintN(64, ${value}) !== ${value}`;
    case "i64":
      return `typeof ${value} !== "bigint" || BigInt.asIntN(64, ${value}) !== ${value}`;
    case "f32":
      // Only what is finite gives 0 here: a number is refused that is finite, and is not once it is rounded.
      return `${noNumber} || (Math.fround(${value}) * 0 !== 0 && ${value} * 0 === 0)`;
    case "f64":
      return noNumber;
    case "bool":
      return `typeof ${value} !== "boolean"`;
  }
}

/** The DataView methods of each wire type but `bool`, without `get` and `set`. */
export const accessors = {
  u8: "Uint8",
  u16: "Uint16",
  u32: "Uint32",
  u64: "BigUint64",
  i8: "Int8",
  i16: "Int16",
  i32: "Int32",
  i64: "BigInt64",
  f32: "Float32",
  f64: "Float64",
} as const;

/** The statement that writes the expression `value`, which fits, into the DataView `view` at the expression `at`. */
export function store(type: Scalar, value: string, view: string, at: string): string {
  if (type.wire === "bool") return `${view}.setUint8(${at}, ${value} ? 1 : 0);`;
  return `${view}.set${accessors[type.wire]}(${at}, ${value}, true);`;
}

function encodeEnum(program: Program, type: EnumType, value: string, at: string): string[] {
  const integer = program.fresh();
  const { values } = enumMaps(type);
  return [
    `const ${integer} = ${program.constant(values)}.get(${value});`,
    `if (${integer} === undefined) throw ${program.constant(REFUSED)};`,
    store(type.base, integer, "d", at),
  ];
}

function encodeArray(program: Program, type: ArrayType, value: string, at: string): string[] {
  if (type.typed) return [`${program.constant(put)}(${program.constant(type)}, ${value}, d, ${at});`];
  const [index, element] = [program.fresh(), program.fresh()];
  const elementAt = `${at} + ${index} * ${type.element.size}`;
  return [
    `if (${program.constant(refuseArray)}(${program.constant(type)}, ${value}) !== undefined) throw ${program.constant(REFUSED)};`,
    `for (let ${index} = 0; ${index} < ${type.length}; ${index}++) {`,
    `const ${element} = ${value}[${index}];`,
    ...encode(program, type.element, element, elementAt),
    "}",
  ];
}
