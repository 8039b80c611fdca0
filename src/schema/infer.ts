import type { AnyType, TypeBase } from "./type.js";

/** The named types of a struct's fields, in declared order. */
export type FieldTypes = { readonly [name: string]: AnyType };

/** The TypeScript type of the values of a schema type: `type Jitter = Infer<typeof Jitter>`. */
export type Infer<S> = S extends TypeBase<infer T> ? T : never;

/** The TypeScript type of a struct with these fields. */
export type InferFields<F extends FieldTypes> = { -readonly [K in keyof F]: Infer<F[K]> };
