import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { generateHeaders } from "../../src/gen/c-header.js";
import type { Infer, Struct } from "../../src/schema/index.js";
import { arbitraryValue } from "../schema/arbitrary.js";
import { readSeed } from "../support/seed.js";
import { skipUnless } from "../support/skip.js";
import { hasTool, sanitizers, Workshop } from "./compiler.js";
import { Everything, everythingProtocol, Log } from "./protocols.js";

type Value = Infer<typeof Everything>;

/** What the program's fill_everything() writes. */
const filled: Value = {
  tiny: 255,
  flag: true,
  half: 65535,
  word: 4294967295,
  wide: 2n ** 64n - 1n,
  signedTiny: -128,
  signedShort: -32768,
  signedWord: -2147483648,
  signedLong: -(2n ** 63n),
  countNs: Number.MAX_SAFE_INTEGER,
  offsetNs: Number.MIN_SAFE_INTEGER,
  ratio: 1.5,
  precise: -0.1,
  mode: "runFast",
  level: "lowest",
  flags: "all",
  modes: ["idle", "class", "idle"],
  bits: [
    [false, true],
    [true, false],
    [false, true],
  ],
  samples: Int16Array.of(-100, 0, 100),
  raw: Uint8Array.of(1, 2, 3),
  name: "seven77",
  names: ["ab", ""],
  note: "grü",
  blob: new Uint8Array(0),
  blobs: [Uint8Array.of(1, 2, 3), Uint8Array.of(9)],
  label: { kind: "class", text: "label" },
  points: [
    { x: 1, visible: false, y: 0 },
    { x: 2, visible: true, y: 0.5 },
  ],
  grid: [
    [
      { kind: "idle", text: "g" },
      { kind: "idle", text: "g" },
    ],
    [
      { kind: "idle", text: "g" },
      { kind: "idle", text: "" },
    ],
  ],
};

const log = (text: string) => ({ atNs: 7n, severity: "class" as const, text });

function toHex<T>(type: Struct<T>, value: T): string {
  const bytes = Buffer.alloc(type.size);
  return bytes.subarray(0, type.codec.encode(value, new DataView(bytes.buffer, bytes.byteOffset), 0)).toString("hex");
}

/** What the program's print_everything() prints of a value. */
function describeEverything(value: Value): string[] {
  const member = { idle: 0, runFast: 1, class: 7 };
  const level = { lowest: -2147483648, zero: 0, high: 2147483647 };
  const flags = { none: 0, top: 0x8000_0000, all: 0xffff_ffff };
  const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString("hex");
  const label = (what: string, { kind, text }: Value["label"]) => [`${what}.kind ${member[kind]}`, `${what} "${text}"`];
  const { tiny, flag, half, word, wide, signedTiny, signedShort, signedWord, signedLong } = value;
  return [
    [tiny, Number(flag), half, word, wide].join(" "),
    [signedTiny, signedShort, signedWord, signedLong].join(" "),
    `${value.countNs} ${BigInt(value.offsetNs)}`,
    `ratio ${hex(new Uint8Array(Float32Array.of(value.ratio).buffer))}`,
    `precise ${hex(new Uint8Array(Float64Array.of(value.precise).buffer))}`,
    [member[value.mode], level[value.level], flags[value.flags]].join(" "),
    value.modes.map((mode) => member[mode]).join(" "),
    ...value.bits.map((bits) => bits.map(Number).join(" ")),
    value.samples.join(" "),
    value.raw.join(" "),
    `name "${value.name}"`,
    ...value.names.map((name) => `names "${name}"`),
    `note "${value.note}"`,
    `blob ${hex(value.blob)}`,
    ...value.blobs.map((blob) => `blobs ${hex(blob)}`),
    ...label("label", value.label),
    ...value.points.flatMap(({ x, visible, y }) => [
      `${x} ${Number(visible)}`,
      `y ${hex(new Uint8Array(Float64Array.of(y).buffer))}`,
    ]),
    ...value.grid.flat().flatMap((each) => label("grid", each)),
  ];
}

const texts = ["name", "note"] as const;
const values = fc
  .sample(arbitraryValue(Everything) as fc.Arbitrary<Value>, { numRuns: 40, seed: readSeed() })
  // The program prints one line for each field.
  .filter(
    (value) =>
      ![
        ...texts.map((key) => value[key]),
        ...value.names,
        value.label.text,
        ...value.grid.flat().map(({ text }) => text),
      ].some((text) => /[\0\n\r]/.test(text)),
  );

function build(compiler: string, options: readonly string[], shop: Workshop): string {
  for (const { name, text } of generateHeaders([everythingProtocol])) shop.write(name, text);
  const source = join(import.meta.dirname, "programs/everything.c");
  return shop.compile(compiler, options, source, "everything");
}

const aarch64 = hasTool("aarch64-linux-gnu-gcc") && hasTool("qemu-aarch64-static");

describe("round trip", () => {
  function check(run: (input: string) => string): void {
    const output = run(values.map((value) => `${toHex(Everything, value)}\n`).join(""));
    const [talk = "", ...printed] = output.split("input\n");
    const sent = talk
      .trim()
      .split("\n")
      .map((line) => line.split(" "));
    const everything = toHex(Everything, filled);
    expect(sent).toEqual([
      ["everything", everything],
      ["everything", everything],
      ["log", toHex(Log, log("hello"))],
      ["log", toHex(Log, log(""))],
      ["log", toHex(Log, log("in"))],
      ["alarm", toHex(Log, log("fire"))],
      ["state", everything],
      ["last", toHex(Log, log("fire"))],
      ["echo", everything],
    ]);
    const view = new DataView(new Uint8Array(Buffer.from(everything, "hex")).buffer);
    expect(Everything.codec.decode(view, 0, view.byteLength)).toEqual(filled);
    expect(printed).toHaveLength(values.length);
    printed.forEach((text, index) => {
      expect(text.trimEnd().split("\n")).toEqual(describeEverything(values[index] as Value));
    });
  }

  test("C and TypeScript read each other's messages when C runs with the sanitizers", () => {
    using shop = new Workshop();
    const program = build("gcc", sanitizers, shop);
    check((input) => shop.run([program], input));
  });

  test(
    "C and TypeScript read each other's messages when C runs on aarch64",
    skipUnless(aarch64, "aarch64-linux-gnu-gcc or qemu-aarch64-static is missing"),
    () => {
      using shop = new Workshop();
      const program = build("aarch64-linux-gnu-gcc", ["-std=c11", "-O2", "-static", "-mstrict-align"], shop);
      check((input) => shop.run(["qemu-aarch64-static", program], input));
    },
  );
});
