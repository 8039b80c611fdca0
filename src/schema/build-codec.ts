import type { Codec } from "./codec.js";
import { compileStruct } from "./compile.js";
import { type Engine, interpretStruct } from "./engine.js";
import type { Struct } from "./type.js";
import { createView } from "./view.js";
import { createWriter } from "./writer.js";

/** Makes the codec of a struct: generated code where the process allows it, else the interpreter. */
export function buildCodec<T>(struct: Struct<T>): Codec<T> {
  const { encode, decode } = chooseEngine(struct);
  return Object.freeze({
    size: struct.size,
    minSize: struct.minSize,
    align: struct.align,
    encode,
    decode,
    view: () => createView(struct),
    writer: () => createWriter(struct),
  });
}

function chooseEngine<T>(struct: Struct<T>): Engine<T> {
  try {
    return compileStruct(struct);
  } catch (fault) {
    if (fault instanceof EvalError) return interpretStruct(struct);
    throw fault;
  }
}
