import { requireKnownKeys } from "../errors.js";
import { addon, checked } from "./addon.js";
import {
  type Descriptor,
  PollEvent,
  type Poller,
  type PollerCallback,
  type PollerOptions,
  type Registers,
} from "./types.js";

interface Addon {
  createPoller(
    fd: Descriptor,
    countBytes: number,
    events: number,
    callback: PollerCallback,
    registers: Registers | undefined,
    offsetBytes: number,
    value: number,
  ): Poller | number;
  setPollerEvents(poller: Poller, events: number): number;
  pollerRef(poller: Poller): void;
  pollerUnref(poller: Poller): void;
  closePoller(poller: Poller): void;
}

/**
 * Watches a descriptor in the event loop of the calling thread. The descriptor becomes non-blocking. On a readable
 * counter native code reads it, writes the `rearm` register, and only then calls back. Without a counter the callback
 * must read until nothing is left. What the callback throws is an uncaught exception.
 *
 * The poller keeps the event loop alive (see {@link pollerUnref}) and must be closed before its descriptor.
 *
 * @throws IntercellError `EEXIST` if this thread already watches the descriptor, `EPERM` if it cannot be polled.
 */
export function createPoller(fd: Descriptor, options: PollerOptions, callback: PollerCallback): Poller {
  requireKnownKeys("createPoller", options, ["countBytes", "events", "rearm"]);
  const { countBytes, events = PollEvent.READABLE, rearm } = options;
  if (rearm !== undefined) requireKnownKeys("createPoller rearm", rearm, ["registers", "offsetBytes", "value"]);
  const { registers, offsetBytes = 0, value = 0 } = rearm ?? {};
  const result = addon<Addon>().createPoller(fd, countBytes, events, callback, registers, offsetBytes, value);
  return checked(result, { syscall: "epoll_ctl", path: `descriptor ${fd}`, wanted: "watch the descriptor" });
}

/** Changes what is watched, such as `WRITABLE` only while output waits. */
export function setPollerEvents(poller: Poller, events: number): void {
  const result = addon<Addon>().setPollerEvents(poller, events);
  checked(result, { syscall: "epoll_ctl", wanted: "change what the poller watches", advice: "Make another poller." });
}

/** Lets the poller keep the event loop alive, as it does from the start. Does nothing once closed. */
export function pollerRef(poller: Poller): void {
  addon<Addon>().pollerRef(poller);
}

/** Lets the event loop end though the poller is open. Does nothing once closed. */
export function pollerUnref(poller: Poller): void {
  addon<Addon>().pollerUnref(poller);
}

/** Stops polling; no callback runs afterwards. Idempotent. */
export function closePoller(poller: Poller): void {
  addon<Addon>().closePoller(poller);
}
