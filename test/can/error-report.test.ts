import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  type CanErrorReport,
  controllerProblems,
  decodeErrorFrame,
  describeErrorFrame,
  emptyErrorReport,
  encodeErrorFrame,
  errorFrame,
  protocolLocations,
  protocolViolations,
  wireFaults,
} from "../../src/can/index.js";
import { errorFrames } from "./arbitrary.js";

const named = <Name extends string>(table: Readonly<Record<Name, number>>) => Object.keys(table) as Name[];
const maybe = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: undefined });
const byte = fc.integer({ min: 0, max: 255 });

/** Bits come back in the order of their value. */
const bitNames = <Name extends string>(table: Readonly<Record<Name, number>>) =>
  fc.subarray(named(table)).map((names) => names.sort((one, other) => table[one] - table[other]));

const reports: fc.Arbitrary<CanErrorReport> = fc.record({
  txTimeout: fc.boolean(),
  lostArbitration: maybe(fc.record({ bit: maybe(fc.integer({ min: 1, max: 255 })) })),
  controller: maybe(bitNames(controllerProblems)),
  protocol: maybe(
    fc.record({
      violations: bitNames(protocolViolations),
      location: maybe(fc.oneof(fc.constantFrom(...named(protocolLocations)), fc.constant(0x1f))),
    }),
  ),
  transceiver: maybe(
    fc.record({
      canHigh: maybe(fc.constantFrom(...named(wireFaults))),
      canLow: maybe(fc.constantFrom(...named(wireFaults))),
      shortCircuit: fc.boolean(),
    }),
  ),
  noAcknowledge: fc.boolean(),
  busOff: fc.boolean(),
  busError: fc.boolean(),
  restarted: fc.boolean(),
  counters: maybe(fc.record({ tx: byte, rx: byte })),
});

describe("decodeErrorFrame()", () => {
  test("decodeErrorFrame() gives back what encodeErrorFrame() was given", () => {
    fc.assert(
      fc.property(reports, (report) => {
        expect(decodeErrorFrame(encodeErrorFrame(report))).toEqual(report);
      }),
    );
  });

  test("decodeErrorFrame() and describeErrorFrame() take any error frame, short ones too", () => {
    fc.assert(
      fc.property(errorFrames, (frame) => {
        expect(Object.keys(decodeErrorFrame(frame))).toEqual(Object.keys(emptyErrorReport));
        expect(describeErrorFrame(frame)).not.toBe("");
      }),
    );
  });

  test.each<[string, readonly [number, number[]], Partial<CanErrorReport>]>([
    ["lost arbitration", [0x2, [11]], { lostArbitration: { bit: 11 } }],
    ["lost arbitration at no bit", [0x2, []], { lostArbitration: { bit: undefined } }],
    ["warning and passive", [0x4, [0, 0x18]], { controller: ["tx-warning", "rx-passive"] }],
    ["an unknown controller bit", [0x4, [0, 0x81]], { controller: ["rx-overflow", 0x80] }],
    [
      "a stuff error",
      [0x88, [0, 0, 0x84, 8]],
      {
        busError: true,
        protocol: { violations: ["stuff", "transmitting"], location: "crc-sequence" },
      },
    ],
    [
      "a broken wire",
      [0x10, [0, 0, 0, 0, 0x74]],
      {
        transceiver: { canHigh: "no-wire", canLow: "short-to-ground", shortCircuit: false },
      },
    ],
    [
      "wires that touch",
      [0x10, [0, 0, 0, 0, 0x80]],
      {
        transceiver: { canHigh: undefined, canLow: undefined, shortCircuit: true },
      },
    ],
    ["bus off with counters", [0x240, [0, 0, 0, 0, 0, 0, 255, 7]], { busOff: true, counters: { tx: 255, rx: 7 } }],
    ["counters of zero", [0x200, []], { counters: { tx: 0, rx: 0 } }],
    ["counters without their bit", [0x40, [0, 0, 0, 0, 0, 0, 0, 9]], { busOff: true, counters: { tx: 0, rx: 9 } }],
    ["a restart", [0x100, []], { restarted: true }],
    ["a timeout without acknowledge", [0x21, []], { txTimeout: true, noAcknowledge: true }],
  ])("decodeErrorFrame() names %s", (_, [classes, data], wanted) => {
    expect(decodeErrorFrame(errorFrame(classes, data))).toEqual({ ...emptyErrorReport, ...wanted });
  });

  test("encodeErrorFrame() throws RangeError when a number has no room", () => {
    expect(() => encodeErrorFrame({ counters: { tx: 256, rx: 0 } })).toThrow(RangeError);
    expect(() => encodeErrorFrame({ lostArbitration: { bit: 256 } })).toThrow(RangeError);
    const transceiver = { canHigh: undefined, canLow: 8, shortCircuit: false };
    expect(() => encodeErrorFrame({ transceiver })).toThrow(RangeError);
  });

  test("describeErrorFrame() tells everything in one line", () => {
    const text = describeErrorFrame(errorFrame(0x3ff, [5, 0x20, 0x05, 0x0a, 0x04, 0, 136, 0]));
    expect(text).toBe(
      "transmit timeout; lost arbitration at bit 5; controller tx-passive; protocol violation single-bit, stuff in data; " +
        "transceiver CAN_H no-wire; no acknowledge; bus off; bus error; controller restarted; counters tx 136 rx 0",
    );
    expect(describeErrorFrame(errorFrame(0x1000))).toBe("class 0x1000");
  });
});
