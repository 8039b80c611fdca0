import { accessors } from "./compile-encode.js";
import { enumMaps } from "./enum.js";
import { get, getVariable } from "./interpret.js";
import { copyOut } from "./memory.js";
import type { Program } from "./program.js";
import { REFUSED } from "./refusal.js";
import { scalarReader } from "./scalar-access.js";
import type { AnyType, ArrayType, EnumType, Scalar, Struct } from "./type.js";

/** Elements up to which an array of scalars is read by a literal instead of a loop. */
const LITERAL_ELEMENTS = 16;

/** Statements, and then the expression of the value they read. */
interface Reading {
  readonly lines: readonly string[];
  readonly value: string;
}

/**
 * Adds the function `(d, o, n)` that reads a struct of `n` bytes at offset `o` of the DataView `d`, and gives its
 * identifier. It throws a Refusal, without a path, if the bytes hold no value.
 */
export function addDecoder(program: Program, struct: Struct, truncate: boolean): string {
  const lines: string[] = [];
  const properties: string[] = [];
  for (const [index, { name, type, offset }] of struct.fields.entries()) {
    let reading: Reading;
    if (truncate && index === struct.fields.length - 1) {
      const last = `${program.constant(getVariable)}(${program.constant(type)}, d, o + ${offset}, n - ${offset})`;
      reading = { lines: [], value: last };
    } else {
      reading = decode(program, type, `o + ${offset}`);
    }
    lines.push(...reading.lines);
    properties.push(`${JSON.stringify(name)}: ${reading.value}`);
  }
  lines.push(`return { ${properties.join(", ")} };`);
  return program.add("d, o, n", lines.join("\n"));
}

function decode(program: Program, type: AnyType, at: string): Reading {
  switch (type.kind) {
    case "scalar":
      return decodeScalar(program, type, at);
    case "enum":
      return decodeEnum(program, type, at);
    case "array":
      return decodeArray(program, type, at);
    case "fixedBytes":
      return { lines: [], value: `${program.constant(copyOut)}(d, ${at}, ${type.length})` };
    case "struct": {
      const nested = program.shared("decode", type, () => addDecoder(program, type, false));
      return { lines: [], value: `${nested}(d, ${at}, ${type.size})` };
    }
    default:
      return { lines: [], value: `${program.constant(get)}(${program.constant(type)}, d, ${at})` };
  }
}

/** The expression that reads a scalar of the DataView `view` at the expression `at`; of a `bool`, its byte. */
export function load(type: Scalar, view: string, at: string): string {
  if (type.wire === "bool") return `${view}.getUint8(${at})`;
  return `${view}.get${accessors[type.wire]}(${at}, true)`;
}

function decodeScalar(program: Program, type: Scalar, at: string): Reading {
  if (type.asNumber) return { lines: [], value: `${program.constant(scalarReader(type))}(d, ${at})` };
  if (type.wire !== "bool") return { lines: [], value: load(type, "d", at) };
  const byte = program.fresh();
  const lines = [`const ${byte} = ${load(type, "d", at)};`, `if (${byte} > 1) throw ${program.constant(REFUSED)};`];
  return { lines, value: `${byte} === 1` };
}

function decodeEnum(program: Program, type: EnumType, at: string): Reading {
  const name = program.fresh();
  const { names } = enumMaps(type);
  const lines = [
    `const ${name} = ${program.constant(names)}.get(${load(type.base, "d", at)});`,
    `if (${name} === undefined) throw ${program.constant(REFUSED)};`,
  ];
  return { lines, value: name };
}

function decodeArray(program: Program, type: ArrayType, at: string): Reading {
  const { element, length } = type;
  if (type.typed) return { lines: [], value: `${program.constant(get)}(${program.constant(type)}, d, ${at})` };
  if (element.kind === "scalar" && element.wire !== "bool" && length <= LITERAL_ELEMENTS) {
    const elements = Array.from(
      { length },
      (_, i) => decodeScalar(program, element, `${at} + ${i * element.size}`).value,
    );
    return { lines: [], value: `[${elements.join(", ")}]` };
  }
  const [values, index] = [program.fresh(), program.fresh()];
  const reading = decode(program, element, `${at} + ${index} * ${element.size}`);
  const lines = [
    `const ${values} = new Array(${length});`,
    `for (let ${index} = 0; ${index} < ${length}; ${index}++) {`,
    ...reading.lines,
    `${values}[${index}] = ${reading.value};`,
    "}",
  ];
  return { lines, value: values };
}
