import type { FieldReader, View } from "./codec.js";
import { Cursor, readerClass } from "./cursor.js";
import type { Struct } from "./type.js";
import { requireMessage } from "./window.js";

/** Makes a reusable reader of a struct's fields in place, without code generation. */
export function createView<T>(struct: Struct<T>): View<T> {
  const cursor = new (readerClass(struct))();
  return {
    at(view, offset, length) {
      requireMessage(struct, view, offset, length);
      Cursor.place(cursor, view, offset, length);
      return cursor as unknown as FieldReader<T>;
    },
  };
}
