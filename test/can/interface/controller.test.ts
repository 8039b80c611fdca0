import { describe, expect, test } from "vitest";
import { canModes } from "../../../src/can/index.js";
import { ControllerAttribute, parseController } from "../../../src/can/interface/controller.js";
import { encodeModes, modesOf } from "../../../src/can/interface/controller-mode.js";
import { type Attribute, encodeAttributes, u32Attribute, u32Bytes } from "../../../src/netlink/attribute.js";
import type { NetworkLink } from "../../../src/netlink/link.js";

const limits = (name: string, ...values: number[]) =>
  Buffer.concat([Buffer.from(name.padEnd(16, "\0")), u32Bytes(...values)]);

/** A link as a CAN FD controller with switched termination has it, of which the kernel rig has none. */
function link(data: readonly Attribute[], statistics?: Uint8Array): NetworkLink {
  const kindData = encodeAttributes(data);
  return { kind: "can", kindData, kindStatistics: statistics } as unknown as NetworkLink;
}

describe("parseController()", () => {
  test("parseController() reads all that a CAN FD controller says", () => {
    const found = parseController(
      link(
        [
          { type: ControllerAttribute.BIT_TIMING, value: u32Bytes(500_000, 800, 25, 31, 32, 16, 1, 1) },
          { type: ControllerAttribute.BIT_TIMING_LIMITS, value: limits("mcp251xfd", 2, 256, 1, 128, 128, 1, 256, 1) },
          u32Attribute(ControllerAttribute.CLOCK, 40_000_000),
          u32Attribute(ControllerAttribute.STATE, 2),
          { type: ControllerAttribute.MODES, value: u32Bytes(0xffff_ffff, 0x230) },
          u32Attribute(ControllerAttribute.RESTART_MS, 100),
          { type: ControllerAttribute.ERROR_COUNTERS, value: Uint8Array.of(130, 0, 5, 1) },
          { type: ControllerAttribute.DATA_BIT_TIMING, value: u32Bytes(2_000_000, 750, 25, 7, 7, 5, 2, 1) },
          { type: ControllerAttribute.DATA_BIT_TIMING_LIMITS, value: limits("mcp251xfd", 1, 32, 1, 16, 16, 1, 256, 1) },
          { type: ControllerAttribute.TERMINATION, value: Uint8Array.of(120, 0) },
          { type: ControllerAttribute.TERMINATIONS, value: Uint8Array.of(0, 0, 120, 0) },
          u32Attribute(ControllerAttribute.MAX_BIT_RATE, 8_000_000),
          { type: ControllerAttribute.DELAY_COMPENSATION, value: [u32Attribute(8, 15)] },
          { type: ControllerAttribute.EXTENDED_MODES, value: [u32Attribute(1, 0x233)] },
        ],
        u32Bytes(1, 2, 3, 4, 5, 6),
      ),
    );
    expect(found).toEqual({
      state: "error-passive",
      clockHz: 40_000_000,
      bitTiming: {
        bitRate: 500_000,
        samplePoint: 0.8,
        quantumNs: 25,
        propagationSegment: 31,
        phaseSegment1: 32,
        phaseSegment2: 16,
        jumpWidth: 1,
        prescaler: 1,
      },
      limits: {
        name: "mcp251xfd",
        segment1: { min: 2, max: 256 },
        segment2: { min: 1, max: 128 },
        maxJumpWidth: 128,
        prescaler: { min: 1, max: 256 },
        prescalerStep: 1,
      },
      dataBitTiming: expect.objectContaining({ bitRate: 2_000_000, samplePoint: 0.75, jumpWidth: 2 }),
      dataLimits: expect.objectContaining({ segment1: { min: 1, max: 32 } }),
      bitRates: [],
      dataBitRates: [],
      maxBitRate: 8_000_000,
      modes: ["berrReporting", "fd", "tdcAuto"],
      supportedModes: ["loopback", "listenOnly", "berrReporting", "fd", "tdcAuto"],
      restartMs: 100,
      errorCounters: { transmit: 130, receive: 261 },
      terminationOhm: 120,
      terminationsOhm: [0, 120],
      delayCompensation: { value: undefined, offset: 15, filterWindow: undefined },
      statistics: { busErrors: 1, errorWarnings: 2, errorPassives: 3, busOffs: 4, arbitrationLosses: 5, restarts: 6 },
    });
  });

  test("parseController() leaves open what a driver does not say, and knows no controller of another kind", () => {
    expect(parseController(link([u32Attribute(ControllerAttribute.STATE, 99)]))).toMatchObject({
      state: "unknown",
      bitTiming: undefined,
      supportedModes: undefined,
      errorCounters: undefined,
      terminationOhm: undefined,
      statistics: { busErrors: 0 },
    });
    expect(parseController({ kind: "vcan" } as NetworkLink)).toBeUndefined();
  });
});

describe("encodeModes()", () => {
  test("encodeModes() gives back each mode that modesOf() names", () => {
    for (const mode of canModes) {
      const { mask, flags } = encodeModes({ [mode]: true });
      expect([mask, modesOf(flags)]).toEqual([flags, [mode]]);
      expect(encodeModes({ [mode]: false })).toEqual({ mask, flags: 0 });
    }
    expect(encodeModes({ fd: undefined })).toEqual({ mask: 0, flags: 0 });
  });

  test("encodeModes() refuses a mode that does not exist or is neither on nor off", () => {
    expect(() => encodeModes({ turbo: true } as object)).toThrow(/no controller mode "turbo": there are loopback/);
    expect(() => encodeModes({ toString: true } as object)).toThrow(/no controller mode/);
    expect(() => encodeModes({ fd: 1 } as object)).toThrow(/fd must be true or false/);
  });
});
