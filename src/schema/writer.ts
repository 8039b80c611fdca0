import type { FieldWriter, Writer } from "./codec.js";
import { Cursor, writerClass } from "./cursor.js";
import { getMessage, putVariable } from "./interpret.js";
import { zero } from "./memory.js";
import { Refusal } from "./refusal.js";
import type { AnyType, Bytes, Field, Struct, Text } from "./type.js";
import { requireRoom } from "./window.js";

/** Makes a reusable writer of a struct's fields in place, without code generation. */
export function createWriter<T>(struct: Struct<T>): Writer<T> {
  const cursor = new (writerClass(struct))();
  const mustSet = hasEnumWithoutZero(struct);
  let place: DataView | undefined;
  let base = 0;
  return {
    begin(view, offset) {
      requireRoom(view, offset, struct.size);
      zero(view, offset, struct.size);
      Cursor.place(cursor, view, offset, struct.size);
      place = view;
      base = offset;
      return cursor as unknown as FieldWriter<T>;
    },
    end() {
      requireBegun(struct, place);
      if (mustSet) requireSet(struct, place, base);
      return usedBytes(struct, place, base);
    },
  };
}

/** @throws TypeError if a writer has no place. */
export function requireBegun(struct: Struct, place: DataView | undefined): asserts place is DataView {
  if (place !== undefined) return;
  throw new TypeError(`The writer of ${struct.name} ends a message that it has not begun`);
}

/** Bytes up to the used end of a message that was written in full. */
function usedBytes(struct: Struct, view: DataView, offset: number): number {
  const last = struct.fields.at(-1);
  if (last?.type.kind !== "bytes" && last?.type.kind !== "text") return struct.size;
  const at = offset + last.offset;
  const { max, prefix } = last.type;
  // Clamped, as the bytes may lie where something else can write.
  return last.offset + prefix + Math.min(max, prefix === 2 ? view.getUint16(at, true) : view.getUint32(at, true));
}

/**
 * Writes the used bytes of the last field of a message and gives their number. The view has room for the longest value.
 *
 * @throws TypeError or RangeError, naming the path, if the value does not fit.
 */
export function putLastField(struct: Struct, field: Field, value: unknown, view: DataView, at: number): number {
  try {
    return putVariable(field.type as Bytes | Text, value, view, at);
  } catch (fault) {
    throw fault instanceof Refusal ? fault.within(`.${field.name}`).toMistake(struct.name) : fault;
  }
}

/** Zero is a value of every type but an enum that names none, so only such an enum can be left without a value. */
export function hasEnumWithoutZero(type: AnyType): boolean {
  return lacksZero(type, new Set());
}

function lacksZero(type: AnyType, seen: Set<AnyType>): boolean {
  if (seen.has(type)) return false;
  seen.add(type);
  if (type.kind === "enum") return type.members.every((member) => member.value !== 0);
  if (type.kind === "array") return lacksZero(type.element, seen);
  return type.kind === "struct" && type.fields.some((field) => lacksZero(field.type, seen));
}

/** @throws TypeError or RangeError, naming the path, if the bytes hold no message, as something was not set. */
export function requireSet(struct: Struct, view: DataView, offset: number): void {
  try {
    getMessage(struct, view, offset, struct.size);
  } catch (fault) {
    throw fault instanceof Refusal ? fault.toMistake(struct.name) : fault;
  }
}
