import type { Codec, View, Writer } from "./codec.js";
import { compileStruct } from "./compile.js";
import { compileView } from "./compile-view.js";
import { compileWriter } from "./compile-writer.js";
import { interpretStruct } from "./engine.js";
import type { Struct } from "./type.js";
import { createView } from "./view.js";
import { createWriter } from "./writer.js";

/**
 * Makes the codec of a struct: generated code where the process allows it, else the interpreter. Views and writers are
 * generated when the first is made, as most types need none.
 */
export function buildCodec<T>(struct: Struct<T>): Codec<T> {
  const { encode, decode } = generate(compileStruct, interpretStruct, struct);
  let newView: (() => View<T>) | undefined;
  let newWriter: (() => Writer<T>) | undefined;
  return Object.freeze({
    size: struct.size,
    minSize: struct.minSize,
    align: struct.align,
    encode,
    decode,
    view() {
      newView ??= generate(compileView, (type) => () => createView(type), struct);
      return newView();
    },
    writer() {
      newWriter ??= generate(compileWriter, (type) => () => createWriter(type), struct);
      return newWriter();
    },
  });
}

function generate<T, R>(compile: (struct: Struct<T>) => R, interpret: (struct: Struct<T>) => R, struct: Struct<T>): R {
  try {
    return compile(struct);
  } catch (fault) {
    if (fault instanceof EvalError) return interpret(struct);
    throw fault;
  }
}
