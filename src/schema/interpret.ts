import { isUint8Array } from "node:util/types";
import { refuseArray, typedArrayClass } from "./array.js";
import { refuseBytes } from "./bytes.js";
import { enumMaps, refuseEnum } from "./enum.js";
import { copyIn, copyOut, zero } from "./memory.js";
import { Refusal, wrongType } from "./refusal.js";
import { refuseScalar } from "./scalar.js";
import { scalarReader, scalarWriter } from "./scalar-access.js";
import { refuseText } from "./text.js";
import type { AnyType, ArrayType, Bytes, FixedText, Struct, Text } from "./type.js";
import { getUtf8, putUtf8 } from "./utf8.js";
import { requireRoom } from "./window.js";

/**
 * Writes a value of any type by walking the type, all `type.size` bytes of it.
 *
 * The straightforward way: what generated code must agree with, what stands in for it where the process forbids code
 * generation, and what says why a value was refused.
 *
 * @throws Refusal if the value does not fit.
 */
export function put(type: AnyType, value: unknown, view: DataView, at: number): void {
  switch (type.kind) {
    case "scalar": {
      const refusal = refuseScalar(type, value);
      if (refusal !== undefined) throw refusal;
      scalarWriter(type)(view, at, value as never);
      return;
    }
    case "enum": {
      const integer = enumMaps(type).values.get(value);
      if (integer === undefined) throw refuseEnum(type, value);
      scalarWriter(type.base)(view, at, integer as never);
      return;
    }
    case "array":
      putArray(type, value, view, at);
      return;
    case "fixedBytes": {
      const refusal = refuseBytes(type, value);
      if (refusal !== undefined) throw refusal;
      copyIn(view, at, value as Uint8Array, type.length);
      return;
    }
    case "fixedText": {
      const used = putText(type, value, view, at);
      zero(view, at + used, type.length - used);
      return;
    }
    case "bytes":
    case "text": {
      const used = putVariable(type, value, view, at);
      zero(view, at + used, type.size - used);
      return;
    }
    case "struct":
      putFields(type, value, view, at, false);
  }
}

/**
 * Writes a message and gives its bytes.
 *
 * @throws Refusal if the value does not fit; RangeError if the view has no room for it.
 */
export function putMessage(struct: Struct, value: unknown, view: DataView, at: number): number {
  return putFields(struct, value, view, at, struct.truncatable);
}

/** Reads a value of any type. @throws Refusal if the bytes hold none. */
export function get(type: AnyType, view: DataView, at: number): unknown {
  switch (type.kind) {
    case "scalar":
      return scalarReader(type)(view, at);
    case "enum": {
      const integer = scalarReader(type.base)(view, at);
      const name = enumMaps(type).names.get(integer);
      if (name === undefined) throw refuseEnum(type, integer);
      return name;
    }
    case "array":
      return getArray(type, view, at);
    case "fixedBytes":
      return copyOut(view, at, type.length);
    case "fixedText":
      return getText(view, at, type.length, true);
    case "bytes":
    case "text":
      return getVariable(type, view, at, type.size);
    case "struct":
      return getMessage(type, view, at, type.size);
  }
}

/** Reads a struct, of whose last field only the bytes up to `length` came. @throws Refusal if the bytes hold none. */
export function getMessage(struct: Struct, view: DataView, at: number, length: number): unknown {
  const message: Record<string, unknown> = {};
  for (const { name, type, offset } of struct.fields) {
    try {
      const last = offset + type.size > length && (type.kind === "bytes" || type.kind === "text");
      message[name] = last ? getVariable(type, view, at + offset, length - offset) : get(type, view, at + offset);
    } catch (fault) {
      throw fault instanceof Refusal ? fault.within(`.${name}`) : fault;
    }
  }
  return message;
}

/** Reads variable bytes or text of which `room` bytes came, the length among them. */
export function getVariable(type: Bytes | Text, view: DataView, at: number, room: number): unknown {
  const count = type.prefix === 2 ? view.getUint16(at, true) : view.getUint32(at, true);
  if (count > type.max) throw new Refusal(`wanted up to ${type.max} bytes, found a length of ${count}`, false);
  if (count > room - type.prefix) {
    throw new Refusal(`wanted ${count} bytes as the length says, found ${room - type.prefix}`, false);
  }
  return type.kind === "bytes" ? copyOut(view, at + type.prefix, count) : getText(view, at + type.prefix, count, false);
}

function getText(view: DataView, at: number, count: number, toNul: boolean): string {
  const text = getUtf8(view, at, count, toNul);
  if (text === undefined) throw new Refusal("wanted UTF-8, found bytes that are not", false);
  return text;
}

function getArray(type: ArrayType, view: DataView, at: number): unknown {
  if (type.typed) return copyTyped(type, view, at);
  const values = new Array<unknown>(type.length);
  for (let i = 0; i < type.length; i++) {
    try {
      values[i] = get(type.element, view, at + i * type.element.size);
    } catch (fault) {
      throw fault instanceof Refusal ? fault.within(`[${i}]`) : fault;
    }
  }
  return values;
}

/** Reads a typed array. Plain copies do, as the machines this package supports (x86-64, arm64) are little-endian. */
export function copyTyped(type: ArrayType, view: DataView, at: number): ArrayBufferView {
  const values = new (typedArrayClass(type))(type.length);
  new Uint8Array(values.buffer).set(new Uint8Array(view.buffer, view.byteOffset + at, type.size));
  return values;
}

function putArray(type: ArrayType, value: unknown, view: DataView, at: number): void {
  const refusal = refuseArray(type, value);
  if (refusal !== undefined) throw refusal;
  if (type.typed) {
    const { buffer, byteOffset } = value as ArrayBufferView;
    copyIn(view, at, new Uint8Array(buffer, byteOffset, type.size), type.size);
    return;
  }
  for (let i = 0; i < type.length; i++) {
    try {
      put(type.element, (value as unknown[])[i], view, at + i * type.element.size);
    } catch (fault) {
      throw fault instanceof Refusal ? fault.within(`[${i}]`) : fault;
    }
  }
}

/** Writes the text alone and gives its bytes. */
function putText(type: FixedText | Text, value: unknown, view: DataView, at: number): number {
  if (typeof value !== "string") throw refuseText(type, value, 0);
  const used = putUtf8(view, at, type.kind === "text" ? type.max : type.length, value, type.kind === "text");
  if (used < 0) throw refuseText(type, value, used);
  return used;
}

/** Writes the length and what it counts, and gives the bytes of both. @throws Refusal if the value does not fit. */
export function putVariable(type: Bytes | Text, value: unknown, view: DataView, at: number): number {
  let count: number;
  if (type.kind === "text") {
    count = putText(type, value, view, at + type.prefix);
  } else {
    const refusal = refuseBytes(type, value);
    if (refusal !== undefined) throw refusal;
    count = (value as Uint8Array).length;
    copyIn(view, at + type.prefix, value as Uint8Array, count);
  }
  if (type.prefix === 2) view.setUint16(at, count, true);
  else view.setUint32(at, count, true);
  return type.prefix + count;
}

/**
 * Writes a variable value at the end of a message, where the view need only have room for what is used.
 *
 * @throws Refusal if the value does not fit the type, RangeError if it does not fit the view.
 */
export function putLast(type: Bytes | Text, value: unknown, view: DataView, at: number): number {
  if (at + type.size > view.byteLength) {
    // The type speaks first: only a value that it takes can lack room.
    const lengthBytes = typeof value === "string" ? Buffer.byteLength(value) : isUint8Array(value) ? value.length : 0;
    if (lengthBytes <= type.max) requireRoom(view, at, type.prefix + lengthBytes);
  }
  return putVariable(type, value, view, at);
}

function putFields(struct: Struct, value: unknown, view: DataView, at: number, truncate: boolean): number {
  requireFields(struct, value);
  const last = truncate ? struct.fields.length - 1 : -1;
  let end = 0;
  for (const [index, { name, type, offset, size }] of struct.fields.entries()) {
    zero(view, at + end, offset - end);
    try {
      if (index === last) return offset + putLast(type as Bytes | Text, value[name], view, at + offset);
      put(type, value[name], view, at + offset);
    } catch (fault) {
      throw fault instanceof Refusal ? fault.within(`.${name}`) : fault;
    }
    end = offset + size;
  }
  zero(view, at + end, struct.size - end);
  return struct.size;
}

/** Keys that are no fields are let pass: a name that is misspelt shows as the field that is missing. */
function requireFields(struct: Struct, value: unknown): asserts value is Record<string, unknown> {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw wrongType(`an object with the fields of ${struct.name}`, value);
  }
}
