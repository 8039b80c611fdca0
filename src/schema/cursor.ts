import { get, getVariable, put } from "./interpret.js";
import { Refusal } from "./refusal.js";
import { integerRange } from "./scalar.js";
import { scalarReader, scalarWriter } from "./scalar-access.js";
import type { Field, Scalar, Struct } from "./type.js";

const nowhere = new DataView(new ArrayBuffer(0));

/**
 * The fields of a struct over bytes in a view. Accessors stand on the prototype, one class for each struct, so that
 * engines see all its readers alike; where it stands is private, so that who reads fields cannot reach the memory.
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

  /** Makes a getter for a field of a struct. */
  static getter(struct: Struct, field: Field): (this: Cursor) => unknown {
    const { name, offset, size, type } = field;
    if (type.kind === "struct") return Cursor.#nestedGetter(field, type, readerClass);
    if (type.kind === "scalar" && type.wire !== "bool" && !type.asNumber) {
      const read = scalarReader(type);
      return function (this: Cursor) {
        return read(this.#view, this.#base + offset);
      };
    }
    const variable = type.kind === "bytes" || type.kind === "text" ? type : undefined;
    return function (this: Cursor) {
      const room = this.#length - offset;
      try {
        if (variable !== undefined && room < size) return getVariable(variable, this.#view, this.#base + offset, room);
        return get(type, this.#view, this.#base + offset);
      } catch (fault) {
        throw fault instanceof Refusal ? fault.within(`.${name}`).toFault(struct.name) : fault;
      }
    };
  }

  /** Makes a setter for a field of a struct, which is no struct itself. */
  static setter(struct: Struct, field: Field): (this: Cursor, value: unknown) => void {
    const { offset, type } = field;
    const fits = type.kind === "scalar" ? fitsNumber(type) : undefined;
    if (type.kind !== "scalar" || fits === undefined) {
      return function (this: Cursor, value: unknown) {
        putField(struct, field, value, this.#view, this.#base + offset);
      };
    }
    const write = scalarWriter(type);
    return function (this: Cursor, value: unknown) {
      if (fits(value)) write(this.#view, this.#base + offset, value as never);
      else putField(struct, field, value, this.#view, this.#base + offset);
    };
  }

  /** Makes a getter for the cursor of a nested struct that can be written. */
  static writableGetter(field: Field, type: Struct): (this: Cursor) => unknown {
    return Cursor.#nestedGetter(field, type, writerClass);
  }

  #place(view: DataView, base: number, length: number): void {
    this.#view = view;
    this.#base = base;
    this.#length = length;
  }

  static #nestedGetter({ name, offset, size }: Field, type: Struct, classOf: (struct: Struct) => typeof Cursor) {
    return function (this: Cursor): Cursor {
      let cursor = this.#nested.get(name);
      if (cursor === undefined) {
        cursor = new (classOf(type))();
        this.#nested.set(name, cursor);
      }
      Cursor.place(cursor, this.#view, this.#base + offset, size);
      return cursor;
    };
  }
}

/** Tells numbers that surely fit a scalar; undefined for a scalar that holds something else. */
function fitsNumber(type: Scalar): ((value: unknown) => boolean) | undefined {
  if (type.wire === "f64") return (value) => typeof value === "number";
  const [least, greatest] = integerRange(type) ?? [];
  if (typeof least !== "number" || typeof greatest !== "number") return undefined;
  return (value) => Number.isInteger(value) && (value as number) >= least && (value as number) <= greatest;
}

function putField(struct: Struct, { name, type }: Field, value: unknown, view: DataView, at: number): void {
  try {
    put(type, value, view, at);
  } catch (fault) {
    throw fault instanceof Refusal ? fault.within(`.${name}`).toMistake(struct.name) : fault;
  }
}

const readers = new WeakMap<Struct, typeof Cursor>();
const writers = new WeakMap<Struct, typeof Cursor>();

/** The class of the cursors that read a struct, made at first use and kept. */
export function readerClass(struct: Struct): typeof Cursor {
  return classFor(readers, struct, (field) => ({ get: Cursor.getter(struct, field) }));
}

/** The class of the cursors that write a struct, made at first use and kept. */
export function writerClass(struct: Struct): typeof Cursor {
  return classFor(writers, struct, (field) =>
    field.type.kind === "struct"
      ? { get: Cursor.writableGetter(field, field.type) }
      : { get: Cursor.getter(struct, field), set: Cursor.setter(struct, field) },
  );
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
