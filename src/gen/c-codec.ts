import type { Field, Struct } from "../schema/index.js";
import { needsCheck } from "./c-check.js";
import { needsCleaning } from "./c-clean.js";
import { type CModel, cName, structTag } from "./c-model.js";
import { memberName } from "./c-name.js";
import { defineFunction } from "./c-text.js";

/** Whether the bytes of any struct in C are its message, so that it can be sent from where it is. */
export function isPlain(struct: Struct): boolean {
  return !needsCheck(struct) && !needsCleaning(struct);
}

/** The functions that turn messages of a type, which has fields, into structs and back. */
export function codecLines(model: CModel, struct: Struct): string[] {
  return [...decodeLines(model, struct), ...(isPlain(struct) ? [] : encodeLines(model, struct))];
}

function decodeLines(model: CModel, struct: Struct): string[] {
  const tag = structTag(model, struct);
  const last = `value->${memberName((struct.fields.at(-1) as Field).name)}`;
  const refusal = struct.truncatable
    ? [
        `if (length < ${struct.minSize}u || length > sizeof(*value) || length - ${struct.minSize}u < ${last}.length)`,
        "\treturn NULL;",
      ]
    : ["if (length != sizeof(*value))", "\treturn NULL;"];
  const result = needsCheck(struct) ? `return ${cName(model, "valid", struct.name)}(value) ? value : NULL;` : undefined;
  const about = [
    "The message in @length bytes, aligned as the struct is, of private memory; or NULL if they hold none.",
    ...(struct.truncatable ? [`Only ${cName(model, "length", struct.name)}() bytes of the struct need be there.`] : []),
  ];
  return defineFunction(model.unit, {
    name: cName(model, "decode", struct.name),
    owner: `the decoding of struct "${struct.name}"`,
    result: `const ${tag} *`,
    parameters: ["const void *data", "uint32_t length"],
    about,
    body: [`const ${tag} *value = (const ${tag} *)data;`, "", ...refusal, result ?? "return value;"],
  });
}

function encodeLines(model: CModel, struct: Struct): string[] {
  return defineFunction(model.unit, {
    name: cName(model, "encode", struct.name),
    owner: `the encoding of struct "${struct.name}"`,
    parameters: ["void *to", `const ${structTag(model, struct)} *value`],
    about: ["Writes the message to memory aligned as the struct is. Returns its bytes, or INTERCELL_EINVAL."],
    body: [
      `uint32_t length = ${usedLength(model, struct)};`,
      "",
      ...refuseInvalid(model, struct),
      "intercell_copy_bytes(to, value, length);",
      ...cleanUsed(model, struct, `(${structTag(model, struct)} *)to`),
      "return (int)length;",
    ],
  });
}

/** The bytes of the message that `value` holds, as an expression of C. */
export function usedLength(model: CModel, struct: Struct): string {
  return struct.truncatable ? `${cName(model, "length", struct.name)}(value)` : "(uint32_t)sizeof(*value)";
}

/** Statements that end a function if `value` does not fit its type. */
export function refuseInvalid(model: CModel, struct: Struct): string[] {
  if (!needsCheck(struct)) return [];
  return [`if (!${cName(model, "valid", struct.name)}(value))`, "\treturn INTERCELL_EINVAL;"];
}

/** Statements that write zero to the padding and tails among the first `length` bytes of a struct. */
export function cleanUsed(model: CModel, struct: Struct, at: string): string[] {
  if (!needsCleaning(struct)) return [];
  return [`${cName(model, "clean", struct.name)}(${at}${struct.truncatable ? ", length" : ""});`];
}
