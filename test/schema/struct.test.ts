import { describe, expect, test } from "vitest";
import { array, bytes, codec, enumOf, f64, struct, text, u8, u16, u32, u64 } from "../../src/schema/index.js";
import type { AnyType } from "../../src/schema/type.js";

describe("struct()", () => {
  test("struct() tells name, offset, size, alignment and type of each field when it is asked", () => {
    const Inner = struct("Inner", { a: u8, b: u64 });
    const T = struct("T", { flag: u8, count: u16, inner: Inner, list: array(u16, 3), tail: text(5) });
    expect(T).toMatchObject({
      kind: "struct",
      name: "T",
      size: 40,
      align: 8,
      depth: 2,
      minSize: 32,
      truncatable: true,
    });
    expect(T.fields).toEqual([
      { name: "flag", offset: 0, size: 1, align: 1, type: u8 },
      { name: "count", offset: 2, size: 2, align: 2, type: u16 },
      { name: "inner", offset: 8, size: 16, align: 8, type: Inner },
      { name: "list", offset: 24, size: 6, align: 2, type: expect.objectContaining({ kind: "array", element: u16 }) },
      { name: "tail", offset: 30, size: 8, align: 2, type: expect.objectContaining({ kind: "text", max: 5 }) },
    ]);
    expect(T.codec).toMatchObject({ size: 40, minSize: 32, align: 8 });
  });

  test("struct() has no bytes when it has no fields", () => {
    const Nothing = struct("Nothing", {});
    expect(Nothing).toMatchObject({ size: 0, align: 1, minSize: 0, truncatable: false, fields: [] });
    expect(() => struct("T", { a: Nothing })).toThrow("Field T.a must not be an empty struct");
  });

  test("struct() cannot be changed when it is made", () => {
    const fields = { a: u8, b: u16 };
    const T = struct("T", fields);
    fields.a = u32 as never;
    expect(T.size).toBe(4);
    for (const part of [T, T.fields, T.fields[0], T.fields[0]?.type, T.codec]) expect(Object.isFrozen(part)).toBe(true);
  });

  test.each([
    "__proto__",
    "constructor",
    "prototype",
    "hasOwnProperty",
    "toString",
    "valueOf",
    "__defineGetter__",
    "int",
    "default",
    "register",
    "linux",
    "",
    "_a",
    "1a",
    "a-b",
    "a b",
    "a.b",
    "ä",
    "a\u2028",
    "a\n",
    'a"',
    "a`b",
    '"]; globalThis.owned = true; //',
    "x: (globalThis.owned = true), y",
    "*/ globalThis.owned = true /*",
    "\\u0061",
  ])("struct() throws TypeError when a name is %j", (name) => {
    expect(() => struct(name, { a: u8 })).toThrow(TypeError);
    expect(() => struct("T", { [name]: u8 })).toThrow(TypeError);
    expect(() => struct("T", { e: enumOf(name, { a: 1 }, u8) })).toThrow(TypeError);
    expect((globalThis as { owned?: boolean }).owned).toBeUndefined();
  });

  test("struct() takes names of JavaScript that are harmless when they are fields", () => {
    const names = [
      "get",
      "set",
      "then",
      "length",
      "name",
      "class",
      "function",
      "v",
      "d",
      "o",
      "n",
      "i",
      "k",
      "x0",
      "x1",
    ];
    const all = Object.fromEntries(names.map((name) => [name, u8]));
    const value = Object.fromEntries(names.map((name, i) => [name, i]));
    const T = struct("Any", { ...all, at: u8, begin: u8, end: u8, arguments: u8, eval: u8, await: u8 });
    const view = new DataView(new ArrayBuffer(T.size));
    const whole = { ...value, at: 1, begin: 2, end: 3, arguments: 4, eval: 5, await: 6 };
    T.codec.encode(whole, view, 0);
    expect(T.codec.decode(view, 0, T.size)).toEqual(whole);
    expect(T.codec.view().at(view, 0, T.size)).toMatchObject(whole);
  });

  test("struct() throws when a name is too long or no string", () => {
    expect(struct("N".repeat(63), { ["f".repeat(63)]: u8 }).size).toBe(1);
    expect(() => struct("N".repeat(64), {})).toThrow(RangeError);
    expect(() => struct("T", { ["f".repeat(64)]: u8 })).toThrow(RangeError);
    expect(() => struct(5 as never, {})).toThrow(TypeError);
  });

  test.each([
    [{ a: "u8" }],
    [{ a: undefined }],
    [{ a: { ...u8 } }],
    [
      {
        a: {
          kind: "scalar",
          wire: "u8(0)); globalThis.owned = true; //",
          asNumber: false,
          size: 1,
          align: 1,
          depth: 0,
        },
      },
    ],
    [null],
    [undefined],
  ])("struct() throws TypeError when its fields are no types (case %#)", (fields) => {
    expect(() => struct("T", fields as never)).toThrow(TypeError);
  });

  test("struct() throws TypeError when one name stands for two types", () => {
    const A = struct("P", { x: u8 });
    const B = struct("P", { x: u16 });
    const same = struct("P", { x: u8 });
    expect(() => struct("T", { a: A, b: array(B, 2) })).toThrow(
      "The name P stands for two types within T: struct P{x:u8;}, struct P{x:u16;}",
    );
    expect(() => struct("P", { a: A })).toThrow(
      "The name P stands for two types within P: struct P{a:struct P;}, struct P{x:u8;}",
    );
    expect(() => struct("T", { a: A, b: enumOf("P", { x: 1 }, u8) })).toThrow(TypeError);
    expect(struct("T", { a: A, b: same }).size).toBe(2);
  });

  test("struct() throws RangeError when it is over a limit", () => {
    const many = (count: number) => Object.fromEntries(Array.from({ length: count }, (_, i) => [`f${i}`, u8]));
    expect(struct("T", many(1024)).size).toBe(1024);
    expect(() => struct("T", many(1025))).toThrow(RangeError);
    const half = array(u8, 2 ** 29);
    expect(struct("T", { a: half, b: half }).size).toBe(2 ** 30);
    expect(() => struct("T", { a: half, b: half, c: u8 })).toThrow(RangeError);
  });

  test("struct() stays quick to make and use when each level names the one below twice", () => {
    let type: AnyType = struct("L0", { a: u8 });
    for (let level = 1; level <= 20; level++) type = struct(`L${level}`, { a: type, b: type });
    expect(type.size).toBe(2 ** 20);
    expect(type.kind === "struct" && type.description.length).toBeLessThan(1000);
    const view = new DataView(new ArrayBuffer(type.size));
    expect(type.kind === "struct" && codec(type).decode(view, 0, type.size)).toBeTypeOf("object");
    type = struct("L29", { a: struct("L28", { a: array(type, 2 ** 8) }), b: f64, c: bytes(4) });
    expect(type.depth).toBe(24);
  });
});
