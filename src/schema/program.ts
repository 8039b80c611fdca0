import type { Struct } from "./type.js";

/**
 * The text of generated JavaScript while it is put together, and the objects it refers to.
 *
 * Nothing a caller wrote enters the text but names that `requireName()` passed, as JSON strings or identifiers, and
 * numbers that were checked to be integers.
 */
export class Program {
  readonly #declarations: string[] = [];
  readonly #constants = new Map<unknown, string>();
  readonly #structs = new Map<string, Map<Struct, string>>();
  #names = 0;

  /** An identifier that nothing else in the program has. */
  fresh(): string {
    return `x${this.#names++}`;
  }

  /** The identifier of an object from outside the program; the same for the same object. */
  constant(value: unknown): string {
    let name = this.#constants.get(value);
    if (name === undefined) {
      name = this.fresh();
      this.#constants.set(value, name);
    }
    return name;
  }

  /** Adds a function: its parameters and body as text. Gives its identifier. */
  add(parameters: string, body: string): string {
    const name = this.fresh();
    this.#declarations.push(`function ${name}(${parameters}) {\n${body}\n}`);
    return name;
  }

  /** Adds a class: the text of its members, which may refer to it by its identifier. Gives that identifier. */
  addClass(members: (name: string) => readonly string[]): string {
    const name = this.fresh();
    this.#declarations.push(`class ${name} {\n${members(name).join("\n")}\n}`);
    return name;
  }

  /**
   * The identifier of what does `purpose` for a nested struct, added at the first call. One for each struct, so that the text grows with the schema as written and not with its bytes.
   */
  shared(purpose: string, struct: Struct, add: () => string): string {
    let names = this.#structs.get(purpose);
    if (names === undefined) {
      names = new Map();
      this.#structs.set(purpose, names);
    }
    let name = names.get(struct);
    if (name === undefined) {
      name = add();
      names.set(struct, name);
    }
    return name;
  }

  /**
   * Runs the program and gives the value of `result`, an expression.
   *
   * @throws EvalError if the process forbids code generation.
   */
  run(result: string): unknown {
    const body = `"use strict";\n${this.#declarations.join("\n")}\nreturn ${result};`;
    return new Function(...this.#constants.values(), body)(...this.#constants.keys());
  }
}
