import type { Writer } from "./codec.js";
import { cursorMembers, getters, IS_VIEW } from "./compile-cursor.js";
import { load } from "./compile-decode.js";
import { misfit, store } from "./compile-encode.js";
import { nowhere } from "./cursor.js";
import { enumMaps } from "./enum.js";
import { putField } from "./field-access.js";
import { zero } from "./memory.js";
import { Program } from "./program.js";
import { scalarWriter } from "./scalar-access.js";
import type { AnyType, Field, Scalar, Struct } from "./type.js";
import { requireRoom } from "./window.js";
import { hasEnumWithoutZero, putLastField, requireBegun, requireSet } from "./writer.js";

/** Bytes up to which a message is zeroed store by store. */
const UNROLLED_BYTES = 128;

/** Bytes up to which a loop of eight bytes a turn is faster than a bulk fill; measured on Node 20, x86-64. */
const LOOP_BYTES = 512;

/**
 * Generates what makes writers of a struct.
 *
 * @throws EvalError if the process forbids code generation.
 */
export function compileWriter<T>(struct: Struct<T>): () => Writer<T> {
  const program = new Program();
  const { minSize, size, truncatable } = struct;
  const self = program.constant(struct);
  const least = truncatable ? minSize : size;
  const fits = `${IS_VIEW} && Number.isSafeInteger(o) && o >= 0 && o + ${size} <= d.byteLength`;
  const unset = hasEnumWithoutZero(struct)
    ? `if (${addUnset(program, struct)}(c.#d, c.#o)) ${program.constant(requireSet)}(${self}, c.#d, c.#o);`
    : "";
  const writer = program.addClass((name) => [
    ...writerMembers(program, struct, truncatable),
    `static writer() {
      const c = new ${name}();
      return {
        begin(d, o) {
          if (!(${fits})) ${program.constant(requireRoom)}(d, o, ${size});
          ${clear(program, least).join("\n")}
          return ${name}.place(c, d, o, ${least});
        },
        end() {
          if (c.#d === ${program.constant(nowhere)}) ${program.constant(requireBegun)}(${self}, undefined);
          ${unset}
          return c.#n;
        },
      };
    }`,
  ]);
  return program.run(`${writer}.writer`) as () => Writer<T>;
}

/** The members of a class whose `#n` are the bytes used, which only the last field of a message can change. */
function writerMembers(program: Program, struct: Struct, truncate: boolean): string[] {
  const nested = (type: Struct): string =>
    program.shared("write", type, () => program.addClass(() => writerMembers(program, type, false)));
  const last = truncate ? struct.fields.at(-1) : undefined;
  const setters = struct.fields
    .filter(({ type }) => type.kind !== "struct")
    .map((field) => {
      const lines = setterLines(program, struct, field, field === last);
      return `set ${JSON.stringify(field.name)}(v) {\n${lines.join("\n")}\n}`;
    });
  return [...cursorMembers(program, struct), ...getters(program, struct, nested), ...setters];
}

function setterLines(program: Program, struct: Struct, field: Field, isLast: boolean): string[] {
  const { type, offset } = field;
  const at = `this.#o + ${offset}`;
  const names = `${program.constant(struct)}, ${program.constant(field)}`;
  const walk = `${program.constant(putField)}(${names}, v, this.#d, ${at});`;
  if (isLast) return [`this.#n = ${offset} + ${program.constant(putLastField)}(${names}, v, this.#d, ${at});`];
  if (type.kind === "scalar") return [`if (${misfit(type, "v")}) return void ${walk}`, storeScalar(program, type, at)];
  if (type.kind !== "enum") return [walk];
  const values = program.constant(enumMaps(type).values);
  const lines = [`const i = ${values}.get(v);`, `if (i === undefined) return void ${walk}`];
  return [...lines, store(type.base, "i", "this.#d", at)];
}

function storeScalar(program: Program, type: Scalar, at: string): string {
  if (type.asNumber) return `${program.constant(scalarWriter(type))}(this.#d, ${at}, v);`;
  return store(type, "v", "this.#d", at);
}

/** Statements that zero `size` bytes at `o` of `d`. Stores of eight bytes need no alignment in a DataView. */
function clear(program: Program, size: number): string[] {
  if (size > LOOP_BYTES) return [`${program.constant(zero)}(d, o, ${size});`];
  const lines: string[] = [];
  let at = 0;
  if (size > UNROLLED_BYTES) {
    at = size - (size % 8);
    lines.push(`for (let i = o, e = o + ${at}; i < e; i += 8) d.setFloat64(i, 0, true);`);
  }
  for (; at + 8 <= size; at += 8) lines.push(`d.setFloat64(o + ${at}, 0, true);`);
  for (; at < size; at++) lines.push(`d.setUint8(o + ${at}, 0);`);
  return lines;
}

/**
 * Adds the function `(d, o)` that tells whether an enum of a struct that has no member 0 is still 0, as before it was
 * set, and gives its identifier.
 */
function addUnset(program: Program, struct: Struct): string {
  const lines = struct.fields.flatMap(({ type, offset }) => unsetLines(program, type, `o + ${offset}`));
  return program.add("d, o", [...lines, "return false;"].join("\n"));
}

function unsetLines(program: Program, type: AnyType, at: string): string[] {
  if (!hasEnumWithoutZero(type)) return [];
  if (type.kind === "enum") return [`if (${load(type.base, "d", at)} === 0) return true;`];
  if (type.kind === "struct") {
    const nested = program.shared("unset", type, () => addUnset(program, type));
    return [`if (${nested}(d, ${at})) return true;`];
  }
  if (type.kind !== "array") return [];
  const index = program.fresh();
  const element = unsetLines(program, type.element, `${at} + ${index} * ${type.element.size}`);
  return [`for (let ${index} = 0; ${index} < ${type.length}; ${index}++) {`, ...element, "}"];
}
