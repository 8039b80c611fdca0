import { randomInt } from "node:crypto";
import { ChannelNumbers } from "../channel/channel-numbers.js";
import { type ClockTimer, type LinkClock, MonotonicClock } from "./clock.js";
import type { CarriedLink } from "./link.js";
import { type LinkHost, TICK_NS } from "./link-host.js";
import { type CarriedLinkOptions, checkCarriedOptions } from "./options.js";

const DEFAULT_WINDOW_BYTES = 262_144;

/**
 * Opens the one link of a carrier that leads to one peer. The carrier closes once the link has closed and what it had committed
 * is sent, which takes a second at most.
 *
 * @param create makes the link, with its carrier.
 * @throws RangeError for the options.
 */
export function openCarriedLink<L extends CarriedLink>(
  create: (host: LinkHost) => L,
  options: CarriedLinkOptions = {},
  clock: LinkClock = new MonotonicClock(),
): L {
  const numbers = new ChannelNumbers();
  let timer: ClockTimer | undefined;
  const link = create({
    ...checkCarriedOptions(options, DEFAULT_WINDOW_BYTES),
    clock,
    takeNumber: (name) => numbers.take(name),
    releaseNumber: (name) => numbers.release(name),
    nextEpoch: () => randomInt(1, 2 ** 24),
    removed: () => {},
    finished: () => {
      timer?.cancel();
      timer = undefined;
    },
  });
  const tickLater = (): void => {
    timer = clock.schedule(TICK_NS, () => {
      link.tick(clock.elapsedNs());
      if (timer !== undefined) tickLater();
    });
  };
  tickLater();
  return link;
}
