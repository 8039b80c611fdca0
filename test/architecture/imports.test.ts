import { describe, expect, test } from "vitest";
import { checkAddonLoading, checkImports, checkPublicImports } from "./imports.js";
import { format, readSources, type Source } from "./source.js";

const sources = readSources("src", [".ts"]);

function files(texts: Record<string, string>): Source[] {
  return Object.entries(texts).map(([path, text]) => ({ path, text }));
}

describe("src", () => {
  test("src imports downward only and without a cycle when all files are read", () => {
    expect(sources.length).toBeGreaterThan(0);
    expect(format(checkImports(sources))).toBe("");
  });

  test("src loads compiled code in native/addon.ts alone when all files are read", () => {
    expect(format(checkAddonLoading(sources))).toBe("");
  });
});

describe("examples", () => {
  test("examples import the public package only when all files are read", () => {
    expect(format(checkPublicImports(readSources("examples", [".ts"])))).toBe("");
  });
});

describe("checkImports()", () => {
  test("checkImports() accepts a lower layer, a listed sibling, the own folder and Node's modules", () => {
    const clean = files({
      "src/errors.ts": 'import { constants } from "node:os";',
      "src/shm/link.ts": 'import { a } from "../channel/link.js";\nimport type { B } from "./ring.js";',
      "src/shm/ring.ts": 'import { e } from "../errors.js";',
      "src/sim/machine.ts": 'import { l } from "../shm/link.js";\nimport { d } from "../uio/device.js";',
      "src/index.ts": 'export { a } from "./cli/main.js";',
    });
    expect(checkImports(clean)).toEqual([]);
  });

  const upward = /imports upward: "schema" is below "channel"/;
  test.each<[string, string, RegExp]>([
    ["an upward import", 'import { a } from "../channel/link.js";', upward],
    ["an upward type import", 'import type { A } from "../channel/link.js";', upward],
    ["an upward re-export", 'export { a } from "../channel/link.js";', upward],
    ["an upward import() call", 'export const load = () => import("../channel/link.js");', upward],
    ["an upward import() type", 'export type A = import("../channel/link.js").A;', upward],
    ["an import out of src", 'import { a } from "../../test/support/skip.js";', /outside src/],
    ["an import of the package itself", 'import { a } from "intercell/uio";', /own package/],
    ["an import of an unknown part", 'import { a } from "../helpers/a.js";', /in no layer/],
  ])("checkImports() names the line when a file has %s", (_, text, wanted) => {
    const violations = checkImports(files({ "src/schema/codec.ts": `\n${text}` }));
    expect(violations).toHaveLength(1);
    expect(violations[0]?.message).toMatch(wanted);
    expect(violations[0]?.line).toBe(2);
  });

  test("checkImports() refuses a sibling when it is not listed", () => {
    const violations = checkImports(files({ "src/shm/link.ts": 'import { m } from "../sim/machine.js";' }));
    expect(format(violations)).toMatch(/^src\/shm\/link\.ts:1 imports a sibling: "shm" and "sim"/);
  });

  test("checkImports() refuses a file when it lies in no layer", () => {
    expect(format(checkImports(files({ "src/helpers/a.ts": "" })))).toMatch(/lies in no layer: "helpers"/);
  });

  test("checkImports() names the whole cycle when files import each other in a ring", () => {
    const ring = files({
      "src/uio/a.ts": 'import { b } from "./b.js";',
      "src/uio/b.ts": 'import { c } from "./c.js";',
      "src/uio/c.ts": 'import { a } from "./a.js";',
    });
    const cycle = "src/uio/a.ts -> src/uio/b.ts -> src/uio/c.ts -> src/uio/a.ts";
    expect(format(checkImports(ring))).toBe(`src/uio/a.ts:1 is in a cycle: ${cycle}`);
  });

  test("checkImports() reports no cycle when two files share what they import", () => {
    const diamond = files({
      "src/uio/a.ts": 'import { b } from "./b.js";\nimport { c } from "./c.js";',
      "src/uio/b.ts": 'import { d } from "./d.js";',
      "src/uio/c.ts": 'import { d } from "./d.js";',
      "src/uio/d.ts": "",
    });
    expect(checkImports(diamond)).toEqual([]);
  });
});

describe("checkAddonLoading()", () => {
  test.each([
    'import load from "node-gyp-build";',
    'const addon = load("build/Release/intercell.node");',
    "process.dlopen(module, path);",
    'import { createRequire } from "node:module";',
  ])("checkAddonLoading() refuses %s in a file other than native/addon.ts", (text) => {
    expect(checkAddonLoading(files({ "src/uio/device.ts": text }))).toHaveLength(1);
    expect(checkAddonLoading(files({ "src/native/addon.ts": text }))).toEqual([]);
  });
});

describe("checkPublicImports()", () => {
  test.each(['import { a } from "../src/index.js";', 'import ws from "ws";', 'import { a } from "intercellular";'])(
    "checkPublicImports() refuses %s",
    (text) => {
      expect(checkPublicImports(files({ "examples/send-value.ts": text }))).toHaveLength(1);
    },
  );

  test("checkPublicImports() accepts the package, its subpaths and Node's modules", () => {
    const text = 'import { a } from "intercell";\nimport { b } from "intercell/uio";\nimport { c } from "node:fs";';
    expect(checkPublicImports(files({ "examples/send-value.ts": text }))).toEqual([]);
  });
});
