import type { AnyType, ArrayType } from "../schema/index.js";
import { block } from "./c-text.js";

/** Makes the statements for a value that the expression `at` names; `level` counts the loops around it. */
export type Statements<T extends AnyType = AnyType> = (type: T, at: string, level: number) => readonly string[];

/** The statements for all elements of an array; none if there are none for one. */
export function forEach(type: ArrayType, at: string, level: number, each: Statements): string[] {
  const index = indexName(level);
  const body = each(type.element, `${at}[${index}]`, level + 1);
  if (body.length === 0) return [];
  return block(`for (${index} = 0; ${index} < ${type.length}u; ${index}++)`, body);
}

/** The declaration of the indices that some statements use, with a blank line after it. */
export function declareIndices(lines: readonly string[]): string[] {
  const indices: string[] = [];
  for (let level = 0; lines.some((line) => line.includes(`for (${indexName(level)} = 0;`)); level++) {
    indices.push(indexName(level));
  }
  return indices.length === 0 ? [] : [`uint32_t ${indices.join(", ")};`, ""];
}

function indexName(level: number): string {
  return level < 6 ? String.fromCharCode("i".charCodeAt(0) + level) : `i${level}`;
}
