import type { AnyType, Bytes, EnumType, ScalarWire, Struct, Text } from "../schema/index.js";
import { type CModel, cName, macroName, structTag } from "./c-model.js";
import { memberName } from "./c-name.js";
import { CScope } from "./c-scope.js";
import { comment, defineMacro } from "./c-text.js";

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
  bool: "bool",
};

/** The C type of the integer that an enum stands on. */
export function enumBase(type: EnumType): string {
  return scalarNames[type.base.wire];
}

/** Bytes between fields, or behind the last one. */
export interface Padding {
  /** The member of the struct that takes them. */
  readonly name: string;
  readonly offset: number;
  readonly size: number;
}

/** The padding of a struct, in ascending order of offset. */
export function paddingsOf(struct: Struct): readonly Padding[] {
  const paddings: Padding[] = [];
  let end = 0;
  for (const { offset, size } of [...struct.fields, { offset: struct.size, size: 0 }]) {
    if (offset > end) paddings.push({ name: `padding_${end}`, offset: end, size: offset - end });
    end = offset + size;
  }
  return paddings;
}

/** Bytes behind the data of `bytes()` or `text()` that round its size up to the alignment of the length. */
export function innerPadding(type: Bytes | Text): number {
  return type.size - type.prefix - type.max;
}

/** An enum: its members as constants, as its fields have the type that it stands on. */
export function enumLines(model: CModel, type: EnumType): string[] {
  const { unit } = model;
  const owner = `enum "${type.name}"`;
  const name = cName(model, type.name);
  unit.tags.claim(name, owner);
  const member = (each: { readonly name: string }) => macroName(model, type.name, each.name);
  // C11 6.7.2.2: an enumerator is an int.
  if (type.members.some(({ value }) => value > 0x7fff_ffff)) {
    const macros = type.members.map((each) => defineMacro(unit, member(each), `UINT32_C(${each.value})`, owner));
    return [...comment(`${name}, in a uint32_t, as an enum of C ends at 2^31 - 1`), ...macros, ""];
  }
  const lines = type.members.map((each) => {
    const value = each.value === -0x8000_0000 ? "-2147483647 - 1" : `${each.value}`;
    return `\t${unit.names.claim(member(each), owner)} = ${value},`;
  });
  return [...comment(`In fields of type ${enumBase(type)}.`), `enum ${name} {`, ...lines, "};", ""];
}

/** A struct with a member for each field and for all padding, held against the layout of the wire. */
export function structLines(model: CModel, struct: Struct): string[] {
  const owner = `struct "${struct.name}"`;
  const tag = structTag(model, struct);
  model.unit.tags.claim(cName(model, struct.name), owner);
  const scope = new CScope(tag);
  const members = struct.fields.map(({ name, type, offset }) => {
    const member = scope.claim(memberName(name), `field "${name}"`);
    return { offset, name: member, lines: declare(model, type, member, "") };
  });
  const paddings = paddingsOf(struct).map(({ name, offset, size }) => {
    scope.claim(name, "padding");
    return { offset, name, lines: [`uint8_t ${name}[${size}];`] };
  });
  const all = [...members, ...paddings].sort((a, b) => a.offset - b.offset);
  const held = members.map(({ name, offset }) => assertion(`offsetof(${tag}, ${name}) == ${offset}u`, name, offset));
  return [
    ...comment(`${struct.size} bytes`),
    `${tag} {`,
    ...all.flatMap(({ lines }) => lines.map((line) => `\t${line}`)),
    "};",
    `INTERCELL_STATIC_ASSERT(sizeof(${tag}) == ${struct.size}u, "${tag} takes ${struct.size} bytes");`,
    ...held,
    "",
  ];
}

function assertion(condition: string, name: string, offset: number): string {
  return `INTERCELL_STATIC_ASSERT(${condition}, "${name} is at ${offset}");`;
}

/** The declaration of a member; `dimensions` are those of the arrays around the type. */
function declare(model: CModel, type: AnyType, name: string, dimensions: string): string[] {
  switch (type.kind) {
    case "scalar": {
      const range = type.wire === "u64" ? "at most 2^53 - 1" : "within 2^53 - 1 of 0";
      const limit = type.asNumber ? ` /* ${range}, for TypeScript */` : "";
      return [`${scalarNames[type.wire]} ${name}${dimensions};${limit}`];
    }
    case "enum":
      return [`${enumBase(type)} ${name}${dimensions}; /* ${cName(model, type.name)} */`];
    case "array":
      return declare(model, type.element, name, `${dimensions}[${type.length}]`);
    case "fixedBytes":
      return [`uint8_t ${name}${dimensions}[${type.length}];`];
    case "fixedText":
      return [`char ${name}${dimensions}[${type.length}]; /* UTF-8, ended by NUL if shorter */`];
    case "struct":
      return [`${structTag(model, type)} ${name}${dimensions};`];
    default: {
      const padding = innerPadding(type);
      return [
        "struct {",
        `\tuint${type.prefix * 8}_t length;`,
        `\t${type.kind === "text" ? "char" : "uint8_t"} data[${type.max}];${type.kind === "text" ? " /* UTF-8 */" : ""}`,
        ...(padding > 0 ? [`\tuint8_t padding[${padding}];`] : []),
        `} ${name}${dimensions};`,
      ];
    }
  }
}
