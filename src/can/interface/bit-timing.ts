import { textUpToNul, u32Bytes, viewOf } from "../../netlink/attribute.js";

/**
 * Bits of a frame, divided into time quanta (linux/can/netlink.h, struct can_bittiming). Of a controller that has a list of bit
 * rates instead, all but the bit rate is 0.
 */
export interface BitTiming {
  /** Bits per second, as the controller really has it. */
  readonly bitRate: number;
  /** Where in a bit it looks, as a part of the bit's time: 0.875 for 87.5 %. */
  readonly samplePoint: number;
  /** Length of a time quantum in nanoseconds, rounded down. */
  readonly quantumNs: number;
  /** Quanta of the propagation segment. */
  readonly propagationSegment: number;
  /** Quanta before the sample point, behind the propagation segment. */
  readonly phaseSegment1: number;
  /** Quanta behind the sample point. */
  readonly phaseSegment2: number;
  /** Quanta by which it may move at most to follow other nodes (sjw). */
  readonly jumpWidth: number;
  /** Ticks of the controller's clock in a quantum (brp). */
  readonly prescaler: number;
}

/** What a controller's registers can hold, in quanta and ticks (linux/can/netlink.h, struct can_bittiming_const). */
export interface BitTimingLimits {
  /** Name of the controller, or of its driver, as the driver gives it. */
  readonly name: string;
  /** Propagation segment and phase segment 1 together. */
  readonly segment1: Range;
  /** Phase segment 2. */
  readonly segment2: Range;
  readonly maxJumpWidth: number;
  readonly prescaler: Range;
  /** What the prescaler is a multiple of. */
  readonly prescalerStep: number;
}

/** Both ends are allowed. */
export interface Range {
  readonly min: number;
  readonly max: number;
}

/** Quanta of the synchronisation segment, with which each bit begins (ISO 11898-1). */
export const SYNC_SEGMENT = 1;

/** The bit timing that a request asks for: the kernel computes what is 0. */
export interface WantedBitTiming {
  readonly bitRate: number;
  /** @defaultValue the one that CiA recommends for the bit rate */
  readonly samplePoint?: number | undefined;
  /** @defaultValue the kernel's choice */
  readonly jumpWidth?: number | undefined;
}

const PER_MILLE = 1000;
const NAME_BYTES = 16;

/** `struct can_bittiming`: bit rate, sample point in 1/1000, quantum, segments, jump width, prescaler; a u32 each. */
export function encodeBitTiming({ bitRate, samplePoint = 0, jumpWidth = 0 }: WantedBitTiming): Uint8Array {
  return u32Bytes(bitRate, Math.round(samplePoint * PER_MILLE), 0, 0, 0, 0, jumpWidth, 0);
}

/** Undefined if the bit rate was never set. */
export function parseBitTiming(bytes: Uint8Array | undefined): BitTiming | undefined {
  const [bitRate = 0, samplePoint = 0, quantumNs = 0, propagationSegment = 0, ...others] = words(bytes, 8);
  const [phaseSegment1 = 0, phaseSegment2 = 0, jumpWidth = 0, prescaler = 0] = others;
  if (bitRate === 0) return undefined;
  const segments = { propagationSegment, phaseSegment1, phaseSegment2, jumpWidth, prescaler };
  return { bitRate, samplePoint: samplePoint / PER_MILLE, quantumNs, ...segments };
}

/** `struct can_bittiming_const`: a name of 16 bytes, then the limits; a u32 each. */
export function parseBitTimingLimits(bytes: Uint8Array | undefined): BitTimingLimits | undefined {
  if (bytes === undefined) return undefined;
  const [segment1Min = 0, segment1Max = 0, segment2Min = 0, segment2Max = 0, ...others] = words(
    bytes.subarray(NAME_BYTES),
    8,
  );
  const [maxJumpWidth = 0, prescalerMin = 0, prescalerMax = 0, prescalerStep = 0] = others;
  return {
    name: textUpToNul(bytes.subarray(0, NAME_BYTES)),
    segment1: { min: segment1Min, max: segment1Max },
    segment2: { min: segment2Min, max: segment2Max },
    maxJumpWidth,
    prescaler: { min: prescalerMin, max: prescalerMax },
    prescalerStep,
  };
}

/** Words of 32 bits, as many as there are up to `count`. */
export function words(bytes: Uint8Array | undefined, count = Number.POSITIVE_INFINITY): readonly number[] {
  if (bytes === undefined) return [];
  const view = viewOf(bytes);
  return Array.from({ length: Math.min(count, bytes.length >> 2) }, (_, index) => view.getUint32(index * 4, true));
}
