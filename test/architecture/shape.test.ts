import { describe, expect, test } from "vitest";
import { checkC, checkIndex, checkShape } from "./shape.js";
import { format, readSources, type Source } from "./source.js";

const limits = { fileLines: 400, functionLines: 70 };

function file(text: string, path = "src/uio/device.ts"): Source[] {
  return [{ path, text }];
}

function repeat(line: string, count: number): string {
  return `${line}\n`.repeat(count);
}

describe("the tree", () => {
  test.each(["src", "bench", "scripts"])(
    "%s keeps the limits and the house style when all files are read",
    (folder) => {
      expect(format(checkShape(readSources(folder, [".ts", ".mjs"]), limits))).toBe("");
    },
  );

  test("examples stay short when all files are read", () => {
    expect(format(checkShape(readSources("examples", [".ts"]), { fileLines: 120, functionLines: 70 }))).toBe("");
  });

  test("test keeps the house style when all files are read", () => {
    expect(format(checkShape(readSources("test", [".ts", ".mjs"]), { fileLines: 400 }))).toBe("");
  });

  test("src has index files that only re-export when all files are read", () => {
    expect(format(checkIndex(readSources("src", [".ts"])))).toBe("");
  });

  test("native has the licence line and puts no work off when all files are read", () => {
    expect(format(checkC(readSources("native", [".c", ".h"])))).toBe("");
  });
});

describe("checkShape()", () => {
  test("checkShape() accepts a file and a function when they have just the allowed lines", () => {
    const longest = `export function f(): void {\n${repeat("  g();", 68)}}\n`;
    expect(checkShape(file(longest + repeat("// why", 330)), limits)).toEqual([]);
  });

  test("checkShape() refuses a file when it has one line more", () => {
    expect(format(checkShape(file(repeat("// why", 401)), limits))).toMatch(/has 401 lines, more than 400/);
  });

  test.each([
    ["a function", "export function f(): void {", "}"],
    ["an arrow function", "export const f = (): void => {", "};"],
    ["a method", "class A { f(): void {", "} }"],
    ["a getter", "class A { get f(): number {", "} }"],
    ["a constructor", "class A { constructor() {", "} }"],
  ])("checkShape() refuses %s when it has one line more", (_, head, tail) => {
    const violations = checkShape(file(`\n${head}\n${repeat("  g();", 69)}${tail}\n`), limits);
    expect(format(violations)).toMatch(/^src\/uio\/device\.ts:2 has a function of 71 lines, more than 70$/);
    expect(checkShape(file(`${head}\n${repeat("  g();", 69)}${tail}\n`), { fileLines: 400 })).toEqual([]);
  });

  test.each([
    ["an enum", "enum A { b }", /enum/],
    ["a const enum", "export const enum A { b }", /enum/],
    ["export *", 'export * from "./a.js";', /exports everything/],
    ["export * as", 'export * as a from "./a.js";', /exports everything/],
    ["a default class", "export default class A {}", /default export/],
    ["a default value", "export default 1;", /default export/],
    ["a default alias", "const a = 1;\nexport { a as default };", /default export/],
    ["a TODO", "const a = 1; // TODO: more", /TODO/],
    ["a FIXME in a block", "/* first\n   FIXME second */\nconst a = 1;", /FIXME/],
    ["an XXX at the end of a block", "function f() {\n  g();\n  // XXX\n}", /XXX/],
    ["a HACK at the end of the file", "const a = 1;\n// HACK", /HACK/],
  ])("checkShape() refuses %s", (_, text, wanted) => {
    const violations = checkShape(file(text), limits);
    expect(violations).toHaveLength(1);
    expect(violations[0]?.message).toMatch(wanted);
  });

  test("checkShape() accepts the words of a rule when they stand in a string or a name", () => {
    const text = 'const enumeration = "TODO enum export default";\nexport { enumeration };\n';
    expect(checkShape(file(text), limits)).toEqual([]);
  });
});

describe("checkIndex()", () => {
  test("checkIndex() accepts re-exports by name, of values and of types", () => {
    const text = 'export { a } from "./a.js";\nexport type { B } from "./b.js";\n';
    expect(checkIndex(file(text, "src/uio/index.ts"))).toEqual([]);
  });

  test.each(["export const a = 1;", 'import { a } from "./a.js";', "export { a };", 'export * from "./a.js";'])(
    "checkIndex() refuses %s",
    (text) => {
      expect(checkIndex(file(text, "src/index.ts"))).toHaveLength(1);
      expect(checkIndex(file(text, "src/uio/device.ts"))).toEqual([]);
    },
  );
});

describe("checkC()", () => {
  test.each(["// SPDX-License-Identifier: MIT\n", "/* SPDX-License-Identifier: MIT */\n"])(
    "checkC() accepts %s",
    (text) => {
      expect(checkC(file(text, "native/addon.c"))).toEqual([]);
    },
  );

  test.each(["#include <stdint.h>\n", "", "// SPDX-License-Identifier: MIT\n/* FIXME */\n"])(
    "checkC() refuses %j",
    (text) => {
      expect(checkC(file(text, "native/addon.c"))).toHaveLength(1);
    },
  );
});
