import { whenAborted } from "../../channel/abort.js";
import { requireWaitOptions } from "../../channel/wait.js";
import { requireKnownKeys } from "../../errors.js";
import { requireBoolean, requireInteger } from "../bus-options.js";
import { type VirtualCan, VirtualCanHandle } from "./can.js";
import { SocketPort } from "./client.js";
import { FaultSource, type VirtualFaults } from "./faults.js";
import { joinBus, noBus } from "./join.js";
import {
  busKeys,
  checkHandleOptions,
  checkName,
  checkVirtualBusOptions,
  handleKeys,
  type VirtualBusOptions,
  type VirtualHandleOptions,
} from "./options.js";
import type { BusHello } from "./server.js";
import { VIRTUAL_WIRE_VERSION } from "./wire.js";

export interface VirtualCanOptions extends VirtualBusOptions, VirtualHandleOptions {
  /** What the bus does wrong from here on, as by {@link VirtualCan.setFaults}. @defaultValue as the bus does */
  readonly faults?: VirtualFaults;
  /** Received frames that wait for this process besides those in the socket; what comes then is lost and counted. @defaultValue 16384 */
  readonly receiveFrames?: number;
  /**
   * Whether the handle comes back by itself when the process that carries the bus was killed. Its status is `removed` meanwhile.
   * @defaultValue true
   */
  readonly reopen?: boolean;
  /** Gives up the opening; it then rejects with the signal's reason. @defaultValue none */
  readonly signal?: AbortSignal;
  /** Milliseconds that opening, and coming back, may take. @defaultValue 10_000 */
  readonly timeoutMs?: number;
}

const ownKeys = ["faults", "receiveFrames", "reopen", "signal", "timeoutMs"];

/**
 * Opens a handle on the CAN bus `name` without kernel support: all processes of this user in this network namespace that open the
 * name are on one bus. The first one starts a process that carries it, which ends with the last handle. Unless told otherwise
 * the bus is like vcan: frames take no time, none is lost.
 *
 * @throws TypeError or RangeError if an option is wrong; IntercellError `ERR_CONFIG` if the bus exists and is not as the options
 * ask, `EPERM` if it is another user's, `ERR_TIMEOUT`, or the signal's reason.
 */
export async function openVirtualCan(name: string, options: VirtualCanOptions = {}): Promise<VirtualCan> {
  checkName("name of a virtual CAN bus", name);
  requireKnownKeys("openVirtualCan", options, [...busKeys, ...handleKeys, ...ownKeys]);
  const asked = pick(options, busKeys);
  const terms = checkVirtualBusOptions("openVirtualCan", asked);
  const handle = checkHandleOptions("openVirtualCan", pick(options, handleKeys));
  const { faults, receiveFrames = 16_384, reopen = true, signal, timeoutMs = 10_000 } = options;
  if (faults !== undefined) new FaultSource(faults);
  requireInteger("receiveFrames", receiveFrames, 1, 2 ** 20);
  requireBoolean("reopen", reopen);
  requireWaitOptions("openVirtualCan", signal === undefined ? { timeoutMs } : { signal, timeoutMs });
  const hello: BusHello = { version: VIRTUAL_WIRE_VERSION, bus: asked, handle, receiveFrames };
  const joined = await within(name, timeoutMs, signal, (limit) => joinBus(name, terms, hello, limit));
  const can = new VirtualCanHandle({
    name,
    bus: joined.welcome.terms,
    handle,
    connect: (sink) => new SocketPort(joined, { name, hello, reopen, reopenTimeoutMs: timeoutMs }, sink),
  });
  if (faults !== undefined) await can.setFaults(faults);
  return can;
}

/** Runs `action` with a signal that aborts when time is up, or with the caller's. */
async function within<T>(
  name: string,
  timeoutMs: number,
  signal: AbortSignal | undefined,
  action: (limit: AbortSignal) => Promise<T>,
): Promise<T> {
  signal?.throwIfAborted();
  const limit = new AbortController();
  const timer = Number.isFinite(timeoutMs)
    ? setTimeout(() => limit.abort(noBus(name, timeoutMs)), timeoutMs)
    : undefined;
  const unwatch = signal && whenAborted(signal, () => limit.abort(signal.reason));
  try {
    return await action(limit.signal);
  } finally {
    clearTimeout(timer);
    unwatch?.();
  }
}

function pick<T extends object, K extends keyof T>(from: T, keys: readonly K[]): Pick<T, K> {
  return Object.fromEntries(keys.filter((key) => from[key] !== undefined).map((key) => [key, from[key]])) as Pick<T, K>;
}
