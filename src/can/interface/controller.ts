import { AttributeSet, viewOf } from "../../netlink/attribute.js";
import type { NetworkLink } from "../../netlink/link.js";
import { type BitTiming, type BitTimingLimits, parseBitTiming, parseBitTimingLimits, words } from "./bit-timing.js";
import { type CanMode, modesOf } from "./controller-mode.js";

/** Attributes of a controller (linux/can/netlink.h, IFLA_CAN_*). */
export const ControllerAttribute = {
  BIT_TIMING: 1,
  BIT_TIMING_LIMITS: 2,
  CLOCK: 3,
  STATE: 4,
  MODES: 5,
  RESTART_MS: 6,
  RESTART: 7,
  ERROR_COUNTERS: 8,
  DATA_BIT_TIMING: 9,
  DATA_BIT_TIMING_LIMITS: 10,
  TERMINATION: 11,
  TERMINATIONS: 12,
  BIT_RATES: 13,
  DATA_BIT_RATES: 14,
  MAX_BIT_RATE: 15,
  DELAY_COMPENSATION: 16,
  EXTENDED_MODES: 17,
} as const;

/** Inside `EXTENDED_MODES` (IFLA_CAN_CTRLMODE_SUPPORTED). */
const SUPPORTED_MODES = 1;
/** Inside `DELAY_COMPENSATION` (IFLA_CAN_TDC_*). */
const Delay = { VALUE: 7, OFFSET: 8, FILTER_WINDOW: 9 } as const;

/** By the kernel's numbers (linux/can/netlink.h, enum can_state). */
const states = ["error-active", "error-warning", "error-passive", "bus-off", "stopped", "sleeping"] as const;

/**
 * - `error-active`, `error-warning`, `error-passive`: on the bus, with error counters below 96, below 128, from 128 on
 * - `bus-off`: taken off the bus by its errors, until it is restarted
 * - `stopped`: the interface is down
 */
export type CanState = (typeof states)[number] | "unknown";

/** Error counters of a controller (ISO 11898-1, fault confinement). */
export interface CanErrorCounters {
  readonly transmit: number;
  readonly receive: number;
}

/** Events of a controller since its driver was loaded, each a u32 that wraps (struct can_device_stats). */
export interface CanControllerStatistics {
  readonly busErrors: number;
  readonly errorWarnings: number;
  readonly errorPassives: number;
  readonly busOffs: number;
  readonly arbitrationLosses: number;
  readonly restarts: number;
}

/** A CAN controller as its driver describes it. */
export interface CanController {
  readonly state: CanState;
  readonly clockHz: number;
  /** Undefined until a bit rate is set. */
  readonly bitTiming: BitTiming | undefined;
  /** Undefined for a controller that does not compute, but has a list of bit rates. */
  readonly limits: BitTimingLimits | undefined;
  /** Of the fast part of CAN FD frames. */
  readonly dataBitTiming: BitTiming | undefined;
  readonly dataLimits: BitTimingLimits | undefined;
  /** The bit rates that it can have, if they are but a few; else empty. */
  readonly bitRates: readonly number[];
  readonly dataBitRates: readonly number[];
  /** The transceiver's limit in bit/s. */
  readonly maxBitRate: number | undefined;
  readonly modes: readonly CanMode[];
  /** Modes that can be switched on; undefined before Linux 5.17, which does not tell. */
  readonly supportedModes: readonly CanMode[] | undefined;
  /** Milliseconds from bus-off to the restart; 0 for none by itself. */
  readonly restartMs: number;
  readonly errorCounters: CanErrorCounters | undefined;
  /** Ohm; 0 if it is switched off, undefined if it cannot be switched. */
  readonly terminationOhm: number | undefined;
  readonly terminationsOhm: readonly number[];
  /** Compensation of the transceiver's delay, in ticks of the clock. */
  readonly delayCompensation: CanDelayCompensation | undefined;
  readonly statistics: CanControllerStatistics;
}

export interface CanDelayCompensation {
  /** Undefined while the controller measures it. */
  readonly value: number | undefined;
  readonly offset: number | undefined;
  readonly filterWindow: number | undefined;
}

/** The controller behind a link; undefined if it has none, as `vcan`. */
export function parseController({ kind, kindData, kindStatistics }: NetworkLink): CanController | undefined {
  if (kind !== "can" || kindData === undefined) return undefined;
  const attributes = new AttributeSet(kindData);
  const u32 = (type: number) => attributes.u32(type);
  const list = (type: number) => words(attributes.bytes(type));
  const [, modeFlags = 0] = list(ControllerAttribute.MODES);
  const supported = attributes.nest(ControllerAttribute.EXTENDED_MODES)?.u32(SUPPORTED_MODES);
  return {
    state: states[u32(ControllerAttribute.STATE) ?? -1] ?? "unknown",
    clockHz: u32(ControllerAttribute.CLOCK) ?? 0,
    bitTiming: parseBitTiming(attributes.bytes(ControllerAttribute.BIT_TIMING)),
    limits: parseBitTimingLimits(attributes.bytes(ControllerAttribute.BIT_TIMING_LIMITS)),
    dataBitTiming: parseBitTiming(attributes.bytes(ControllerAttribute.DATA_BIT_TIMING)),
    dataLimits: parseBitTimingLimits(attributes.bytes(ControllerAttribute.DATA_BIT_TIMING_LIMITS)),
    bitRates: list(ControllerAttribute.BIT_RATES),
    dataBitRates: list(ControllerAttribute.DATA_BIT_RATES),
    maxBitRate: u32(ControllerAttribute.MAX_BIT_RATE) || undefined,
    modes: modesOf(modeFlags),
    supportedModes: supported === undefined ? undefined : modesOf(supported),
    restartMs: u32(ControllerAttribute.RESTART_MS) ?? 0,
    errorCounters: parseErrorCounters(attributes.bytes(ControllerAttribute.ERROR_COUNTERS)),
    terminationOhm: attributes.u16(ControllerAttribute.TERMINATION),
    terminationsOhm: parseTerminations(attributes.bytes(ControllerAttribute.TERMINATIONS)),
    delayCompensation: parseDelayCompensation(attributes.nest(ControllerAttribute.DELAY_COMPENSATION)),
    statistics: parseStatistics(kindStatistics),
  };
}

function parseErrorCounters(bytes: Uint8Array | undefined): CanErrorCounters | undefined {
  if (bytes === undefined || bytes.length < 4) return undefined;
  const view = viewOf(bytes);
  return { transmit: view.getUint16(0, true), receive: view.getUint16(2, true) };
}

function parseTerminations(bytes: Uint8Array | undefined): readonly number[] {
  if (bytes === undefined) return [];
  const view = viewOf(bytes);
  return Array.from({ length: bytes.length >> 1 }, (_, index) => view.getUint16(index * 2, true));
}

function parseDelayCompensation(nest: AttributeSet | undefined): CanDelayCompensation | undefined {
  if (nest === undefined || !nest.has(Delay.OFFSET)) return undefined;
  return { value: nest.u32(Delay.VALUE), offset: nest.u32(Delay.OFFSET), filterWindow: nest.u32(Delay.FILTER_WINDOW) };
}

function parseStatistics(bytes: Uint8Array | undefined): CanControllerStatistics {
  const [busErrors = 0, errorWarnings = 0, errorPassives = 0, busOffs = 0, arbitrationLosses = 0, restarts = 0] =
    words(bytes);
  return { busErrors, errorWarnings, errorPassives, busOffs, arbitrationLosses, restarts };
}
