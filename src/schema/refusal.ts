import { ErrorCode, IntercellError } from "../errors.js";

/**
 * Why a value or some bytes do not fit a type, on its way up from the part concerned. Each level it passes adds its
 * own step to the path; the outermost turns it into the error that the caller sees.
 */
export class Refusal extends Error {
  /** Whether the value has the wrong type, rather than a wrong value of the right type. */
  readonly ofType: boolean;
  #path = "";

  constructor(reason: string, ofType: boolean) {
    super(reason);
    this.name = "Refusal";
    this.ofType = ofType;
  }

  /** Puts a step, such as `".flags"` or `"[2]"`, before the path. */
  within(step: string): this {
    this.#path = step + this.#path;
    return this;
  }

  /** The argument mistake for a value of the struct called `name`. */
  toMistake(name: string): TypeError | RangeError {
    const message = `Cannot encode ${name}${this.#path}: ${this.message}`;
    return this.ofType ? new TypeError(message) : new RangeError(message);
  }

  /** The fault for bytes of the struct called `name`. */
  toFault(name: string): IntercellError {
    return decodeFault(`${name}${this.#path}`, this.message);
  }
}

/** Says that generated code found something to refuse; the interpreter then says what. */
export const REFUSED: Refusal = new Refusal("wanted a value that stays as it is, found one that changes", false);

/** The `ERR_DECODE` for the bytes of `path`. */
export function decodeFault(path: string, reason: string): IntercellError {
  return new IntercellError(ErrorCode.DECODE, `Cannot decode ${path}: ${reason}`);
}

/** The refusal of a value of the wrong JavaScript type. */
export function wrongType(wanted: string, value: unknown): Refusal {
  return new Refusal(`wanted ${wanted}, found ${found(value)}`, true);
}

/** The refusal of a value of the right JavaScript type that does not fit. */
export function wrongValue(wanted: string, value: unknown): Refusal {
  return new Refusal(`wanted ${wanted}, found ${found(value)}`, false);
}

/** Describes a value in a message. Looks at no property that could run the application's code. */
function found(value: unknown): string {
  switch (typeof value) {
    case "string":
      return value.length > 40 ? `a text of ${value.length} characters` : JSON.stringify(value);
    case "bigint":
      return `${value}n`;
    case "number":
    case "boolean":
      return Object.is(value, -0) ? "-0" : String(value);
    case "undefined":
      return "nothing";
    case "object":
      if (value === null) return "null";
      return Array.isArray(value) ? `an array of ${value.length}` : "an object";
    default:
      return `a ${typeof value}`;
  }
}
