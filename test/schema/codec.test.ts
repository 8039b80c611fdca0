import { spawnSync } from "node:child_process";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { isIntercellError } from "../../src/errors.js";
import { compileStruct } from "../../src/schema/compile.js";
import { type Engine, interpretStruct } from "../../src/schema/engine.js";
import { array, bytes, codec, enumOf, i8, struct, text, u8, u16, u32, u64 } from "../../src/schema/index.js";
import type { Struct } from "../../src/schema/type.js";
import { arbitraryMessage, arbitraryStruct } from "./arbitrary.js";

const MARGIN = 8;

/** Encodes amid bytes that must stay, and gives the message. */
function encodeAmid(engine: Engine<unknown>, type: Struct, value: unknown): Uint8Array {
  const whole = new Uint8Array(type.size + 2 * MARGIN).fill(0xa5);
  const used = engine.encode(value, new DataView(whole.buffer), MARGIN);
  expect(whole.subarray(0, MARGIN).every((byte) => byte === 0xa5)).toBe(true);
  expect(whole.subarray(MARGIN + used).every((byte) => byte === 0xa5)).toBe(true);
  return whole.slice(MARGIN, MARGIN + used);
}

function outcome(run: () => unknown): unknown {
  try {
    return { value: run() };
  } catch (error) {
    return { error: (error as Error).constructor.name, message: (error as Error).message };
  }
}

const Mode = enumOf("Mode", { idle: 0, run: 1, fault: 7 }, u8);
const Point = struct("Point", { x: i8, y: u16 });
const Jitter = struct("Jitter", { tick: u32, flags: array(u8, 4), mode: Mode, at: Point, label: text(16) });
const jitter = { tick: 1, flags: [1, 2, 3, 4], mode: "run" as const, at: { x: -1, y: 2 }, label: "abc" };
const engines = [
  ["compileStruct()", compileStruct],
  ["interpretStruct()", interpretStruct],
] as const;

describe("Codec", () => {
  test("decode() gives what encode() took when schema and value are random", () => {
    fc.assert(
      fc.property(arbitraryMessage(), ([type, value]) => {
        const message = encodeAmid(type.codec, type, value);
        expect(message.length).toBeGreaterThanOrEqual(type.minSize);
        const view = new DataView(message.buffer);
        expect(type.codec.decode(view, 0, message.length)).toEqual(value);
      }),
      { numRuns: 300 },
    );
  });

  test("compileStruct() writes and reads what interpretStruct() does when schema and value are random", () => {
    fc.assert(
      fc.property(arbitraryMessage(), ([type, value]) => {
        const compiled = compileStruct(type);
        const interpreted = interpretStruct(type);
        const message = encodeAmid(compiled, type, value);
        expect(encodeAmid(interpreted, type, value)).toEqual(message);
        const view = new DataView(message.buffer);
        const decoded = compiled.decode(view, 0, message.length);
        expect(decoded).toEqual(interpreted.decode(view, 0, message.length));
        expect(Object.keys(decoded as object)).toEqual(type.fields.map((field) => field.name));
      }),
      { numRuns: 300 },
    );
  });

  test("encode() throws the same error from both engines when a value is wrong", () => {
    const junk = fc.oneof(fc.anything(), fc.double(), fc.bigInt(), fc.string());
    fc.assert(
      fc.property(arbitraryMessage(1), fc.nat(), junk, ([type, value], pick, wrong) => {
        const field = type.fields[pick % type.fields.length];
        const broken = { ...(value as object), [field?.name ?? ""]: wrong };
        const view = new DataView(new ArrayBuffer(type.size));
        const expected = outcome(() => interpretStruct(type).encode(broken, view, 0));
        expect(outcome(() => compileStruct(type).encode(broken, view, 0))).toEqual(expected);
      }),
      { numRuns: 300 },
    );
  });

  test("decode() returns or throws ERR_DECODE, the same from both engines, when bytes are random", () => {
    const hostile = arbitraryStruct().chain((type) =>
      fc.tuple(fc.constant(type), fc.uint8Array({ maxLength: type.size + 8 }), fc.boolean()),
    );
    fc.assert(
      fc.property(hostile, ([type, random, exact]) => {
        // Without a right length most bytes are refused before they are looked at.
        const message = exact ? new Uint8Array(type.size) : random;
        if (exact) message.set(random.subarray(0, type.size));
        const view = new DataView(message.buffer, 0, message.length);
        const results = [compileStruct(type), interpretStruct(type)].map((engine) => {
          try {
            return { value: engine.decode(view, 0, message.length) };
          } catch (error) {
            if (!isIntercellError(error, "ERR_DECODE")) throw error;
            return { message: error.message };
          }
        });
        expect(results[0]).toEqual(results[1]);
      }),
      { numRuns: 500 },
    );
  });

  test("decode() gives the same value when padding holds anything", () => {
    const Padded = struct("Padded", { a: u8, b: u32, c: u16, d: u64, e: u8 });
    const value = { a: 1, b: 2, c: 3, d: 4n, e: 5 };
    const clean = new Uint8Array(Padded.size);
    Padded.codec.encode(value, new DataView(clean.buffer), 0);
    const dirty = clean.slice();
    const covered = Padded.fields.flatMap((field) => Array.from({ length: field.size }, (_, i) => field.offset + i));
    const padding = [...dirty.keys()].filter((at) => !covered.includes(at));
    expect(padding.length).toBe(3 + 6 + 7);
    for (const at of padding) {
      expect(clean[at]).toBe(0);
      dirty[at] = 0xff;
    }
    expect(Padded.codec.decode(new DataView(dirty.buffer), 0, dirty.length)).toEqual(value);
  });
});

describe.each(engines)("%s", (_name, make) => {
  const engine = make(Jitter) as Engine<unknown>;
  const view = new DataView(new ArrayBuffer(64));

  test.each([
    [{ ...jitter, tick: -1 }, RangeError, "Jitter.tick: wanted an integer from 0 to 4294967295 (u32), found -1"],
    [{ ...jitter, tick: 1n }, TypeError, "Jitter.tick: wanted an integer from 0 to 4294967295 (u32), found 1n"],
    [
      { ...jitter, flags: [1, 2, 300, 4] },
      RangeError,
      "Jitter.flags[2]: wanted an integer from 0 to 255 (u8), found 300",
    ],
    [{ ...jitter, flags: [1, 2, 3] }, RangeError, "Jitter.flags: wanted an array of 4, found an array of 3"],
    [
      { ...jitter, mode: "off" },
      RangeError,
      'Jitter.mode: wanted a member of Mode (idle=0, run=1, fault=7), found "off"',
    ],
    [
      { ...jitter, at: { x: 200, y: 0 } },
      RangeError,
      "Jitter.at.x: wanted an integer from -128 to 127 (i8), found 200",
    ],
    [{ ...jitter, at: { x: 1 } }, TypeError, "Jitter.at.y: wanted an integer from 0 to 65535 (u16), found nothing"],
    [{ ...jitter, tick: undefined, tik: 1 }, TypeError, "Jitter.tick: wanted"],
    [null, TypeError, "Jitter: wanted an object with the fields of Jitter, found null"],
    [[], TypeError, "Jitter: wanted an object with the fields of Jitter, found an array of 0"],
  ])("encode() names the path when a value does not fit (case %#)", (value, Class, message) => {
    const run = (): number => engine.encode(value, view, 0);
    expect(run).toThrow(Class);
    expect(run).toThrow(`Cannot encode ${message}`);
  });

  test("encode() writes the same bytes when keys are in another order, inherited, or more than the fields", () => {
    const more = { ...jitter, extra: 1, at: { ...jitter.at, z: 3 } };
    expect(encodeAmid(engine, Jitter, more)).toEqual(encodeAmid(engine, Jitter, jitter));
    const shuffled = { label: "abc", at: jitter.at, mode: "run", flags: jitter.flags, tick: 1 };
    expect(encodeAmid(engine, Jitter, shuffled)).toEqual(encodeAmid(engine, Jitter, jitter));
    expect(encodeAmid(engine, Jitter, Object.create(jitter))).toEqual(encodeAmid(engine, Jitter, jitter));
  });

  test("encode() lets an error through when a getter of the value throws it", () => {
    const broken = {
      ...jitter,
      get tick(): number {
        throw new SyntaxError("mine");
      },
    };
    expect(() => engine.encode(broken, view, 0)).toThrow(SyntaxError);
  });

  test("decode() names the path when bytes hold no value", () => {
    const used = engine.encode(jitter, view, 0);
    view.setUint8(8, 3);
    const run = (): unknown => engine.decode(view, 0, used);
    expect(run).toThrow("Cannot decode Jitter.mode: wanted a member of Mode (idle=0, run=1, fault=7), found 3");
  });

  test.each([
    [-1, 40, RangeError],
    [0.5, 40, RangeError],
    [30, 40, RangeError],
    [0, -1, RangeError],
    [0, 20.5, RangeError],
    ["0", 40, TypeError],
    [0, "40", TypeError],
  ])("decode() refuses the place %j with length %j", (offset, length, Class) => {
    expect(() => engine.decode(view, offset as number, length as number)).toThrow(Class);
  });

  test("encode() and decode() throw TypeError when the view is no DataView", () => {
    const buffer = Buffer.alloc(64) as unknown as DataView;
    expect(() => engine.encode(jitter, buffer, 0)).toThrow(TypeError);
    expect(() => engine.decode(buffer, 0, 20)).toThrow(TypeError);
  });

  test("encode() and decode() take no bytes when a struct has no fields", () => {
    const none = make(struct("Nothing", {})) as Engine<unknown>;
    expect(none.encode({}, view, 64)).toBe(0);
    expect(none.decode(view, 64, 0)).toEqual({});
    expect(() => none.decode(view, 0, 1)).toThrow("wanted 0 bytes, found 1");
  });
});

describe.each(engines)("%s of a struct that ends in variable data", (_name, make) => {
  const Blob = struct("Blob", { id: u32, data: bytes(100) });
  const engine = make(Blob) as Engine<unknown>;

  test("encode() ends the message after the used bytes when the last field is not full", () => {
    const view = new DataView(new ArrayBuffer(9));
    expect(engine.encode({ id: 1, data: Uint8Array.of(1, 2, 3) }, view, 0)).toBe(9);
    expect(engine.decode(view, 0, 9)).toEqual({ id: 1, data: Uint8Array.of(1, 2, 3) });
    expect(() => engine.encode({ id: 1, data: new Uint8Array(4) }, view, 0)).toThrow(
      "Cannot place 6 bytes at offset 4",
    );
    expect(() => engine.encode({ id: 1, data: new Uint8Array(101) }, view, 0)).toThrow("Blob.data: wanted up to 100");
  });

  test("decode() takes a message when its length is from the used bytes to the size", () => {
    const view = new DataView(new ArrayBuffer(120));
    const used = engine.encode({ id: 1, data: Uint8Array.of(9) }, view, 0);
    expect([Blob.minSize, used, Blob.size]).toEqual([6, 7, 108]);
    for (let length = 0; length <= 120; length++) {
      const run = (): unknown => engine.decode(view, 0, length);
      if (length >= 7 && length <= 108) expect(run()).toEqual({ id: 1, data: Uint8Array.of(9) });
      else expect(run).toThrow(expect.objectContaining({ code: "ERR_DECODE" }));
    }
  });

  test("encode() writes all bytes when the struct is nested", () => {
    const Outer = struct("Outer", { blob: Blob });
    expect([Outer.truncatable, Outer.minSize, Outer.size]).toEqual([false, 108, 108]);
    const whole = encodeAmid(make(Outer) as Engine<unknown>, Outer, { blob: { id: 1, data: Uint8Array.of(9) } });
    expect([...whole]).toEqual([1, 0, 0, 0, 1, 0, 9, ...new Array(101).fill(0)]);
  });
});

describe("codec()", () => {
  test("codec() gives the codec that the struct has when it is called", () => {
    expect(codec(Jitter)).toBe(Jitter.codec);
    expect(() => codec(u8 as never)).toThrow(TypeError);
    expect(() => codec({ ...Jitter } as never)).toThrow(TypeError);
  });

  test("codec() interprets the type when the process forbids code generation", () => {
    const script = `
      import { struct, u16, text } from "./src/schema/index.ts";
      let forbidden = false;
      try { new Function(""); } catch { forbidden = true; }
      const T = struct("T", { a: u16, b: text(9) });
      const view = new DataView(new ArrayBuffer(16));
      const used = T.codec.encode({ a: 258, b: "hi" }, view, 0);
      console.log(JSON.stringify([forbidden, used, T.codec.decode(view, 0, used), T.codec.view().at(view, 0, used).b]));`;
    const bundle = spawnSync(
      "node_modules/.bin/esbuild",
      ["--bundle", "--platform=node", "--format=cjs", "--loader=ts"],
      {
        input: script,
        encoding: "utf8",
      },
    );
    expect(bundle.stderr).toBe("");
    const run = spawnSync(process.execPath, ["--disallow-code-generation-from-strings", "-"], {
      input: bundle.stdout,
      encoding: "utf8",
    });
    expect(run.stderr).toBe("");
    expect(JSON.parse(run.stdout)).toEqual([true, 6, { a: 258, b: "hi" }, "hi"]);
  });
});
