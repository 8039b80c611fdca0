import { load } from "./compile-decode.js";
import { nowhere } from "./cursor.js";
import { enumMaps } from "./enum.js";
import { getField } from "./field-access.js";
import type { Program } from "./program.js";
import type { Field, Scalar, Struct } from "./type.js";

/**
 * True if a cursor `c` can be placed without more ado: over the view `d` of the call before, at an offset `o` of 32 bits.
 * What else there is, a function checks that is out of the way.
 */
export const IS_LIKELY_PLACE = "d === c.#d && o >>> 0 === o";

/**
 * The members that every generated cursor over a struct has: it stands at offset `#o` of the DataView `#d`, over `#n`
 * bytes. All are private, so that who reads fields cannot reach the memory.
 */
export function cursorMembers(program: Program, struct: Struct, nested: (type: Struct) => string): string[] {
  // Made along with the cursor, so that the getter stays short enough for engines to put it into the code that calls it.
  const cursors = struct.fields.flatMap(({ type }, index) =>
    type.kind === "struct" ? [`#f${index} = new ${nested(type)}();`] : [],
  );
  return [
    `#d = ${program.constant(nowhere)};`,
    "#o = 0;",
    "#n = 0;",
    ...cursors,
    "static place(c, d, o, n) {\nc.#d = d;\nc.#o = o;\nc.#n = n;\nreturn c;\n}",
    `static { ${program.constant(showAccessors)}(this.prototype); }`,
  ];
}

/** The getters of all fields; `nested` gives the class of the cursors over a nested struct. */
export function getters(program: Program, struct: Struct, nested: (type: Struct) => string): string[] {
  const accessors = struct.fields.map((field, index) => {
    const lines = getterLines(program, field, index, nested);
    return `get ${JSON.stringify(field.name)}() {\n${lines.join("\n")}\n}`;
  });
  return [...accessors, ...walkers(program, struct)];
}

function getterLines(program: Program, field: Field, index: number, nested: (type: Struct) => string): string[] {
  const { type, offset, size } = field;
  const at = `this.#o + ${offset}`;
  switch (type.kind) {
    case "struct": {
      const cursor = nested(type);
      return [`return ${cursor}.place(this.#f${index}, this.#d, ${at}, ${size});`];
    }
    case "scalar":
      return readScalar(type, at, walk(index));
    case "enum": {
      const names = program.constant(enumMaps(type).names);
      const base = load(type.base, "this.#d", at);
      return [`const v = ${names}.get(${base});`, `if (v === undefined) return ${walk(index)};`, "return v;"];
    }
    default:
      return [`return ${walk(index)};`];
  }
}

const walk = (index: number): string => `this.#w${index}()`;

function isWalked({ type }: Field): boolean {
  return type.kind !== "struct" && (type.kind !== "scalar" || type.wire === "bool" || type.asNumber);
}

/**
 * The methods that read a field by walking its type, for the value or the fault that is found then. Apart from the getters,
 * as these are put into the code that reads fields as long as they are short.
 */
function walkers(program: Program, struct: Struct): string[] {
  return struct.fields.flatMap((field, index) => {
    if (!isWalked(field)) return [];
    const { offset } = field;
    const operands = [program.constant(struct), program.constant(field), "this.#d", `this.#o + ${offset}`];
    return [`#w${index}() {\nreturn ${program.constant(getField)}(${operands.join(", ")}, this.#n - ${offset});\n}`];
  });
}

function readScalar(type: Scalar, at: string, otherwise: string): string[] {
  if (type.wire === "bool") {
    return [`const v = this.#d.getUint8(${at});`, `return v === 1 || (v !== 0 && ${otherwise});`];
  }
  if (!type.asNumber) return [`return ${load(type, "this.#d", at)};`];
  const high = type.wire === "u64" ? "getUint32" : "getInt32";
  return [
    `const v = this.#d.${high}(${at} + 4, true) * ${2 ** 32} + this.#d.getUint32(${at}, true);`,
    `return Number.isSafeInteger(v) ? v : ${otherwise};`,
  ];
}

/** Makes the accessors of a class countable, as the fields of a value are. */
function showAccessors(prototype: object): void {
  for (const name of Object.getOwnPropertyNames(prototype)) {
    if (name !== "constructor") Object.defineProperty(prototype, name, { enumerable: true });
  }
}
