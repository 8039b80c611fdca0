import type { CUnit } from "./c-scope.js";

/** Columns of a line and of a tab, as in the library's headers. */
const LINE_COLUMNS = 120;
const TAB_COLUMNS = 8;

/** The statement `head(a, b, c);` of a function, on as many lines as it takes. */
export function call(head: string, items: readonly string[]): string[] {
  return list(head, items, ";", LINE_COLUMNS - TAB_COLUMNS);
}

/** Something to be put in parentheses: `head(a, b, c)tail`, on as many lines as it takes. */
export function list(head: string, items: readonly string[], tail: string, limit = LINE_COLUMNS): string[] {
  const start = columns(`${head}(`);
  const indent = "\t".repeat(Math.floor(start / TAB_COLUMNS)) + " ".repeat(start % TAB_COLUMNS);
  const lines: string[] = [];
  let line = `${head}(`;
  items.forEach((item, index) => {
    const piece = item + (index + 1 < items.length ? "," : tail === "" ? ")" : `)${tail}`);
    const first = line.endsWith("(") || line === indent;
    if (!first && columns(`${line} ${piece}`) > limit) {
      lines.push(line);
      line = indent + piece;
    } else {
      line += first ? piece : ` ${piece}`;
    }
  });
  return [...lines, items.length === 0 ? `${line})${tail}` : line];
}

function columns(text: string): number {
  let column = 0;
  for (const character of text) column += character === "\t" ? TAB_COLUMNS - (column % TAB_COLUMNS) : 1;
  return column;
}

/** Lines one level deeper. */
export function indent(lines: readonly string[]): string[] {
  return lines.map((line) => (line === "" ? "" : `\t${line}`));
}

/** `head` with one or several lines under it, in braces unless one line needs none. */
export function block(head: string, lines: readonly string[]): string[] {
  return lines.length === 1 ? [head, ...indent(lines)] : [`${head} {`, ...indent(lines), "}"];
}

/** A comment; one line if the text is one. */
export function comment(...text: string[]): string[] {
  if (text.length === 1) return [`/* ${text[0]} */`];
  return ["/*", ...text.map((line) => (line === "" ? " *" : ` * ${line}`)), " */"];
}

/** What {@link defineFunction} writes. */
export interface CFunction {
  readonly name: string;
  /** For whom the name is taken: see {@link CScope.claim}. */
  readonly owner: string;
  /** With the space or asterisk before the name. @defaultValue `"int "` */
  readonly result?: string;
  readonly parameters: readonly string[];
  readonly body: readonly string[];
  readonly about?: readonly string[] | undefined;
}

/** The definition of an inline function, with a blank line after it. */
export function defineFunction(unit: CUnit, { name, owner, result, parameters, body, about }: CFunction): string[] {
  unit.names.claim(name, owner);
  const head = list(`static inline ${result ?? "int "}${name}`, parameters, "");
  return [...(about === undefined ? [] : comment(...about)), ...head, "{", ...indent(body), "}", ""];
}

/** The definition of a macro. */
export function defineMacro(unit: CUnit, name: string, value: string, owner: string): string {
  return `#define ${unit.names.claim(name, owner)} ${value}`;
}
