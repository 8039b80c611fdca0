import type { AnyType, Field, Struct } from "../schema/index.js";
import { type CModel, cName, structTag } from "./c-model.js";
import { memberName } from "./c-name.js";
import { innerPadding, paddingsOf } from "./c-struct.js";
import { defineFunction } from "./c-text.js";
import { declareIndices, forEach } from "./c-walk.js";

/** Whether a value has padding or unused tails, which the wire wants to be zero. */
export function needsCleaning(type: AnyType): boolean {
  switch (type.kind) {
    case "array":
      return needsCleaning(type.element);
    case "struct":
      return paddingsOf(type).length > 0 || type.fields.some((field) => needsCleaning(field.type));
    default:
      return type.kind === "bytes" || type.kind === "text" || type.kind === "fixedText";
  }
}

/** Where the bytes of a message end that can be shorter than its struct. */
export function usedEndLines(model: CModel, struct: Struct): string[] {
  if (!struct.truncatable) return [];
  const last = struct.fields.at(-1) as Field;
  return defineFunction(model.unit, {
    name: cName(model, "length", struct.name),
    owner: `the length of struct "${struct.name}"`,
    result: "uint32_t ",
    parameters: [`const ${structTag(model, struct)} *value`],
    about: ["Bytes of the struct that are the message."],
    body: [`return ${struct.minSize}u + value->${memberName(last.name)}.length;`],
  });
}

/**
 * The function that writes zero to the padding and the unused tails of a struct; none if it has none. It takes the
 * bytes that there are of a struct that may be truncated.
 */
export function cleanLines(model: CModel, struct: Struct): string[] {
  if (!needsCleaning(struct)) return [];
  const tag = structTag(model, struct);
  const whole = struct.truncatable ? struct.fields.slice(0, -1) : struct.fields;
  const parts = [
    ...whole.map(({ type, name, offset }) => ({ offset, lines: clean(model, type, `value->${memberName(name)}`, 0) })),
    ...paddingsOf(struct)
      .filter(({ offset }) => !struct.truncatable || offset < struct.minSize)
      .map(({ name, size, offset }) => ({ offset, lines: zeroFew(`value->${name}`, size) })),
  ];
  const statements = parts.sort((a, b) => a.offset - b.offset).flatMap(({ lines }) => lines);
  const used = `${cName(model, "length", struct.name)}(value)`;
  const tail = struct.truncatable ? [`intercell_zero((unsigned char *)value + used, length - used);`] : [];
  const declarations = [...(struct.truncatable ? [`uint32_t used = ${used};`] : []), ...declareIndices(statements)];
  return defineFunction(model.unit, {
    name: cName(model, "clean", struct.name),
    owner: `the cleaning of struct "${struct.name}"`,
    result: "void ",
    parameters: [`${tag} *value`, ...(struct.truncatable ? ["uint32_t length"] : [])],
    body: [...separate(declarations), ...statements, ...tail],
  });
}

/** Declarations end in one blank line. */
function separate(declarations: readonly string[]): readonly string[] {
  return declarations.length === 0 || declarations.at(-1) === "" ? declarations : [...declarations, ""];
}

function clean(model: CModel, type: AnyType, at: string, level: number): string[] {
  if (!needsCleaning(type)) return [];
  switch (type.kind) {
    case "array":
      return forEach(type, at, level, (element, place, inner) => clean(model, element, place, inner));
    case "struct": {
      const length = type.truncatable ? `, (uint32_t)sizeof(${at})` : "";
      return [`${cName(model, "clean", type.name)}(&${at}${length});`];
    }
    case "fixedText":
      return [`${cName(model, "text_clean")}(${at}, ${type.length}u);`];
    case "bytes":
    case "text":
      return [
        `intercell_zero(${at}.data + ${at}.length, ${type.max}u - ${at}.length);`,
        ...zeroFew(`${at}.padding`, innerPadding(type)),
      ];
    default:
      return [];
  }
}

/** Zeroes up to seven bytes, which the compiler joins into few stores. */
function zeroFew(at: string, count: number): string[] {
  return Array.from({ length: count }, (_, i) => `${at}[${i}] = 0;`);
}
