import { buildCodec } from "./build-codec.js";
import type { Codec } from "./codec.js";
import { describeType, hashHex, typeHash } from "./description.js";
import type { FieldTypes, InferFields } from "./infer.js";
import { alignUp, MAX_FIELDS, requireLimits } from "./layout.js";
import { requireName } from "./name.js";
import { type AnyType, type EnumType, type Field, requireType, type Struct, seal } from "./type.js";

/**
 * A message type, or a part of one: named fields in declared order, each at the next offset that is a multiple of its
 * alignment, as a C compiler lays them out on x86-64, arm64 and 32-bit arm.
 *
 * A struct without fields is a message of no bytes; it cannot be a field itself, as C has no empty struct. If the
 * last field is `bytes()` or `text()`, a message may end after its used bytes.
 *
 * @param name the name of the type in C and on the wire; the same names and fields on both sides make the same type.
 * @throws TypeError if a name is malformed or reserved, a field is not a type, or one name stands for two types.
 * @throws RangeError if there are more than 1024 fields or the struct is over the limits of size or depth.
 */
export function struct<const F extends FieldTypes>(name: string, fields: F): Struct<InferFields<F>> {
  requireName(name, "The name of a struct");
  if (typeof fields !== "object" || fields === null) throw new TypeError(`The fields of ${name} must be an object`);
  const list = layOut(name, Object.entries(fields));
  const align = Math.max(1, ...list.map((field) => field.align));
  const depth = 1 + Math.max(0, ...list.map((field) => field.type.depth));
  const last = list.at(-1);
  const size = alignUp(last === undefined ? 0 : last.offset + last.size, align);
  requireLimits(`Struct ${name}`, size, depth);
  const tail = last?.type.kind === "bytes" || last?.type.kind === "text" ? last.offset + last.type.prefix : undefined;
  let codec: Codec<InferFields<F>> | undefined;
  const base = { kind: "struct", name, fields: list, size, align, depth } as const;
  const draft = { ...base, truncatable: tail !== undefined, minSize: tail ?? size };
  requireOneMeaning(draft);
  const description = describeType(draft as Struct);
  const hash = typeHash(description);
  const type: Struct<InferFields<F>> = {
    ...draft,
    description,
    hash,
    hashHex: hashHex(hash),
    get codec() {
      codec ??= buildCodec(type);
      return codec;
    },
  };
  return seal(type as Struct) as Struct<InferFields<F>>;
}

/** The codec of a struct: the same as its property `codec`. @throws TypeError if `struct` is not a struct. */
export function codec<T>(struct: Struct<T>): Codec<T> {
  requireType(struct, "The argument of codec()");
  if (struct.kind !== "struct") throw new TypeError("The argument of codec() must be a struct");
  return struct.codec;
}

function layOut(name: string, entries: readonly (readonly [string, AnyType])[]): readonly Field[] {
  if (entries.length > MAX_FIELDS) {
    throw new RangeError(`Struct ${name} has ${entries.length} fields, more than ${MAX_FIELDS}`);
  }
  let end = 0;
  const fields = entries.map(([fieldName, type]): Field => {
    requireName(fieldName, `The name of a field of ${name}`);
    requireType(type, `Field ${name}.${fieldName}`);
    const { size, align } = type;
    if (size === 0) throw new TypeError(`Field ${name}.${fieldName} must not be an empty struct, as C has none`);
    const offset = alignUp(end, align);
    end = offset + size;
    return Object.freeze({ name: fieldName, type, offset, size, align });
  });
  return Object.freeze(fields);
}

type Named = EnumType | Pick<Struct, "kind" | "name" | "fields">;

/** A name must stand for one type, as in C; and the description gives only the first of those that share a name. */
function requireOneMeaning(outermost: Named): void {
  const meanings = new Map<string, string>();
  const visited = new Set<unknown>();
  const visit = (type: AnyType | Named): void => {
    if (type.kind === "array") visit(type.element);
    if ((type.kind !== "struct" && type.kind !== "enum") || visited.has(type)) return;
    visited.add(type);
    const description = "description" in type ? type.description : describeType(type as AnyType);
    const other = meanings.get(type.name);
    if (other !== undefined && other !== description) {
      const place = `within ${outermost.name}`;
      throw new TypeError(`The name ${type.name} stands for two types ${place}: ${other}, ${description}`);
    }
    meanings.set(type.name, description);
    if (type.kind === "struct") for (const field of type.fields) visit(field.type);
  };
  visit(outermost);
}
