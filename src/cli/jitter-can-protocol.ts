import { defineProtocol } from "../channel/index.js";
import { struct, u32, u64, u64AsNumber } from "../schema/index.js";
import { ResetStatistics, Statistics } from "./jitter-protocol.js";

/** A measurement of the inmate on Pi A, as it goes on to Pi B. */
export const Forwarded = struct("Forwarded", {
  /** Epoch of the inmate: another one is another run of it, whose ticks begin at 1. */
  run: u32,
  /** As in `Measurement`. */
  tick: u32,
  jitterNs: u64AsNumber,
  minNs: u64AsNumber,
  maxNs: u64AsNumber,
  /** When Pi A took it from the inmate, in nanoseconds of Pi A's monotonic clock. */
  takenNs: u64,
});

/** Asks for the time. */
export const ClockQuestion = struct("ClockQuestion", { number: u32 });

/** What the monotonic clock showed between question and answer, in nanoseconds. */
export const ClockReading = struct("ClockReading", { number: u32, nowNs: u64 });

const definition = {
  messages: { measurement: Forwarded },
  requests: {
    /** Goes on to the inmate, whose reply comes back. */
    reset: { request: ResetStatistics, reply: Statistics },
    clock: { request: ClockQuestion, reply: ClockReading },
  },
} as const;

/** The type of {@link jitterCanProtocol}'s definition. */
export type JitterCanDefinition = typeof definition;

/** What the two Pis of the demo say to each other over CAN. */
export const jitterCanProtocol = defineProtocol("jitter_over_can", definition);
