import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { buildCodec } from "../../../src/can/dbc/codec.js";
import { compiler } from "../../../src/can/dbc/compile.js";
import type { Engine, Values } from "../../../src/can/dbc/engine.js";
import {
  type CodecOptions,
  createDatabase,
  createMessageCodec,
  type DbcMessage,
  type DbcSignal,
  parseDbc,
} from "../../../src/can/dbc/index.js";
import { interpreter } from "../../../src/can/dbc/interpret.js";
import { checkCodecOptions } from "../../../src/can/dbc/options.js";
import { emptyDbc, messages, payloads } from "./arbitrary.js";
import { slowPut, slowRaw, slowRawValues, slowSignals, slowValues } from "./slow.js";

const open: CodecOptions = { unknownMultiplexer: "allow" };
const engines: readonly [string, Engine][] = [
  ["generated", compiler],
  ["interpreted", interpreter],
];

function build(message: DbcMessage, engine: Engine, options: CodecOptions = open) {
  return buildCodec(emptyDbc, message, checkCodecOptions("test", options), engine);
}

/** The only message of a file with these signals. */
function messageOf(signals: string, lengthBytes = 8, more = ""): DbcMessage {
  const lines = signals.trim().split("\n");
  const text = `BU_: A\nBO_ 1 M: ${lengthBytes} A\n${lines.map((line) => ` SG_ ${line.trim()} A`).join("\n")}\n${more}`;
  const [message] = parseDbc(text).messages;
  if (message === undefined) throw new Error("There is no message");
  return message;
}

function outcome(act: () => unknown): unknown {
  try {
    return act();
  } catch (error) {
    return `${(error as Error).name}: ${(error as Error).message}`;
  }
}

describe.each(engines)("a %s codec", (_, engine) => {
  test("decodeRaw() gives what the bits say when they are read one by one", () => {
    fc.assert(
      fc.property(payloads, ({ message, data }) => {
        expect(build(message, engine).decodeRaw(data)).toEqual(slowRawValues(message, data));
      }),
      { numRuns: 300 },
    );
  });

  test("decode() gives raw · factor + offset, exact where both are integers", () => {
    fc.assert(
      fc.property(payloads, ({ message, data }) => {
        expect(build(message, engine).decode(data)).toEqual(slowValues(message, data));
      }),
      { numRuns: 300 },
    );
  });

  test("encodeRaw() puts the bits where one by one they belong, and leaves all others as filled", () => {
    fc.assert(
      fc.property(payloads, fc.constantFrom(0, 0xff, 0x5a), ({ message, data }, fill) => {
        const codec = build(message, engine, { ...open, fill });
        const wanted = new Uint8Array(message.lengthBytes).fill(fill);
        for (const signal of slowSignals(message, data)) putSame(signal, data, wanted);
        const again = codec.encodeRaw(codec.decodeRaw(data));
        // Not a number has many patterns, of which JavaScript keeps one.
        const hasNaN = Object.values(codec.decodeRaw(data)).some(Number.isNaN);
        if (!hasNaN) expect(again).toEqual(wanted);
      }),
      { numRuns: 300 },
    );
  });

  test("decode() gives back what encode() was given when it came from a payload", () => {
    fc.assert(
      fc.property(payloads, ({ message, data }) => {
        const codec = build(message, engine, { ...open, range: "allow" });
        const values = codec.decode(data);
        expect(codec.decode(codec.encode(values))).toEqual(values);
      }),
      { numRuns: 300 },
    );
  });

  test("decode() with truncated: allow gives the signals that are all there", () => {
    fc.assert(
      fc.property(payloads, fc.nat(64), ({ message, data }, length) => {
        const codec = build({ ...message, signals: message.signals.map(alwaysThere) }, engine, { truncated: "allow" });
        const short = data.subarray(0, Math.min(length, message.lengthBytes));
        const whole = codec.decode(data);
        const there = message.signals.filter((signal) => isWithin(signal, short.length));
        expect(codec.decode(short)).toEqual(Object.fromEntries(there.map(({ name }) => [name, whole[name]])));
      }),
    );
  });
});

function alwaysThere({ multiplexing: _, ...signal }: DbcSignal): DbcSignal {
  return { ...signal, isMultiplexer: false };
}

/** Whether no bit of a signal lies beyond so many bytes: setting all bits beyond changes nothing. */
function isWithin(signal: DbcSignal, bytes: number): boolean {
  const beyond = new Uint8Array(64).fill(0xff, bytes);
  return slowRaw({ ...signal, type: "unsigned" }, beyond) === 0n;
}

function putSame(signal: DbcSignal, from: Uint8Array, to: Uint8Array): void {
  slowPut(signal, slowRaw({ ...signal, type: "unsigned" }, from) as bigint, to);
}

describe("the two engines", () => {
  const junk = fc.oneof(
    { weight: 6, arbitrary: fc.double() },
    { weight: 4, arbitrary: fc.integer({ min: -300, max: 300 }) },
    { weight: 2, arbitrary: fc.bigInt({ min: -(2n ** 65n), max: 2n ** 65n }) },
    fc.constantFrom<unknown>(undefined, null, "name", true, {}, Number.NaN, Number.POSITIVE_INFINITY, -0),
  );

  test("encode() and encodeRaw() give the same bytes, or throw the same, when they are given anything", () => {
    const policies = fc.constantFrom<CodecOptions>(open, { range: "clamp" }, { range: "allow" });
    fc.assert(
      fc.property(messages, fc.array(junk, { minLength: 1, maxLength: 40 }), policies, (message, values, options) => {
        const [one, other] = engines.map(([, engine]) => build(message, engine, options));
        const given: Values = Object.fromEntries(
          message.signals.map(({ name }, i) => [name, values[i % values.length]]),
        );
        expect(outcome(() => one?.encode(given))).toEqual(outcome(() => other?.encode(given)));
        expect(outcome(() => one?.encodeRaw(given))).toEqual(outcome(() => other?.encodeRaw(given)));
      }),
      { numRuns: 300 },
    );
  });
});

describe("encode()", () => {
  const speed = messageOf(
    `Speed : 0|8@1+ (0.1,0) [0|20] "m/s"\nMode : 8|2@1+ (1,0) [0|2] ""`,
    2,
    'VAL_ 1 Mode 0 "off" 3 "fault";',
  );

  test.each<[string, CodecOptions, Values, string]>([
    ["within the limits", {}, { Speed: 12.3, Mode: 2 }, "7b02"],
    ["a named value", {}, { Speed: 0, Mode: "fault" }, "0003"],
    ["a value beyond the limits that has a name", {}, { Speed: 0, Mode: 3 }, "0003"],
    ["a sum of tenths at the limit", {}, { Speed: 0.1 * 200, Mode: 0 }, "c800"],
    ["clamped values", { range: "clamp" }, { Speed: 99, Mode: -1 }, "c800"],
    ["clamped infinity", { range: "clamp" }, { Speed: Number.POSITIVE_INFINITY, Mode: 0 }, "c800"],
    ["values that only the bits limit", { range: "allow" }, { Speed: 25.5, Mode: 0 }, "ff00"],
    ["bigints", {}, { Speed: 3n, Mode: 1n }, "1e01"],
    ["a fill", { fill: 0xff }, { Speed: 0, Mode: 0 }, "00fc"],
  ])("encode() writes the bytes when there is %s", (_, options, values, hex) => {
    for (const [, engine] of engines) {
      expect(Buffer.from(build(speed, engine, options).encode(values)).toString("hex")).toBe(hex);
    }
  });

  test.each<[string, CodecOptions, Values, string]>([
    [
      "a value beyond the limits",
      {},
      { Speed: 20.1, Mode: 0 },
      "Cannot encode M.Speed: wanted a number from 0 to 20 m/s, found 20.1",
    ],
    [
      "a value beyond the bits",
      { range: "allow" },
      { Speed: 25.6, Mode: 0 },
      "Cannot encode M.Speed: wanted a number from 0 to 25.5 m/s, found 25.6",
    ],
    [
      "not a number",
      { range: "clamp" },
      { Speed: Number.NaN, Mode: 0 },
      "Cannot encode M.Speed: wanted a number from 0 to 20 m/s, found NaN",
    ],
    [
      "a name that is none",
      {},
      { Speed: 0, Mode: "on" },
      'Cannot encode M.Mode: wanted one of the names "off", "fault", found "on"',
    ],
    [
      "a name where there are none",
      {},
      { Speed: "fast", Mode: 0 },
      'Cannot encode M.Speed: wanted a number from 0 to 20 m/s, found "fast"',
    ],
    [
      "a signal that is missing",
      {},
      { Speed: 1 },
      "Cannot encode M.Mode: wanted a number from 0 to 2, or the name of a value, found nothing",
    ],
    [
      "a signal of no message",
      {},
      { Speed: 1, Mode: 0, Gear: 1 },
      'Cannot encode M: wanted nothing for "Gear", which is no signal of the message',
    ],
    ["no object", {}, null as never, "Cannot encode M: wanted an object with a property for each signal, found null"],
  ])("encode() throws when there is %s", (_, options, values, message) => {
    for (const [, engine] of engines) expect(() => build(speed, engine, options).encode(values)).toThrow(message);
  });

  test("encodeInto() writes the first bytes alone and refuses an array that is too short", () => {
    const codec = createMessageCodec(emptyDbc, speed);
    const target = new Uint8Array(4).fill(9);
    expect(codec.encodeInto({ Speed: 1, Mode: 0 }, target)).toBe(2);
    expect([...target]).toEqual([10, 0, 9, 9]);
    expect(() => codec.encodeInto({ Speed: 1, Mode: 0 }, new Uint8Array(1))).toThrow(RangeError);
  });

  test("encodeRaw() throws when a raw value does not fit its bits", () => {
    for (const [, engine] of engines) {
      const codec = build(speed, engine);
      expect(() => codec.encodeRaw({ Speed: 256, Mode: 0 })).toThrow("wanted a raw value from 0 to 255, found 256");
      expect(() => codec.encodeRaw({ Speed: 1.5, Mode: 0 })).toThrow(RangeError);
      expect(() => codec.encodeRaw({ Speed: "x", Mode: 0 })).toThrow(TypeError);
    }
  });

  test("encode() keeps all digits when a signal has 64 bits", () => {
    const total = messageOf('Total : 7|64@0+ (1,0) [0|18446744073709551615] ""');
    const scaled = messageOf('Total : 0|32@1+ (10000000,0) [0|0] ""');
    for (const [, engine] of engines) {
      const codec = build(total, engine);
      expect(codec.decode(codec.encode({ Total: 2n ** 64n - 2n }))).toEqual({ Total: 2n ** 64n - 2n });
      expect(() => codec.encode({ Total: 2n ** 64n })).toThrow("wanted a bigint from 0 to 18446744073709551615");
      expect(() => codec.encode({ Total: 0.5 })).toThrow(RangeError);
      expect(build(scaled, engine).decode(new Uint8Array(8).fill(0xff))).toEqual({ Total: 42949672950000000n });
    }
  });

  test("encode() refuses a finite number that single precision does not hold", () => {
    const float = messageOf('F : 0|32@1- (1,0) [0|0] ""', 8, "SIG_VALTYPE_ 1 F : 1;");
    for (const [, engine] of engines) {
      expect(() => build(float, engine).encode({ F: 1e39 })).toThrow(RangeError);
      expect(build(float, engine).decode(build(float, engine).encode({ F: Number.NaN }))).toEqual({ F: Number.NaN });
      const clamped = build(float, engine, { range: "clamp" });
      expect(clamped.decode(clamped.encode({ F: -1e39 }))).toEqual({ F: -3.4028234663852886e38 });
    }
  });
});

describe("multiplexing", () => {
  const signals = 'Mux M : 0|8@1+ (1,0) [0|0] ""\nX m0 : 8|16@1+ (1,0) [0|0] ""\nY m1 : 8|8@1- (1,0) [0|0] ""';
  const message = messageOf(signals, 3);

  test.each(engines)("a %s codec refuses an unknown value of a multiplexer unless it is allowed", (_, engine) => {
    const strict = build(message, engine, {});
    const wanted = "wanted a multiplexer of 0, 1, found 2";
    expect(() => strict.decode(Uint8Array.of(2, 0, 0))).toThrow(`Cannot decode M.Mux: ${wanted}`);
    expect(() => strict.encode({ Mux: 2 })).toThrow(`Cannot encode M.Mux: ${wanted}`);
    const lenient = build(message, engine, { unknownMultiplexer: "allow" });
    expect(lenient.decode(Uint8Array.of(2, 0, 0))).toEqual({ Mux: 2 });
    expect([...lenient.encode({ Mux: 2 })]).toEqual([2, 0, 0]);
  });

  test.each(engines)("a %s codec takes the signals of the active branch alone", (_, engine) => {
    const codec = build(message, engine, {});
    expect([...codec.encode({ Mux: 1, Y: -1, X: undefined })]).toEqual([1, 0xff, 0]);
    expect(() => codec.encode({ Mux: 1, Y: 0, X: 1 })).toThrow('wanted nothing for "X", which is not there');
    expect(() => codec.encode({ Mux: 0 })).toThrow("Cannot encode M.X: wanted");
  });

  test.each(engines)("a %s codec reads one name from either branch when a file uses it twice", (_, engine) => {
    const twice = messageOf(signals.replace("Y m1", "X m1"), 3);
    const codec = build(twice, engine, {});
    expect(codec.leftOut).toEqual([]);
    expect(codec.decode(Uint8Array.of(0, 0xff, 1))).toEqual({ Mux: 0, X: 0x1ff });
    expect(codec.decode(Uint8Array.of(1, 0xff, 1))).toEqual({ Mux: 1, X: -1 });
  });
});

describe("createMessageCodec()", () => {
  test("createMessageCodec() leaves out and names the signals that have no place", () => {
    const message = messageOf(
      'A : 0|8@1+ (1,0) [0|0] ""\nB : 60|8@1+ (1,0) [0|0] ""\nA : 8|8@1+ (1,0) [0|0] ""\nC : 0|0@1+ (1,0) [0|0] ""',
    );
    const codec = createMessageCodec(emptyDbc, message);
    expect(codec.leftOut.map(({ name, startBit }) => `${name} ${startBit}`)).toEqual(["B 60", "A 8", "C 0"]);
    expect(codec.decode(new Uint8Array(8).fill(1))).toEqual({ A: 1 });
    expect(() => codec.encode({ A: 1, B: 2 })).toThrow("has no place in the message");
  });

  test("decode() throws ERR_DECODE when the payload is too short and TypeError when it is none", () => {
    const codec = createMessageCodec(emptyDbc, messageOf('A : 0|8@1+ (1,0) [0|0] ""'));
    expect(() => codec.decode(new Uint8Array(7))).toThrow(expect.objectContaining({ code: "ERR_DECODE" }));
    expect(() => codec.decode([1] as never)).toThrow(TypeError);
  });

  test.each<[string, object]>([
    ["an unknown key", { ranges: "clamp" }],
    ["an unknown range policy", { range: "wrap" }],
    ["an unknown multiplexer policy", { unknownMultiplexer: "ignore" }],
    ["an unknown truncation policy", { truncated: true }],
    ["a fill that is no byte", { fill: 256 }],
  ])("createMessageCodec() throws when there is %s", (_, options) => {
    const message = messageOf('A : 0|8@1+ (1,0) [0|0] ""');
    expect(() => createMessageCodec(emptyDbc, message, options)).toThrow(/option/);
    expect(() => createDatabase(emptyDbc, options)).toThrow(/option/);
  });
});

describe("createMessageCodec() of multiplexers that share a name", () => {
  /** `levels` multiplexers above each other, each of four signals that share a long name. */
  const nested = (levels: number): DbcMessage => {
    const pairs = Array.from({ length: levels * 4 }, (_, index) => [Math.floor(index / 4) + 1, index % 4] as const);
    const long = "SystemSignalLongSymbol";
    const signals = ["L0x0 M", ...pairs.map(([level, value]) => `L${level}x${value} m0M`)];
    const more = [
      ...pairs.map(([level, value]) => `SG_MUL_VAL_ 1 L${level}x${value} L${level - 1}x0 ${value}-${value};`),
      `BA_DEF_ SG_ "${long}" STRING ;`,
      ...pairs.map(([level, value]) => `BA_ "${long}" SG_ 1 L${level}x${value} "L${level}";`),
    ];
    return messageOf(signals.map((one) => `${one} : 0|8@1+ (1,0) [0|0] ""`).join("\n"), 8, `${more.join("\n")}\n`);
  };

  test("createMessageCodec() gives signals a place under each multiplexer of a name", () => {
    expect(createMessageCodec(emptyDbc, nested(2)).leftOut).toEqual([]);
  });

  test("createMessageCodec() refuses a message whose places double with each level of multiplexers of the same name", () => {
    const refused = expect.objectContaining({
      code: "ERR_CONFIG",
      message: expect.stringContaining("a name of its own"),
    });
    expect(() => createMessageCodec(emptyDbc, nested(15))).toThrow(refused);
  });
});
