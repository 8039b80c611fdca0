import type { CanClock } from "../clock.js";

/** Who keeps a cycle: the kernel's broadcast manager, or timers of this process. */
export type CycleTiming = "kernel" | "process";

export interface MappedOptions {
  /** @defaultValue the clock of the machine */
  readonly clock?: CanClock;
}

export interface MappedSenderOptions extends MappedOptions {
  /**
   * Who keeps the cycle of a cyclic message: the kernel (CAN_BCM), also while JavaScript is busy, or timers of this process.
   * @defaultValue the kernel, if the bus is one interface of it and no clock is given; timers if it cannot
   */
  readonly timing?: CycleTiming;
}
