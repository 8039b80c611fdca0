import { describe, expect, test } from "vitest";
import { buildCodec } from "../../../src/can/dbc/codec.js";
import { compiler } from "../../../src/can/dbc/compile.js";
import { createDatabase, parseDbc } from "../../../src/can/dbc/index.js";
import { interpreter } from "../../../src/can/dbc/interpret.js";
import { checkCodecOptions } from "../../../src/can/dbc/options.js";

const file = `VERSION ""

BU_: A

BO_ 256 M1: 8 A
 SG_ LE12 : 4|12@1+ (1,0) [0|0] "" A
 SG_ BE12 : 19|12@0+ (1,0) [0|0] "" A
 SG_ S5 : 32|5@1- (0.5,-3) [0|0] "" A
 SG_ BE16S : 47|16@0- (0.1,0) [0|0] "" A

BO_ 257 M2: 8 A
 SG_ F32L : 0|32@1- (1,0) [0|0] "" A
 SG_ F32B : 39|32@0- (1,0) [0|0] "" A

BO_ 258 M3: 8 A
 SG_ U64B : 7|64@0+ (1,0) [0|0] "" A

BO_ 259 M4: 8 A
 SG_ F64 : 0|64@1- (1,0) [0|0] "" A

BO_ 2147484160 MX: 8 A
 SG_ Mux M : 0|8@1+ (1,0) [0|0] "" A
 SG_ X m0 : 8|16@1+ (1,0) [0|0] "" A
 SG_ Y m1 : 8|8@1- (1,0) [0|0] "" A

BO_ 513 EX: 8 A
 SG_ S0 M : 0|4@1+ (1,0) [0|0] "" A
 SG_ S1 m0M : 4|4@1+ (1,0) [0|0] "" A
 SG_ S2 m3 : 8|8@1+ (1,0) [0|0] "" A
 SG_ S3 m5 : 8|16@1+ (1,0) [0|0] "" A

BO_ 514 FD: 24 A
 SG_ Z : 159|40@0- (1,0) [0|0] "" A

BO_ 496 ExampleMessage: 8 A
 SG_ Enable : 7|1@0+ (1,0) [0|0] "-" A
 SG_ AverageRadius : 6|6@0+ (0.1,0) [0|5] "m" A
 SG_ Temperature : 0|12@0- (0.01,250) [229.53|270.47] "degK" A

BA_DEF_ BO_ "VFrameFormat" INT 0 15;
BA_ "VFrameFormat" BO_ 514 14;
SIG_VALTYPE_ 257 F32L : 1;
SIG_VALTYPE_ 257 F32B : 1;
SIG_VALTYPE_ 259 F64 : 2;
SG_MUL_VAL_ 513 S1 S0 0-0;
SG_MUL_VAL_ 513 S2 S1 3-3, 7-9;
SG_MUL_VAL_ 513 S3 S0 5-5;
`;

const dbc = parseDbc(file);

/** Values and bytes that cantools 41.0.0 gives too; the bytes can be made by hand from where the bits of each signal lie. */
const vectors: readonly [string, string, Record<string, number | bigint>][] = [
  // 0xABC from bit 4; 0x123 with its top at bit 3 of byte 2; (-5.5 + 3) / 0.5 = -5 = 0b11011; -15 = 0xfff1.
  ["M1", "C0AB01231BFFF100", { LE12: 2748, BE12: 291, S5: -5.5, BE16S: -1.5 }],
  ["M2", "0000C03FC0100000", { F32L: 1.5, F32B: -2.25 }],
  ["M3", "0102030405060708", { U64B: 0x0102030405060708n }],
  ["M4", "182D4454FB210940", { F64: Math.PI }],
  ["MX", "0034120000000000", { Mux: 0, X: 0x1234 }],
  ["MX", "01FE000000000000", { Mux: 1, Y: -2 }],
  ["EX", "8055000000000000", { S0: 0, S1: 8, S2: 0x55 }],
  ["EX", "0534120000000000", { S0: 5, S3: 0x1234 }],
  ["FD", `${"00".repeat(19)}FFFFFFFFFE`, { Z: -2 }],
  // 32 steps below Enable in byte 0; (250.1 - 250) / 0.01 = 10, its top bit at bit 0 of byte 0.
  ["ExampleMessage", "C001400000000000", { Enable: 1, AverageRadius: 3.2, Temperature: 250.1 }],
];

describe.each([
  ["generated", compiler],
  ["interpreted", interpreter],
])("a %s codec", (_, engine) => {
  test.each(vectors)("MessageCodec turns %s into %s and back", (name, hex, values) => {
    const message = dbc.messages.find((one) => one.name === name);
    if (message === undefined) throw new Error(`There is no message ${name}`);
    const codec = buildCodec(dbc, message, checkCodecOptions("test", {}), engine);
    expect(Buffer.from(codec.encode(values)).toString("hex").toUpperCase()).toBe(hex);
    expect(codec.decode(Buffer.from(hex, "hex"))).toEqual(values);
  });
});

test("parseDbc() takes all of the vectors' file without a warning", () => {
  expect(dbc.warnings).toEqual([]);
  expect(createDatabase(dbc).message("FD").isFd).toBe(true);
  expect(createDatabase(dbc).message("MX").isFd).toBe(false);
});
