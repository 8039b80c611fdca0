import { requireKnownKeys } from "../../errors.js";
import { type CanFilter, createMatcher } from "../filter.js";
import type { CanFrame } from "../frame.js";
import { createRandom, type Random } from "../random.js";

/**
 * What a virtual bus does wrong. Rates are shares of the frames, 0 to 1. Which frames it meets depends on the seed and on the
 * order of the frames alone.
 */
export interface VirtualFaults {
  /**
   * Frames that an error frame destroys. The sender sends them again until they arrive; its transmit error counter and the receive
   * error counters of the others move as ISO 11898-1 says, up to bus-off.
   * @defaultValue 0
   */
  readonly corruptRate?: number;
  /** Frames that a receiver does not get, each receiver for itself, though the sender takes them for sent. @defaultValue 0 */
  readonly dropRate?: number;
  /**
   * Frames that receivers get twice, as happens on a real bus when the last bit of a frame is disturbed for the sender alone.
   * @defaultValue 0
   */
  readonly duplicateRate?: number;
  /** Milliseconds from the end of a frame to its delivery, at least. The order stays. @defaultValue 0 */
  readonly delayMs?: number;
  /** Milliseconds of delay at most, chosen anew for each frame. @defaultValue delayMs */
  readonly maxDelayMs?: number;
  /** Only frames that pass one of these filters meet faults. @defaultValue all frames */
  readonly filters?: readonly CanFilter[];
  /** An integer of 32 bits. @defaultValue 1 */
  readonly seed?: number;
}

/** What becomes of one frame; a drop of `"all"` is for every receiver. */
export interface FrameFate {
  readonly corrupt?: boolean;
  readonly drop?: boolean;
  readonly duplicate?: boolean;
  readonly delayMs?: number;
}

/** Decides the fate of each frame of an in-process bus. `attempt` counts from 0 and goes up each time the frame is sent again. */
export type FateOf = (frame: CanFrame, attempt: number) => FrameFate | undefined;

const rates = ["corruptRate", "dropRate", "duplicateRate"] as const;
const delays = ["delayMs", "maxDelayMs"] as const;

/** Longest delay in milliseconds: a frame that waits takes memory. */
const MAX_DELAY_MS = 60_000;

/** Draws faults from a seed. */
export class FaultSource {
  readonly #faults: VirtualFaults;
  readonly #random: Random;
  readonly #concerns: (frame: CanFrame) => boolean;

  /** @throws TypeError or RangeError if a value is out of range. */
  constructor(faults: VirtualFaults) {
    checkFaults(faults);
    this.#faults = faults;
    this.#random = createRandom(faults.seed ?? 1);
    const { filters } = faults;
    const matches = filters === undefined ? () => true : createMatcher({ filters });
    this.#concerns = (frame) => frame.kind !== "error" && matches(frame);
  }

  fateOf(frame: CanFrame): FrameFate | undefined {
    if (!this.#concerns(frame)) return undefined;
    const { corruptRate = 0, duplicateRate = 0, delayMs = 0, maxDelayMs = delayMs } = this.#faults;
    return {
      corrupt: this.#draw(corruptRate),
      duplicate: this.#draw(duplicateRate),
      delayMs: maxDelayMs > delayMs ? delayMs + this.#random() * (maxDelayMs - delayMs) : delayMs,
    };
  }

  /** Whether one receiver does not get the frame. */
  drops(frame: CanFrame): boolean {
    const { dropRate = 0 } = this.#faults;
    return dropRate > 0 && this.#concerns(frame) && this.#draw(dropRate);
  }

  #draw(rate: number): boolean {
    return rate > 0 && this.#random() < rate;
  }
}

function checkFaults(faults: VirtualFaults): void {
  requireKnownKeys("the faults of a virtual bus", faults, [...rates, ...delays, "filters", "seed"]);
  for (const name of rates) {
    const rate = faults[name] ?? 0;
    if (typeof rate !== "number" || !(rate >= 0 && rate <= 1)) {
      throw new RangeError(`${name} of a virtual bus is a share from 0 to 1, not ${rate}`);
    }
  }
  for (const name of delays) {
    const ms = faults[name] ?? 0;
    if (typeof ms !== "number" || !(ms >= 0 && ms <= MAX_DELAY_MS)) {
      throw new RangeError(`${name} of a virtual bus is from 0 to ${MAX_DELAY_MS}, not ${ms}`);
    }
  }
  const { delayMs = 0, maxDelayMs = delayMs, seed = 1 } = faults;
  if (maxDelayMs < delayMs) throw new RangeError(`maxDelayMs ${maxDelayMs} is less than delayMs ${delayMs}`);
  if (!Number.isInteger(seed) || Math.abs(seed) > 0xffff_ffff) {
    throw new RangeError(`seed of a virtual bus is an integer of 32 bits, not ${seed}`);
  }
}
