import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { View, Writer } from "../../src/schema/codec.js";
import { compileView } from "../../src/schema/compile-view.js";
import { compileWriter } from "../../src/schema/compile-writer.js";
import {
  array,
  bool,
  bytes,
  enumOf,
  f32,
  f64,
  fixedBytes,
  i64AsNumber,
  type Struct,
  struct,
  text,
  u8,
  u16,
  u32,
  u64,
  u64AsNumber,
} from "../../src/schema/index.js";
import { createView } from "../../src/schema/view.js";
import { createWriter } from "../../src/schema/writer.js";
import { arbitraryMessage } from "./arbitrary.js";
import { plain } from "./plain.js";

const Mode = enumOf("Mode", { idle: 0, run: 1 }, u8);
const Point = struct("Point", { x: u16, ok: bool });
const T = struct("T", { tick: u32, mode: Mode, at: Point, safe: u64AsNumber, list: array(u8, 2), blob: bytes(8) });
const value = { tick: 7, mode: "run", at: { x: 9, ok: true }, safe: 5, list: [1, 2], blob: Uint8Array.of(3) } as const;

function encoded(): { readonly view: DataView; readonly used: number } {
  const view = new DataView(new ArrayBuffer(T.size + 4));
  return { view, used: T.codec.encode(value, view, 4) };
}

const views: [string, <V>(type: Struct<V>) => View<V>][] = [
  ["compileView()", (type) => compileView(type)()],
  ["createView()", createView],
];
const writers: [string, <V>(type: Struct<V>) => Writer<V>][] = [
  ["compileWriter()", (type) => compileWriter(type)()],
  ["createWriter()", createWriter],
];

describe.each(views)("View of %s", (_, viewOf) => {
  test("at() reads what decode() does when schema and value are random", () => {
    fc.assert(
      fc.property(arbitraryMessage(1), ([type, message]) => {
        const view = new DataView(new ArrayBuffer(type.size + 8));
        const used = type.codec.encode(message, view, 8);
        const fields = viewOf(type).at(view, 8, used);
        expect(plain(type, fields)).toEqual(type.codec.decode(view, 8, used));
      }),
    );
  });

  test("at() gives the same object when it is called again", () => {
    const { view, used } = encoded();
    const other = new DataView(new ArrayBuffer(T.size));
    const reader = viewOf(T);
    const fields = reader.at(view, 4, used);
    const { at } = fields;
    expect([fields.tick, at.x, fields.mode]).toEqual([7, 9, "run"]);
    expect(reader.at(other, 0, T.size)).toBe(fields);
    expect(fields.at).toBe(at);
    expect([fields.tick, at.x, fields.mode]).toEqual([0, 0, "idle"]);
  });

  test("readers do not disturb each other when they read one type", () => {
    const { view, used } = encoded();
    const first = viewOf(T).at(view, 4, used);
    const second = viewOf(T).at(new DataView(new ArrayBuffer(T.size)), 0, T.size);
    expect([first.tick, second.tick, first.at.x, second.at.x]).toEqual([7, 0, 9, 0]);
  });

  test("at() cannot store when its fields are assigned", () => {
    const { view, used } = encoded();
    const fields = viewOf(T).at(view, 4, used) as { tick: number; at: { x: number } };
    expect(() => {
      fields.tick = 1;
    }).toThrow(TypeError);
    expect(() => {
      fields.at.x = 1;
    }).toThrow(TypeError);
    expect(Object.values(fields).some((each) => ArrayBuffer.isView(each) && each.buffer === view.buffer)).toBe(false);
    expect(Reflect.ownKeys(fields)).toEqual([]);
    const names: string[] = [];
    for (const name in fields) names.push(name);
    expect(names).toEqual(T.fields.map((field) => field.name));
  });

  test("a getter throws ERR_DECODE when its bytes hold no value", () => {
    const { view, used } = encoded();
    const fields = viewOf(T).at(view, 4, used);
    view.setUint8(8, 9);
    view.setUint8(12, 2);
    view.setUint8(4 + 22, 0xff);
    const blobAt = 4 + (T.fields.at(-1)?.offset ?? 0);
    view.setUint16(blobAt, 9, true);
    expect(() => fields.mode).toThrow("Cannot decode T.mode: wanted a member of Mode (idle=0, run=1), found 9");
    expect(() => fields.at.ok).toThrow("Cannot decode Point.ok: wanted a boolean (0 or 1), found 2");
    expect(() => fields.safe).toThrow("Cannot decode T.safe: wanted a safe integer");
    expect(() => fields.blob).toThrow("Cannot decode T.blob: wanted up to 8 bytes, found a length of 9");
    view.setUint16(blobAt, 2, true);
    expect(() => fields.blob).toThrow("Cannot decode T.blob: wanted 2 bytes as the length says, found 1");
    expect(fields.tick).toBe(7);
  });

  test("at() throws when the place or the length does not fit", () => {
    const { view } = encoded();
    const reader = viewOf(T);
    expect(() => reader.at(view, 4, T.minSize - 1)).toThrow(expect.objectContaining({ code: "ERR_DECODE" }));
    expect(() => reader.at(view, 4, T.size + 1)).toThrow(RangeError);
    expect(() => reader.at(view, -1, T.size)).toThrow(RangeError);
    expect(() => reader.at(new Uint8Array(99) as never, 0, T.size)).toThrow(TypeError);
  });
});

describe("Codec", () => {
  test("view() and writer() make another one at each call", () => {
    expect(T.codec.view()).not.toBe(T.codec.view());
    const { view, used } = encoded();
    expect(T.codec.view().at(view, 4, used)).not.toBe(T.codec.view().at(view, 4, used));
    expect(T.codec.writer().begin(view, 4)).not.toBe(T.codec.writer().begin(view, 4));
  });
});

describe.each(writers)("Writer of %s", (_, writerOf) => {
  test("begin() and end() write what encode() does when schema and value are random", () => {
    fc.assert(
      fc.property(arbitraryMessage(1), ([type, message]) => {
        const expected = new Uint8Array(type.size + 16).fill(0xa5);
        const used = type.codec.encode(message, new DataView(expected.buffer), 8);
        const written = new Uint8Array(type.size + 16).fill(0xa5);
        const writer = writerOf(type);
        assign(type, writer.begin(new DataView(written.buffer), 8), message);
        expect(writer.end()).toBe(used);
        expect(written.subarray(0, 8 + used)).toEqual(expected.subarray(0, 8 + used));
        expect(written.subarray(type.size + 8)).toEqual(expected.subarray(type.size + 8));
      }),
    );
  });

  test.each([1, 4, 7, 16, 127, 128, 135, 500, 513, 5000])(
    "begin() zeroes a message of %i bytes and no other byte",
    (length) => {
      const type = struct("N", { all: fixedBytes(length) });
      const whole = new Uint8Array(length + 16).fill(0xa5);
      const writer = writerOf(type);
      writer.begin(new DataView(whole.buffer), 8);
      expect(writer.end()).toBe(length);
      const expected = new Uint8Array(length + 16).fill(0xa5).fill(0, 8, 8 + length);
      expect(whole).toEqual(expected);
    },
  );

  test("end() gives the bytes of the value that was set last when the last field is set twice", () => {
    const writer = writerOf(T);
    const { view } = encoded();
    const fields = writer.begin(view, 4);
    fields.blob = new Uint8Array(8).fill(7);
    expect(writer.end()).toBe(T.minSize + 8);
    fields.blob = Uint8Array.of(1, 2);
    expect([writer.end(), [...fields.blob]]).toEqual([T.minSize + 2, [1, 2]]);
    expect(() => {
      fields.blob = new Uint8Array(9);
    }).toThrow("Cannot encode T.blob: wanted up to 8 bytes");
    expect(writer.end()).toBe(T.minSize + 2);
    writer.begin(view, 4);
    expect(writer.end()).toBe(T.minSize);
  });

  test("a setter refuses what encode() refuses, with its words", () => {
    const N = struct("N", { a: u32, b: f32, c: f64, d: i64AsNumber, e: u64AsNumber, f: bool });
    const value = { a: 1, b: 1, c: 1, d: 1, e: 1, f: true };
    const room = new DataView(new ArrayBuffer(N.size));
    const fields = writerOf(N).begin(room, 0) as Record<string, unknown>;
    const numbers = [
      -0,
      -1,
      0.5,
      2 ** 31,
      2 ** 32,
      2 ** 53,
      -(2 ** 53),
      1e39,
      -1e39,
      Number.NaN,
      -Number.POSITIVE_INFINITY,
    ];
    for (const name of Object.keys(value)) {
      for (const wrong of [...numbers, 1n, "1", null, undefined, true, {}, [1]]) {
        const expected = outcome(() =>
          N.codec.encode({ ...value, [name]: wrong } as never, new DataView(new ArrayBuffer(N.size)), 0),
        );
        expect(
          outcome(() => {
            fields[name] = wrong;
            return N.size;
          }),
        ).toEqual(expected);
      }
    }
  });

  test("begin() zeroes what a message before left, and a field that is not set is zero", () => {
    const { view } = encoded();
    const writer = writerOf(T);
    writer.begin(view, 4).tick = 3;
    expect(writer.end()).toBe(T.minSize);
    const rest = { mode: "idle", at: { x: 0, ok: false }, safe: 0, list: [0, 0], blob: new Uint8Array() };
    expect(T.codec.decode(view, 4, T.size)).toEqual({ tick: 3, ...rest });
  });

  test("a setter throws, and its getter gives the value before, when a number does not fit", () => {
    const N = struct("N", { a: u8, b: u64, c: bool, d: text(2) });
    const fields = writerOf(N).begin(new DataView(new ArrayBuffer(24)), 0);
    fields.a = 5;
    expect(() => {
      fields.a = 256;
    }).toThrow("Cannot encode N.a: wanted an integer from 0 to 255 (u8), found 256");
    expect(() => {
      fields.b = -1n;
    }).toThrow(RangeError);
    expect(() => {
      fields.c = 1 as never;
    }).toThrow(TypeError);
    expect(() => {
      fields.d = "abc";
    }).toThrow("Cannot encode N.d: wanted a text of up to 2 bytes, found 3");
    expect([fields.a, fields.b, fields.c, fields.d]).toEqual([5, 0n, false, ""]);
  });

  test("end() throws when an enum without a zero was not set", () => {
    const Level = enumOf("Level", { low: 1, high: 2 }, u8);
    const N = struct("N", { inner: struct("M", { levels: array(Level, 2) }) });
    const writer = writerOf(N);
    const view = new DataView(new ArrayBuffer(2));
    const fields = writer.begin(view, 0);
    expect(() => writer.end()).toThrow("Cannot encode N.inner.levels[0]: wanted a member of Level");
    fields.inner.levels = ["low", "high"];
    expect(writer.end()).toBe(2);
  });

  test("begin() and end() throw when there is no room or no message", () => {
    const writer = writerOf(T);
    expect(() => writer.end()).toThrow(TypeError);
    expect(() => writer.begin(new DataView(new ArrayBuffer(T.size - 1)), 0)).toThrow(RangeError);
  });
});

function outcome(run: () => unknown): unknown {
  try {
    return run();
  } catch (error) {
    return String(error);
  }
}

function assign(type: typeof T | Parameters<typeof plain>[0], fields: unknown, message: unknown): void {
  const target = fields as Record<string, unknown>;
  const source = message as Readonly<Record<string, unknown>>;
  for (const field of type.fields) {
    if (field.type.kind === "struct") assign(field.type, target[field.name], source[field.name]);
    else target[field.name] = source[field.name];
  }
}
