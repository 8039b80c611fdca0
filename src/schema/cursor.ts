import { getField, putField } from "./field-access.js";
import type { Field, Struct } from "./type.js";

/** Where a cursor stands that was not placed: reading a field there is a RangeError. */
export const nowhere: DataView = new DataView(new ArrayBuffer(0));

/**
 * The fields of a struct over bytes in a view, for processes that forbid code generation. Accessors stand on the
 * prototype, one class for each struct; where a cursor stands is private, so that who reads fields cannot reach the
 * memory.
 */
export class Cursor {
  #view: DataView = nowhere;
  #base = 0;
  #length = 0;
  readonly #nested = new Map<string, Cursor>();

  /** Moves a cursor to `length` bytes at `base`, which the caller has checked against the view. */
  static place(cursor: Cursor, view: DataView, base: number, length: number): void {
    cursor.#place(view, base, length);
  }

  /** Makes a getter for a field of a struct, which is no struct itself. */
  static getter(struct: Struct, field: Field): (this: Cursor) => unknown {
    const { offset } = field;
    return function (this: Cursor) {
      return getField(struct, field, this.#view, this.#base + offset, this.#length - offset);
    };
  }

  /** Makes a setter for a field of a struct, which is no struct itself. */
  static setter(struct: Struct, field: Field): (this: Cursor, value: unknown) => void {
    const { offset } = field;
    return function (this: Cursor, value: unknown) {
      putField(struct, field, value, this.#view, this.#base + offset);
    };
  }

  /** Makes a getter for the cursor of a nested struct. */
  static nestedGetter({ name, offset, size }: Field, nested: () => typeof Cursor): (this: Cursor) => Cursor {
    return function (this: Cursor): Cursor {
      let cursor = this.#nested.get(name);
      if (cursor === undefined) {
        cursor = new (nested())();
        this.#nested.set(name, cursor);
      }
      Cursor.place(cursor, this.#view, this.#base + offset, size);
      return cursor;
    };
  }

  #place(view: DataView, base: number, length: number): void {
    this.#view = view;
    this.#base = base;
    this.#length = length;
  }
}

const readers = new WeakMap<Struct, typeof Cursor>();
const writers = new WeakMap<Struct, typeof Cursor>();

/** The class of the cursors that read a struct, made at first use and kept. */
export function readerClass(struct: Struct): typeof Cursor {
  return classFor(readers, struct, (field) => {
    const { type } = field;
    if (type.kind === "struct") return { get: Cursor.nestedGetter(field, () => readerClass(type)) };
    return { get: Cursor.getter(struct, field) };
  });
}

/** The class of the cursors that write a struct, made at first use and kept. */
export function writerClass(struct: Struct): typeof Cursor {
  return classFor(writers, struct, (field) => {
    const { type } = field;
    if (type.kind === "struct") return { get: Cursor.nestedGetter(field, () => writerClass(type)) };
    return { get: Cursor.getter(struct, field), set: Cursor.setter(struct, field) };
  });
}

function classFor(
  classes: WeakMap<Struct, typeof Cursor>,
  struct: Struct,
  accessors: (field: Field) => PropertyDescriptor,
): typeof Cursor {
  let made = classes.get(struct);
  if (made === undefined) {
    made = class extends Cursor {};
    for (const field of struct.fields) {
      Object.defineProperty(made.prototype, field.name, { enumerable: true, ...accessors(field) });
    }
    classes.set(struct, made);
  }
  return made;
}
