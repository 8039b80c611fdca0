import { addDecoder } from "./compile-decode.js";
import { addEncoder } from "./compile-encode.js";
import { type Engine, explainDecode, explainEncode } from "./engine.js";
import { Program } from "./program.js";
import type { Struct } from "./type.js";
import { requireMessage, requireRoom } from "./window.js";

/**
 * The engine of straight-line code made for one struct.
 *
 * @throws EvalError if the process forbids code generation, as `--disallow-code-generation-from-strings` does.
 */
export function compileStruct<T>(struct: Struct<T>): Engine<T> {
  const program = new Program();
  const { minSize, size, truncatable } = struct;
  const self = program.constant(struct);
  const inView = "d instanceof DataView && Number.isSafeInteger(o) && o >= 0";
  const encode = program.add(
    "v, d, o",
    `if (!(${inView} && o + ${minSize} <= d.byteLength)) ${program.constant(requireRoom)}(d, o, ${minSize});
    try {
      return ${addEncoder(program, struct, truncatable)}(v, d, o);
    } catch (fault) {
      throw ${program.constant(explainEncode)}(${self}, fault, v, d, o);
    }`,
  );
  const length = truncatable ? `Number.isSafeInteger(n) && n >= ${minSize} && n <= ${size}` : `n === ${size}`;
  const decode = program.add(
    "d, o, n",
    `if (!(${inView} && ${length} && o + n <= d.byteLength)) ${program.constant(requireMessage)}(${self}, d, o, n);
    try {
      return ${addDecoder(program, struct, truncatable)}(d, o, n);
    } catch (fault) {
      throw ${program.constant(explainDecode)}(${self}, fault, d, o, n);
    }`,
  );
  return program.run(`{ encode: ${encode}, decode: ${decode} }`) as Engine<T>;
}
