import type { Writer } from "./codec.js";
import { cursorMembers, getters, IS_LIKELY_PLACE } from "./compile-cursor.js";
import { load } from "./compile-decode.js";
import { misfit, store } from "./compile-encode.js";
import { nowhere } from "./cursor.js";
import { enumMaps } from "./enum.js";
import { putField, refuseField } from "./field-access.js";
import { zero } from "./memory.js";
import { Program } from "./program.js";
import type { AnyType, Field, Scalar, Struct } from "./type.js";
import { requireRoom } from "./window.js";
import { hasEnumWithoutZero, putLastField, requireBegun, requireSet } from "./writer.js";

/** Bytes up to which a message is zeroed store by store. */
const UNROLLED_BYTES = 24;

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
  const fits = `${IS_LIKELY_PLACE} && o + ${size} <= d.byteLength`;
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
          c.#d = d;
          c.#o = o;
          c.#n = ${least};
          return c;
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
    .map((field) => `set ${JSON.stringify(field.name)}(v) {\n${setterLine(program, struct, field, field === last)}\n}`);
  return [...cursorMembers(program, struct, nested), ...getters(program, struct, nested), ...setters];
}

/** The statement that checks `v` and writes it. It is short, so that engines inline it. */
function setterLine(program: Program, struct: Struct, field: Field, isLast: boolean): string {
  const { type, offset } = field;
  const at = `this.#o + ${offset}`;
  const refuse = (): string => program.constant((value: unknown) => refuseField(struct, field, value));
  if (type.kind === "scalar") return storeScalar(type, `(${misfit(type, "v")} ? ${refuse()}(v) : v)`, at);
  if (type.kind === "enum") {
    const integer = `(${program.constant(enumMaps(type).values)}.get(v) ?? ${refuse()}(v))`;
    return store(type.base, integer, "this.#d", at);
  }
  const operands = `${program.constant(struct)}, ${program.constant(field)}, v, this.#d, ${at}`;
  if (isLast) return `this.#n = ${offset} + ${program.constant(putLastField)}(${operands});`;
  return `${program.constant(putField)}(${operands});`;
}

function storeScalar(type: Scalar, value: string, at: string): string {
  if (!type.asNumber) return store(type, value, "this.#d", at);
  // Both halves are exact as 2^32 divides exactly.
  return [
    `const w = ${value};`,
    `this.#d.setUint32(${at}, w >>> 0, true);`,
    `this.#d.setInt32(${at} + 4, Math.floor(w / ${2 ** 32}), true);`,
  ].join("\n");
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
