import type { View } from "./codec.js";
import { cursorMembers, getters, IS_LIKELY_PLACE } from "./compile-cursor.js";
import { Program } from "./program.js";
import type { Struct } from "./type.js";
import { requireMessage } from "./window.js";

/**
 * Generates what makes views of a struct.
 *
 * @throws EvalError if the process forbids code generation.
 */
export function compileView<T>(struct: Struct<T>): () => View<T> {
  const program = new Program();
  const { minSize, size, truncatable } = struct;
  const length = truncatable ? `n >>> 0 === n && n >= ${minSize} && n <= ${size}` : `n === ${size}`;
  const fits = `${IS_LIKELY_PLACE} && ${length} && o + n <= d.byteLength`;
  const refuse = program.constant(requireMessage);
  const reader = program.addClass((name) => [
    ...readerMembers(program, struct),
    `static view() {
      const c = new ${name}();
      return {
        at(d, o, n) {
          if (!(${fits})) ${refuse}(${program.constant(struct)}, d, o, n);
          c.#d = d;
          c.#o = o;
          c.#n = n;
          return c;
        },
      };
    }`,
  ]);
  return program.run(`${reader}.view`) as () => View<T>;
}

function readerMembers(program: Program, struct: Struct): string[] {
  const nested = (type: Struct): string =>
    program.shared("read", type, () => program.addClass(() => readerMembers(program, type)));
  return [...cursorMembers(program, struct, nested), ...getters(program, struct, nested)];
}
