import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import * as s from "../../src/schema/index.js";
import { alignUp, prefixBytes } from "../../src/schema/layout.js";
import type { Struct } from "../../src/schema/type.js";
import { readSeed } from "../support/seed.js";
import { skipUnless } from "../support/skip.js";
import { arbitraryMessage } from "./arbitrary.js";
import { CProgram } from "./c-program.js";
import { readSections } from "./elf.js";

describe("alignUp()", () => {
  test.each([
    [0, 8, 0],
    [1, 8, 8],
    [8, 8, 8],
    [9, 2, 10],
    [2 ** 31 + 1, 4, 2 ** 31 + 4],
  ])("alignUp() rounds %i up to a multiple of %i when it is none", (bytes, align, expected) => {
    expect(alignUp(bytes, align)).toBe(expected);
  });
});

describe("prefixBytes()", () => {
  test("prefixBytes() is 2 when two bytes can count to max, else 4", () => {
    expect([1, 65535, 65536].map(prefixBytes)).toEqual([2, 2, 4]);
  });
});

const Inner = s.struct("Inner", { small: s.i8, wide: s.u64, last: s.i16 });
const Mode = s.enumOf("Mode", { off: -3, on: 40000 }, s.i32);
const handwritten: readonly (readonly [Struct, unknown])[] = [
  [s.struct("One", { a: s.u8 }), { a: 255 }],
  [s.struct("Wide", { a: s.u8, b: s.u64, c: s.u8 }), { a: 1, b: 2n ** 64n - 1n, c: 3 }],
  [s.struct("Doubles", { a: s.bool, b: s.f64, c: s.f32 }), { a: true, b: -1.5e300, c: Math.fround(0.1) }],
  [
    s.struct("Nested", { a: s.u8, b: Inner, c: s.array(Inner, 2), d: s.u8 }),
    {
      a: 1,
      b: { small: -1, wide: 2n, last: -3 },
      c: [
        { small: 4, wide: 5n, last: 6 },
        { small: -128, wide: 7n, last: -32768 },
      ],
      d: 8,
    },
  ],
  [
    s.struct("Matrix", { a: s.u8, b: s.array(s.array(s.u16, 3), 2) }),
    {
      a: 1,
      b: [
        [1, 2, 3],
        [4, 5, 65535],
      ],
    },
  ],
  [
    s.struct("Large", { a: s.u8, b: s.bytes(65537), c: s.text(3) }),
    { a: 1, b: new Uint8Array(65537).fill(7), c: "abc" },
  ],
  [s.struct("Safe", { a: s.i64AsNumber, b: s.u64AsNumber }), { a: -(2 ** 53) + 1, b: 2 ** 53 - 1 }],
  [s.struct("Least", { a: s.i64, b: s.i32 }), { a: -(2n ** 63n), b: -(2 ** 31) }],
  [s.struct("Choice", { a: s.u8, mode: Mode, b: s.fixedText(5), c: s.u16 }), { a: 1, mode: "off", b: "äö", c: 2 }],
];

const compilers = ["gcc", "aarch64-linux-gnu-gcc", "arm-linux-gnueabihf-gcc"];

describe("struct()", () => {
  const random = fc.sample(arbitraryMessage(1), { numRuns: 80, seed: readSeed() });
  const program = new CProgram();
  const messages = [...handwritten, ...random.filter(([type, value]) => !holdsNan(type, value))];
  for (const [type, value] of messages) program.add(type, value);

  for (const compiler of compilers) {
    const found = spawnSync(compiler, ["--version"]).status === 0;
    const options = skipUnless(found, `${compiler} is missing: install it to compare layouts with that compiler's`);
    test(`struct() lays out sizes, offsets and bytes as ${compiler} does when schemas are random`, options, () => {
      const sections = compile(compiler, program);
      for (const [index, [type, value]] of messages.entries()) {
        const facts = sections.get(`.facts${index}`) ?? new Uint8Array();
        const words = Array.from({ length: facts.length / 4 }, (_, i) => Buffer.from(facts).readUInt32LE(i * 4));
        const expected = [type.size, type.align, ...type.fields.flatMap(({ offset, size }) => [offset, size])];
        expect(words, type.description).toEqual(expected);
        const bytes = new Uint8Array(type.size);
        const used = type.codec.encode(value as never, new DataView(bytes.buffer), 0);
        const inC = Buffer.from(sections.get(`.value${index}`) ?? []);
        expect(Buffer.from(bytes).toString("hex"), type.description).toBe(inC.toString("hex"));
        expect(type.codec.decode(new DataView(bytes.buffer), 0, used)).toEqual(value);
      }
    });
  }
});

function compile(compiler: string, program: CProgram): ReadonlyMap<string, Uint8Array> {
  const folder = mkdtempSync(join(tmpdir(), "intercell-layout-"));
  try {
    const [source, object] = [join(folder, "layout.c"), join(folder, "layout.o")];
    writeFileSync(source, program.toString());
    const run = spawnSync(compiler, ["-std=c11", "-O0", "-w", "-c", "-o", object, source], { encoding: "utf8" });
    expect(run.stderr).toBe("");
    return readSections(readFileSync(object));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Which bits of a NaN stand in memory is up to each compiler and engine. */
function holdsNan(type: Struct, value: unknown): boolean {
  const seen = (each: unknown): boolean => {
    if (typeof each === "number") return Number.isNaN(each);
    return typeof each === "object" && each !== null && Object.values(each).some(seen);
  };
  return type.fields.length > 0 && seen(value);
}
