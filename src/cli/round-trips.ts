import type { Channel } from "../channel/index.js";
import { CommandFailure } from "./exit.js";
import type { JitterDefinition } from "./jitter-protocol.js";

/** Times of requests from before the call to after its reply, in nanoseconds. */
export interface RoundTrips {
  readonly count: number;
  readonly medianNs: number;
  readonly p99Ns: number;
}

/**
 * Asks the peer to echo, one request after the other, and takes the time of each.
 *
 * @throws CommandFailure if a reply is not to its request; IntercellError as a request does.
 */
export async function measureRoundTrips(
  channel: Channel<JitterDefinition>,
  count: number,
  signal: AbortSignal,
): Promise<RoundTrips> {
  const timesNs: number[] = [];
  for (let number = 0; number < count; number++) {
    const begin = process.hrtime.bigint();
    const echo = await channel.request("echo", { number }, { signal });
    timesNs.push(Number(process.hrtime.bigint() - begin));
    if (echo.number !== number)
      throw new CommandFailure(`The inmate was asked to echo ${number}, found ${echo.number}`);
  }
  return summariseRoundTrips(timesNs);
}

/** @throws RangeError if there are no times. */
export function summariseRoundTrips(timesNs: readonly number[]): RoundTrips {
  return { count: timesNs.length, medianNs: percentile(timesNs, 50), p99Ns: percentile(timesNs, 99) };
}

/**
 * The value that `percent` percent of the values do not exceed (nearest rank).
 *
 * @throws RangeError if there are no values.
 */
export function percentile(values: readonly number[], percent: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  const found = sorted[Math.max(0, Math.ceil((sorted.length * percent) / 100) - 1)];
  if (found === undefined) throw new RangeError("There is no percentile of no values");
  return found;
}
