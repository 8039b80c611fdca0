import { get, getVariable, put } from "./interpret.js";
import { REFUSED, Refusal } from "./refusal.js";
import type { Field, Struct } from "./type.js";

/**
 * Reads a field in place by walking its type.
 *
 * @param at where the field begins.
 * @param room bytes of the message from there on.
 * @throws IntercellError `ERR_DECODE`, naming the path, if the bytes hold no value.
 */
export function getField(struct: Struct, { name, type, size }: Field, view: DataView, at: number, room: number) {
  try {
    if ((type.kind === "bytes" || type.kind === "text") && room < size) return getVariable(type, view, at, room);
    return get(type, view, at);
  } catch (fault) {
    throw fault instanceof Refusal ? fault.within(`.${name}`).toFault(struct.name) : fault;
  }
}

/**
 * Writes all bytes of a field in place by walking its type.
 *
 * @throws TypeError or RangeError, naming the path, if the value does not fit.
 */
export function putField(struct: Struct, { name, type }: Field, value: unknown, view: DataView, at: number): void {
  try {
    put(type, value, view, at);
  } catch (fault) {
    throw fault instanceof Refusal ? fault.within(`.${name}`).toMistake(struct.name) : fault;
  }
}

/**
 * Refuses a value that generated code found not to fit a field.
 *
 * @throws TypeError or RangeError, naming the path.
 */
export function refuseField(struct: Struct, field: Field, value: unknown): never {
  putField(struct, field, value, new DataView(new ArrayBuffer(field.size)), 0);
  throw REFUSED.toMistake(struct.name);
}
