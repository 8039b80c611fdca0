import type { AnyType, EnumType, Struct } from "../schema/index.js";
import { type CModel, cName, macroName, structTag } from "./c-model.js";
import { memberName } from "./c-name.js";
import { enumBase } from "./c-struct.js";
import { defineFunction } from "./c-text.js";
import { declareIndices, forEach } from "./c-walk.js";

/** Whether there are bytes that hold no value of the type. */
export function needsCheck(type: AnyType): boolean {
  switch (type.kind) {
    case "scalar":
      return type.wire === "bool";
    case "array":
      return needsCheck(type.element);
    case "struct":
      return type.fields.some((field) => needsCheck(field.type));
    case "bytes":
      return type.max !== longestLength(type.prefix);
    default:
      return type.kind !== "fixedBytes";
  }
}

/** The function that tells whether an integer is a member of an enum. */
export function enumCheckLines(model: CModel, type: EnumType): string[] {
  const cases = type.members.map((member) => `case ${macroName(model, type.name, member.name)}:`);
  return defineFunction(model.unit, {
    name: cName(model, "valid", type.name),
    owner: `the check of enum "${type.name}"`,
    result: "bool ",
    parameters: [`${enumBase(type)} value`],
    body: ["switch (value) {", ...cases, "\treturn true;", "default:", "\treturn false;", "}"],
  });
}

/** The functions for texts that NUL ends, if there is such a text in the protocol. */
export function fixedTextLines(model: CModel): string[] {
  if (!model.structs.some((struct) => struct.fields.some((field) => hasFixedText(field.type)))) return [];
  const owner = "the functions for texts";
  const end = ["uint32_t end = 0;", "", "while (end < size && text[end] != 0)", "\tend++;"];
  return [
    ...defineFunction(model.unit, {
      name: cName(model, "text_valid"),
      owner,
      result: "bool ",
      parameters: ["const char *text", "uint32_t size"],
      body: [...end, "return intercell_utf8_valid((const unsigned char *)text, end);"],
    }),
    ...defineFunction(model.unit, {
      name: cName(model, "text_clean"),
      owner,
      result: "void ",
      parameters: ["char *text", "uint32_t size"],
      body: [...end, "intercell_zero(text + end, size - end);"],
    }),
  ];
}

function hasFixedText(type: AnyType): boolean {
  return type.kind === "array" ? hasFixedText(type.element) : type.kind === "fixedText";
}

/** The function that tells whether all fields of a struct hold values of their types; none if they always do. */
export function structCheckLines(model: CModel, struct: Struct): string[] {
  if (!needsCheck(struct)) return [];
  const statements = struct.fields.flatMap((field) => check(model, field.type, `value->${memberName(field.name)}`, 0));
  return defineFunction(model.unit, {
    name: cName(model, "valid", struct.name),
    owner: `the check of struct "${struct.name}"`,
    result: "bool ",
    parameters: [`const ${structTag(model, struct)} *value`],
    body: [...declareIndices(statements), ...statements, "return true;"],
  });
}

function check(model: CModel, type: AnyType, at: string, level: number): string[] {
  if (!needsCheck(type)) return [];
  switch (type.kind) {
    case "array":
      return forEach(type, at, level, (element, place, inner) => check(model, element, place, inner));
    case "enum":
    case "struct": {
      const argument = type.kind === "enum" ? at : `&${at}`;
      return refuseIf(`!${cName(model, "valid", type.name)}(${argument})`);
    }
    // Not through the bool, which the compiler takes for 0 or 1.
    case "scalar":
      return refuseIf(`*(const unsigned char *)&${at} > 1`);
    case "bytes":
      return refuseIf(`${at}.length > ${type.max}u`);
    case "text": {
      const utf8 = refuseIf(`!intercell_utf8_valid((const unsigned char *)${at}.data, ${at}.length)`);
      return type.max === longestLength(type.prefix) ? utf8 : [...refuseIf(`${at}.length > ${type.max}u`), ...utf8];
    }
    case "fixedText":
      return refuseIf(`!${cName(model, "text_valid")}(${at}, ${type.length}u)`);
    default:
      return [];
  }
}

function refuseIf(condition: string): string[] {
  return [`if (${condition})`, "\treturn false;"];
}

/** What a length of that many bytes can say. */
function longestLength(prefix: 2 | 4): number {
  return 2 ** (8 * prefix) - 1;
}
