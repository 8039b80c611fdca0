import { getMessage, putMessage } from "./interpret.js";
import { copyOut } from "./memory.js";
import { decodeFault, REFUSED, Refusal } from "./refusal.js";
import type { Struct } from "./type.js";
import { requireMessage, requireRoom } from "./window.js";

/** One way to do the two main functions of a codec. */
export interface Engine<T> {
  encode(value: T, view: DataView, offset: number): number;
  decode(view: DataView, offset: number, length: number): T;
}

/** The engine that walks the type for every message. */
export function interpretStruct<T>(struct: Struct<T>): Engine<T> {
  return {
    encode(value, view, offset) {
      requireRoom(view, offset, struct.minSize);
      try {
        return putMessage(struct, value, view, offset);
      } catch (fault) {
        throw fault instanceof Refusal ? fault.toMistake(struct.name) : fault;
      }
    },
    decode(view, offset, length) {
      requireMessage(struct, view, offset, length);
      try {
        return getMessage(struct, view, offset, length) as T;
      } catch (fault) {
        throw fault instanceof Refusal ? fault.toFault(struct.name) : fault;
      }
    },
  };
}

/** What to throw for what generated code threw while it wrote `value`: the interpreter finds the path again. */
export function explainEncode(struct: Struct, fault: unknown, value: unknown, view: DataView, offset: number): unknown {
  if (!(fault instanceof Refusal)) return fault;
  try {
    putMessage(struct, value, view, offset);
  } catch (again) {
    return again instanceof Refusal ? again.toMistake(struct.name) : again;
  }
  return REFUSED.toMistake(struct.name);
}

/** What to throw for what generated code threw while it read: the interpreter finds the path again, in a copy. */
export function explainDecode(struct: Struct, fault: unknown, view: DataView, offset: number, length: number): unknown {
  if (!(fault instanceof Refusal)) return fault;
  const copy = new DataView(copyOut(view, offset, length).buffer);
  try {
    getMessage(struct, copy, 0, length);
  } catch (again) {
    return again instanceof Refusal ? again.toFault(struct.name) : again;
  }
  return decodeFault(struct.name, "wanted bytes that stay as they are, found some that change");
}
