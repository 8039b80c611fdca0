import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type BitTimingLimits, calculateBitTiming, recommendedSamplePoint } from "../../../src/can/index.js";

/** Of the SJA1000 (Linux, drivers/net/can/sja1000, sja1000_bittiming_const). */
const sja1000: BitTimingLimits = {
  name: "sja1000",
  segment1: { min: 1, max: 16 },
  segment2: { min: 1, max: 8 },
  maxJumpWidth: 4,
  prescaler: { min: 1, max: 64 },
  prescalerStep: 1,
};

/** Of a Raspberry Pi's usual CAN FD controller, MCP2518FD: the arbitration phase at 40 MHz. */
const mcp2518fd: BitTimingLimits = {
  name: "mcp251xfd",
  segment1: { min: 2, max: 256 },
  segment2: { min: 1, max: 128 },
  maxJumpWidth: 128,
  prescaler: { min: 1, max: 256 },
  prescalerStep: 1,
};

describe("calculateBitTiming()", () => {
  /** Bit rate, sample point, quantum, segments and prescaler that Linux 6.1 showed for a SJA1000 at 8 MHz (ip -details link). */
  const seen: readonly (readonly [number, ...number[]])[] = [
    [10_000, 0.875, 6250, 6, 7, 2, 50],
    [125_000, 0.875, 500, 6, 7, 2, 4],
    [500_000, 0.875, 125, 6, 7, 2, 1],
    [1_000_000, 0.75, 125, 2, 3, 2, 1],
  ];
  test.each(seen)("calculateBitTiming() gives what Linux chose when the rate is %d bit/s", (bitRate, ...expected) => {
    const found = calculateBitTiming({ bitRate, clockHz: 8_000_000, limits: sja1000 });
    const { samplePoint, quantumNs, propagationSegment, phaseSegment1, phaseSegment2, prescaler } = found;
    expect([samplePoint, quantumNs, propagationSegment, phaseSegment1, phaseSegment2, prescaler]).toEqual(expected);
    expect(found.bitRate).toBe(bitRate);
  });

  test("calculateBitTiming() keeps to the limits, the clock and its own sums when it is given any rate", () => {
    const choice = fc.record({
      bitRate: fc.integer({ min: 5_000, max: 1_000_000 }),
      clockHz: fc.constantFrom(8_000_000, 20_000_000, 24_000_000, 40_000_000, 80_000_000),
      limits: fc.constantFrom(sja1000, mcp2518fd),
      samplePoint: fc.option(
        fc.integer({ min: 600, max: 900 }).map((point) => point / 1000),
        { nil: undefined },
      ),
      jumpWidth: fc.integer({ min: 1, max: 200 }),
    });
    fc.assert(
      fc.property(choice, (options) => {
        const { bitRate, clockHz, limits, jumpWidth, samplePoint = recommendedSamplePoint(bitRate) } = options;
        let found: ReturnType<typeof calculateBitTiming>;
        try {
          found = calculateBitTiming(options);
        } catch (error) {
          expect(error).toMatchObject({ code: "ERR_UNSUPPORTED" });
          return;
        }
        const segment1 = found.propagationSegment + found.phaseSegment1;
        const quanta = 1 + segment1 + found.phaseSegment2;
        expect(segment1).toBeGreaterThanOrEqual(limits.segment1.min);
        expect(segment1).toBeLessThanOrEqual(limits.segment1.max);
        expect(found.phaseSegment2).toBeGreaterThanOrEqual(limits.segment2.min);
        expect(found.phaseSegment2).toBeLessThanOrEqual(limits.segment2.max);
        expect(found.prescaler).toBeLessThanOrEqual(limits.prescaler.max);
        expect(found.bitRate).toBe(Math.floor(clockHz / (found.prescaler * quanta)));
        expect(Math.abs(found.bitRate - bitRate) / bitRate).toBeLessThan(0.051);
        expect(found.samplePoint).toBeLessThanOrEqual(samplePoint);
        expect(found.samplePoint).toBe(Math.floor((1000 * (1 + segment1)) / quanta) / 1000);
        expect(found.jumpWidth).toBe(Math.min(jumpWidth, limits.maxJumpWidth, found.phaseSegment2));
      }),
    );
  });

  test("calculateBitTiming() fails with ERR_UNSUPPORTED when the controller cannot come near the rate", () => {
    const impossible = () => calculateBitTiming({ bitRate: 900_000, clockHz: 1_000_000, limits: sja1000 });
    expect(impossible).toThrow(/sja1000 with a clock of 1000000 Hz cannot come within 5 % of 900000 bit\/s/);
    const slow = () => calculateBitTiming({ bitRate: 4_000, clockHz: 8_000_000, limits: sja1000 });
    expect(slow).toThrow(expect.objectContaining({ code: "ERR_UNSUPPORTED" }));
  });

  test("calculateBitTiming() takes prescalers that are multiples of the step", () => {
    const even = { ...sja1000, prescaler: { min: 2, max: 128 }, prescalerStep: 2 };
    expect(calculateBitTiming({ bitRate: 250_000, clockHz: 16_000_000, limits: even }).prescaler % 2).toBe(0);
  });

  const base = { bitRate: 500_000, clockHz: 8_000_000, limits: sja1000 };
  const refused: readonly [string, object, ErrorConstructor][] = [
    ["a bit rate of 0", { bitRate: 0 }, RangeError],
    ["half a bit per second", { bitRate: 0.5 }, RangeError],
    ["a clock that is a text", { clockHz: "8 MHz" }, TypeError],
    ["a sample point in percent", { samplePoint: 87.5 }, RangeError],
    ["a sample point of 0", { samplePoint: 0 }, RangeError],
    ["no jump width", { jumpWidth: 0 }, RangeError],
    ["an unknown option", { bitrate: 1 }, TypeError],
  ];
  test.each(refused)("calculateBitTiming() refuses %s", (_, change, error) => {
    expect(() => calculateBitTiming({ ...base, ...change })).toThrow(error);
  });
});

test("recommendedSamplePoint() gives those of CiA", () => {
  expect([10_000, 500_000, 500_001, 800_000, 800_001, 5_000_000].map(recommendedSamplePoint)).toEqual([
    0.875, 0.875, 0.8, 0.8, 0.75, 0.75,
  ]);
});
