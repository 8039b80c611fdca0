const pattern = /^[a-zA-Z][a-zA-Z0-9_]*$/;

/** Characters in a name; C11 5.2.4.1 promises no more than 63 significant ones. */
export const MAX_NAME_LENGTH = 63;

/** Names that mean something else in JavaScript: what every object inherits, and what classes have. */
const javascriptNames = [...Object.getOwnPropertyNames(Object.prototype), "prototype"];

/**
 * C11 6.4.1 keywords that {@link pattern} admits, the macros of stdbool.h and stddef.h, and the macros gcc predefines
 * without underscores.
 */
const cNames =
  "auto break case char const continue default do double else enum extern float for goto if inline int long register " +
  "restrict return short signed sizeof static struct switch typedef union unsigned void volatile while bool true false " +
  "NULL offsetof linux unix";

const reserved: ReadonlySet<string> = new Set([...javascriptNames, ...cNames.split(" ")]);

/**
 * Holds the name of a struct, field or enum against the rules: it is also an identifier in generated C and JavaScript.
 *
 * @throws TypeError if the name is not a string that matches `[a-zA-Z][a-zA-Z0-9_]*`, or is reserved.
 * @throws RangeError if it is longer than {@link MAX_NAME_LENGTH}.
 */
export function requireName(name: unknown, what: string): asserts name is string {
  requirePattern(name, what);
  if (reserved.has(name)) throw new TypeError(`${what} "${name}" is reserved in C or JavaScript: choose another`);
}

/**
 * Holds the name of an enum member against the rules, which reserve nothing: in JavaScript it is only ever a string,
 * and in C it stands behind the name of its enum.
 *
 * @throws as {@link requireName} does.
 */
export function requireMemberName(name: unknown, what: string): asserts name is string {
  requirePattern(name, what);
}

function requirePattern(name: unknown, what: string): asserts name is string {
  if (typeof name !== "string") throw new TypeError(`${what} must be a string, not ${typeof name}`);
  if (name.length > MAX_NAME_LENGTH) {
    throw new RangeError(`${what} has ${name.length} characters, more than ${MAX_NAME_LENGTH}`);
  }
  if (!pattern.test(name)) {
    throw new TypeError(`${what} ${JSON.stringify(name)} must be a letter and then letters, digits and underscores`);
  }
}
