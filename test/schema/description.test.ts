import { describe, expect, test } from "vitest";
import * as s from "../../src/schema/index.js";

describe("describeType()", () => {
  test("describeType() writes every kind of type in its grammar when it is given one", () => {
    const Mode = s.enumOf("Mode", { fault: 7, idle: 0, low: -1 }, s.i8);
    const Point = s.struct("Point", { x: s.f32, y: s.f64, mode: Mode });
    const T = s.struct("T", {
      on: s.bool,
      mode: Mode,
      path: s.array(s.array(Point, 3), 2),
      last: Point,
      id: s.fixedBytes(16),
      name: s.fixedText(8),
      note: s.text(70000),
      blob: s.bytes(64),
    });
    expect(s.describeType(T)).toBe(
      "struct T{on:bool;mode:enum Mode:i8{low=-1,idle=0,fault=7};" +
        "path:struct Point{x:f32;y:f64;mode:enum Mode;}[3][2];last:struct Point;" +
        "id:fixedBytes(16);name:fixedText(8);note:text(70000);blob:bytes(64);}",
    );
    expect(T.description).toBe(s.describeType(T));
  });

  test("describeType() is the same when only the TypeScript side differs", () => {
    const a = s.struct("T", { n: s.u64, v: s.array(s.f32, 3), e: s.enumOf("E", { a: 1, b: 2 }, s.u8) });
    const b = s.struct("T", { n: s.u64AsNumber, v: s.typedArray(s.f32, 3), e: s.enumOf("E", { b: 2, a: 1 }, s.u8) });
    expect(a.hash).toBe(b.hash);
  });

  test("describeType() differs when anything on the wire or a name does", () => {
    const E = (members: Readonly<Record<string, number>>) => s.enumOf("E", members, s.u8);
    const variants = [
      s.struct("T", { a: s.u8, b: s.u8 }),
      s.struct("U", { a: s.u8, b: s.u8 }),
      s.struct("T", { b: s.u8, a: s.u8 }),
      s.struct("T", { a: s.u8, c: s.u8 }),
      s.struct("T", { a: s.i8, b: s.u8 }),
      s.struct("T", { a: s.bool, b: s.u8 }),
      s.struct("T", { a: s.array(s.u8, 1), b: s.u8 }),
      s.struct("T", { a: s.fixedBytes(1), b: s.u8 }),
      s.struct("T", { a: s.fixedText(1), b: s.u8 }),
      s.struct("T", { a: s.bytes(1), b: s.u8 }),
      s.struct("T", { a: s.text(1), b: s.u8 }),
      s.struct("T", { a: E({ x: 1 }), b: s.u8 }),
      s.struct("T", { a: E({ y: 1 }), b: s.u8 }),
      s.struct("T", { a: E({ x: 2 }), b: s.u8 }),
      s.struct("T", { a: s.array(s.array(s.u8, 2), 3), b: s.u8 }),
      s.struct("T", { a: s.array(s.array(s.u8, 3), 2), b: s.u8 }),
    ];
    expect(new Set(variants.map((type) => type.hash)).size).toBe(variants.length);
  });
});

describe("typeHash()", () => {
  // The vectors of draft-eastlake-fnv, "FNV-1a test vectors for 64 bits".
  test.each([
    ["", "cbf29ce484222325"],
    ["a", "af63dc4c8601ec8c"],
    ["foobar", "85944171f73967e8"],
  ])("typeHash() is 64-bit FNV-1a when the text is %j", (text, hex) => {
    expect(s.hashHex(s.typeHash(text))).toBe(hex);
  });

  test("hashHex() has 16 digits when the hash is small", () => {
    expect(s.hashHex(0xabcn)).toBe("0000000000000abc");
  });

  test("typeHash() of a struct keeps its value when versions pass", () => {
    const Jitter = s.struct("Jitter", { tick: s.u32, lastNs: s.i64AsNumber, flags: s.array(s.u8, 4) });
    expect(Jitter.description).toBe("struct Jitter{tick:u32;lastNs:i64;flags:u8[4];}");
    expect(Jitter.hash).toBe(s.typeHash(Jitter.description));
    expect(Jitter.hashHex).toBe("598902651ac09a14");
  });
});
