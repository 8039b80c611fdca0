/** What all links that are carried can be told. */
export interface CarriedLinkOptions {
  /**
   * Bytes that may be under way each way, and nearly the largest message: a power of two from 1024 to 4,194,304, the same on
   * both sides. A link takes four times as much memory.
   * @defaultValue 65_536 over CAN, 262_144 over a network
   */
  readonly windowBytes?: number;
  /** How often a peer is told that this side is there, in milliseconds, 1 to 60,000. @defaultValue 200 */
  readonly heartbeatMs?: number;
  /**
   * How long nothing may be heard of a peer before its link counts as stalled, in milliseconds; a time in which the own process
   * was stopped does not count.
   * @defaultValue 1000
   */
  readonly stallMs?: number;
}

export const CARRIED_OPTION_KEYS: readonly string[] = ["windowBytes", "heartbeatMs", "stallMs"];

/** The options as a `LinkHost` has them. */
export interface CheckedCarriedOptions {
  readonly windowPower: number;
  readonly heartbeatNs: number;
  readonly stallNs: number;
}

/** @throws RangeError. */
export function checkCarriedOptions(options: CarriedLinkOptions, defaultWindowBytes: number): CheckedCarriedOptions {
  const { windowBytes = defaultWindowBytes, heartbeatMs = 200, stallMs = 1000 } = options;
  return {
    windowPower: requireWindow(windowBytes),
    heartbeatNs: requireMs("heartbeatMs", heartbeatMs) * 1e6,
    stallNs: requireMs("stallMs", stallMs) * 1e6,
  };
}

/** @throws RangeError unless it is a power of two in range. @returns the power. */
function requireWindow(windowBytes: number): number {
  const power = Math.log2(windowBytes);
  if (Number.isInteger(power) && power >= 10 && power <= 22) return power;
  throw new RangeError(`The option windowBytes is a power of two from 1024 to 4194304, not ${String(windowBytes)}`);
}

/** @throws RangeError unless it is from 1 ms to a minute. */
export function requireMs(name: string, value: number): number {
  if (typeof value === "number" && value >= 1 && value <= 60_000) return value;
  throw new RangeError(`The option ${name} must be from 1 to 60000, not ${String(value)}`);
}
