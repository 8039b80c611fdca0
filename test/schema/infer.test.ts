import { describe, expectTypeOf, test } from "vitest";
import * as s from "../../src/schema/index.js";

const Mode = s.enumOf("Mode", { idle: 0, run: 1, fault: 7 }, s.u8);
const Point = s.struct("Point", { x: s.f32, id: s.u64 });
const Jitter = s.struct("Jitter", {
  tick: s.u32,
  lastNs: s.i64AsNumber,
  on: s.bool,
  flags: s.array(s.u8, 4),
  mode: Mode,
  path: s.array(Point, 2),
  samples: s.typedArray(s.f32, 8),
  at: Point,
  label: s.text(16),
  blob: s.bytes(64),
});
type Jitter = s.Infer<typeof Jitter>;

const jitter = {
  tick: 1,
  lastNs: 2,
  on: true,
  flags: [1, 2, 3, 4],
  mode: "run",
  path: [
    { x: 1, id: 2n },
    { x: 3, id: 4n },
  ],
  samples: new Float32Array(8),
  at: { x: 1, id: 1n },
  label: "a",
  blob: new Uint8Array(1),
} as const satisfies Jitter;

describe("Infer", () => {
  test("Infer gives the type of each value when it is given a struct", () => {
    expectTypeOf<Jitter>().toEqualTypeOf<{
      tick: number;
      lastNs: number;
      on: boolean;
      flags: readonly number[];
      mode: "idle" | "run" | "fault";
      path: readonly { x: number; id: bigint }[];
      samples: Float32Array;
      at: { x: number; id: bigint };
      label: string;
      blob: Uint8Array;
    }>();
    expectTypeOf<s.Infer<typeof Mode>>().toEqualTypeOf<"idle" | "run" | "fault">();
    expectTypeOf<s.Infer<typeof s.u64>>().toEqualTypeOf<bigint>();
    const nothing = s.struct("Nothing", {});
    expectTypeOf<s.Infer<typeof nothing>>().toEqualTypeOf<Record<never, never>>();
  });

  test("Codec takes a constant and gives the type when it encodes and decodes", ({ expect }) => {
    const view = new DataView(new ArrayBuffer(Jitter.size));
    const used = Jitter.codec.encode(jitter, view, 0);
    expect(Jitter.codec.decode(view, 0, used)).toEqual(jitter);
    expectTypeOf(Jitter.codec.decode).returns.toEqualTypeOf<Jitter>();
    expectTypeOf(s.codec(Jitter)).toEqualTypeOf<s.Codec<Jitter>>();
    // @ts-expect-error -- a key is missing
    expect(() => Jitter.codec.encode({ tick: 1 }, view, 0)).toThrow(TypeError);
    // @ts-expect-error -- no such member
    expect(() => Jitter.codec.encode({ ...jitter, mode: "off" }, view, 0)).toThrow(RangeError);
  });

  test("FieldReader and FieldWriter nest structs alone when fields are read and written", () => {
    type Reader = s.FieldReader<Jitter>;
    expectTypeOf<Reader["at"]>().toEqualTypeOf<{ readonly x: number; readonly id: bigint }>();
    expectTypeOf<Reader["path"]>().toEqualTypeOf<readonly { x: number; id: bigint }[]>();
    expectTypeOf<s.FieldWriter<Jitter>["mode"]>().toEqualTypeOf<"idle" | "run" | "fault">();
    expectTypeOf<s.FieldWriter<Jitter>["at"]["id"]>().toEqualTypeOf<bigint>();
  });

  test("struct() takes types alone when fields are written", ({ expect }) => {
    // @ts-expect-error -- a text is no type
    expect(() => s.struct("T", { a: "u8" })).toThrow(TypeError);
    // @ts-expect-error -- a float is no base
    expect(() => s.enumOf("E", { a: 1 }, s.f32)).toThrow(TypeError);
    expectTypeOf(Jitter).toExtend<s.Struct>();
    expectTypeOf(Jitter).toExtend<s.AnyType>();
    expectTypeOf(Jitter).toExtend<s.Type<Jitter>>();
  });
});
