import { describe, expect, test } from "vitest";
import { enumOf, f32, i8, struct, u8, u16, u64 } from "../../src/schema/index.js";

describe("enumOf()", () => {
  test("enumOf() makes a type of its base that lists its members by value when it is called", () => {
    const Mode = enumOf("Mode", { fault: 700, idle: 0 }, u16);
    expect(Mode).toMatchObject({ kind: "enum", name: "Mode", size: 2, align: 2, base: u16 });
    expect(Mode.members).toEqual([
      { name: "idle", value: 0 },
      { name: "fault", value: 700 },
    ]);
  });

  test("enumOf() keeps members apart when they are words of JavaScript or C", () => {
    const T = struct("T", { v: enumOf("Words", { constructor: 1, toString: 2, default: 3, auto: -4 }, i8) });
    const view = new DataView(new ArrayBuffer(1));
    for (const v of ["constructor", "toString", "default", "auto"] as const) {
      T.codec.encode({ v }, view, 0);
      expect(T.codec.decode(view, 0, 1)).toEqual({ v });
    }
    expect(() => T.codec.encode({ v: "valueOf" as "auto" }, view, 0)).toThrow(RangeError);
    expect(() => T.codec.encode({ v: 1 as unknown as "auto" }, view, 0)).toThrow("found 1");
  });

  test.each([
    [{ a: 256 }, u8, RangeError, "Cannot encode E.a: wanted an integer from 0 to 255 (u8), found 256"],
    [{ a: -1 }, u8, RangeError, "found -1"],
    [{ a: 0.5 }, u8, RangeError, "found 0.5"],
    [{ a: 1n }, u8, TypeError, "found 1n"],
    [{ a: 1, b: 1 }, u8, RangeError, "Members a and b of enum E are both 1"],
    [{ a: 0, b: -0 }, i8, RangeError, "Members a and b of enum E are both 0"],
    [{}, u8, RangeError, "Enum E must have 1 to 1024 members, not 0"],
    [{ "a b": 1 }, u8, TypeError, '"a b" must be a letter and then letters'],
    [{ ["__proto__"]: 1 }, u8, TypeError, '"__proto__" must be'],
    [{ a: 1 }, f32, TypeError, "The base of enum E must be an integer type"],
    [{ a: 1 }, u64, TypeError, "The base of enum E must be an integer type"],
    [{ a: 1 }, { ...u8 }, TypeError, "The base of enum E must be a type"],
  ])("enumOf() throws when its members or base do not fit (case %#)", (members, base, Class, message) => {
    const run = (): unknown => enumOf("E", members as never, base as never);
    expect(run).toThrow(Class);
    expect(run).toThrow(message);
  });

  test("enumOf() throws RangeError when there are more than 1024 members", () => {
    const members = (count: number) => Object.fromEntries(Array.from({ length: count }, (_, i) => [`m${i}`, i]));
    expect(enumOf("E", members(1024), u16).members.length).toBe(1024);
    expect(() => enumOf("E", members(1025), u16)).toThrow(RangeError);
  });
});
