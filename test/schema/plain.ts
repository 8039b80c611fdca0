import type { Struct } from "../../src/schema/type.js";

/** The fields of a reader as an object of their values, nested readers as well. */
export function plain(type: Struct, fields: unknown): Record<string, unknown> {
  const source = fields as Readonly<Record<string, unknown>>;
  const values = type.fields.map(({ name, type: of }) => [
    name,
    of.kind === "struct" ? plain(of, source[name]) : source[name],
  ]);
  return Object.fromEntries(values) as Record<string, unknown>;
}
