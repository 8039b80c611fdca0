import type { FieldWriter, Writer } from "./codec.js";
import { Cursor, writerClass } from "./cursor.js";
import { getMessage } from "./interpret.js";
import { zero } from "./memory.js";
import { Refusal } from "./refusal.js";
import type { AnyType, Struct } from "./type.js";
import { requireRoom } from "./window.js";

/** Makes a reusable writer of a struct's fields in place. */
export function createWriter<T>(struct: Struct<T>): Writer<T> {
  const cursor = new (writerClass(struct))();
  const mustSet = hasEnumWithoutZero(struct, new Set());
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
      if (place === undefined) throw new TypeError(`The writer of ${struct.name} ends a message that it has not begun`);
      if (mustSet) requireSet(struct, place, base);
      return usedBytes(struct, place, base);
    },
  };
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

/** Zero is a value of every type but an enum that names none, so only such an enum can be left without a value. */
function hasEnumWithoutZero(type: AnyType, seen: Set<AnyType>): boolean {
  if (seen.has(type)) return false;
  seen.add(type);
  if (type.kind === "enum") return type.members.every((member) => member.value !== 0);
  if (type.kind === "array") return hasEnumWithoutZero(type.element, seen);
  return type.kind === "struct" && type.fields.some((field) => hasEnumWithoutZero(field.type, seen));
}

function requireSet(struct: Struct, view: DataView, offset: number): void {
  try {
    getMessage(struct, view, offset, struct.size);
  } catch (fault) {
    throw fault instanceof Refusal ? fault.toMistake(struct.name) : fault;
  }
}
