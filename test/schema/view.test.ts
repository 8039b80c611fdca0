import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { array, bool, bytes, enumOf, struct, text, u8, u16, u32, u64, u64AsNumber } from "../../src/schema/index.js";
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

describe("View", () => {
  test("at() reads what decode() does when schema and value are random", () => {
    fc.assert(
      fc.property(arbitraryMessage(1), ([type, message]) => {
        const view = new DataView(new ArrayBuffer(type.size + 8));
        const used = type.codec.encode(message, view, 8);
        const fields = type.codec.view().at(view, 8, used);
        expect(plain(type, fields)).toEqual(type.codec.decode(view, 8, used));
      }),
    );
  });

  test("at() gives the same object when it is called again", () => {
    const { view, used } = encoded();
    const other = new DataView(new ArrayBuffer(T.size));
    const reader = T.codec.view();
    const fields = reader.at(view, 4, used);
    const { at } = fields;
    expect([fields.tick, at.x, fields.mode]).toEqual([7, 9, "run"]);
    expect(reader.at(other, 0, T.size)).toBe(fields);
    expect(fields.at).toBe(at);
    expect([fields.tick, at.x, fields.mode]).toEqual([0, 0, "idle"]);
  });

  test("readers do not disturb each other when they read one type", () => {
    const { view, used } = encoded();
    const first = T.codec.view().at(view, 4, used);
    const second = T.codec.view().at(new DataView(new ArrayBuffer(T.size)), 0, T.size);
    expect([first.tick, second.tick, first.at.x, second.at.x]).toEqual([7, 0, 9, 0]);
  });

  test("at() cannot store when its fields are assigned", () => {
    const { view, used } = encoded();
    const fields = T.codec.view().at(view, 4, used) as { tick: number; at: { x: number } };
    expect(() => {
      fields.tick = 1;
    }).toThrow(TypeError);
    expect(() => {
      fields.at.x = 1;
    }).toThrow(TypeError);
    expect(Object.values(fields).some((each) => ArrayBuffer.isView(each) && each.buffer === view.buffer)).toBe(false);
    expect(Reflect.ownKeys(fields)).toEqual([]);
  });

  test("a getter throws ERR_DECODE when its bytes hold no value", () => {
    const { view, used } = encoded();
    const fields = T.codec.view().at(view, 4, used);
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
    const reader = T.codec.view();
    expect(() => reader.at(view, 4, T.minSize - 1)).toThrow(expect.objectContaining({ code: "ERR_DECODE" }));
    expect(() => reader.at(view, 4, T.size + 1)).toThrow(RangeError);
    expect(() => reader.at(view, -1, T.size)).toThrow(RangeError);
    expect(() => reader.at(new Uint8Array(99) as never, 0, T.size)).toThrow(TypeError);
  });
});

describe("Writer", () => {
  test("begin() and end() write what encode() does when schema and value are random", () => {
    fc.assert(
      fc.property(arbitraryMessage(1), ([type, message]) => {
        const expected = new Uint8Array(type.size + 8);
        const used = type.codec.encode(message, new DataView(expected.buffer), 8);
        const bytes = new Uint8Array(type.size + 8).fill(0xa5);
        bytes.fill(0, 0, 8);
        const writer = type.codec.writer();
        assign(type, writer.begin(new DataView(bytes.buffer), 8), message);
        expect(writer.end()).toBe(used);
        expect(bytes).toEqual(expected);
      }),
    );
  });

  test("begin() zeroes every byte when a message was there before", () => {
    const { view } = encoded();
    const writer = T.codec.writer();
    writer.begin(view, 4).tick = 3;
    expect(writer.end()).toBe(T.minSize);
    const rest = { mode: "idle", at: { x: 0, ok: false }, safe: 0, list: [0, 0], blob: new Uint8Array() };
    expect(T.codec.decode(view, 4, T.size)).toEqual({ tick: 3, ...rest });
  });

  test("a setter throws, and its getter gives the value before, when a number does not fit", () => {
    const fields = struct("N", { a: u8, b: u64, c: bool, d: text(2) })
      .codec.writer()
      .begin(new DataView(new ArrayBuffer(24)), 0);
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
    const writer = N.codec.writer();
    const view = new DataView(new ArrayBuffer(2));
    const fields = writer.begin(view, 0);
    expect(() => writer.end()).toThrow("Cannot encode N.inner.levels[0]: wanted a member of Level");
    fields.inner.levels = ["low", "high"];
    expect(writer.end()).toBe(2);
  });

  test("begin() and end() throw when there is no room or no message", () => {
    const writer = T.codec.writer();
    expect(() => writer.end()).toThrow(TypeError);
    expect(() => writer.begin(new DataView(new ArrayBuffer(T.size - 1)), 0)).toThrow(RangeError);
  });
});

function assign(type: typeof T | Parameters<typeof plain>[0], fields: unknown, message: unknown): void {
  const target = fields as Record<string, unknown>;
  const source = message as Readonly<Record<string, unknown>>;
  for (const field of type.fields) {
    if (field.type.kind === "struct") assign(field.type, target[field.name], source[field.name]);
    else target[field.name] = source[field.name];
  }
}
