import { requireKnownKeys } from "../../errors.js";
import type { CanBusOptions } from "../bus.js";
import {
  busOptionKeys,
  type CheckedBusOptions,
  checkBusOptions,
  requireBoolean,
  requireInteger,
} from "../bus-options.js";
import { FaultSource, type VirtualFaults } from "./faults.js";
import type { MediumOptions } from "./medium.js";
import type { StationOptions } from "./station.js";

/** What a virtual bus is like. On a bus that exists, what is given must be what the bus has. */
export interface VirtualBusOptions {
  /**
   * bit/s, 1 to 1,000,000,000: frames then take the time that they take on a wire, one after the other.
   * @defaultValue none: a frame takes no time, as on vcan
   */
  readonly bitRate?: number;
  /** bit/s of the data phase of CAN FD. @defaultValue bitRate */
  readonly dataBitRate?: number;
  /** Whether it carries CAN FD frames. @defaultValue true */
  readonly fd?: boolean;
  /** Whether it carries CAN XL frames, which a bus with a bit rate cannot. @defaultValue false */
  readonly xl?: boolean;
  /** Milliseconds after which a node leaves bus-off by itself; 0 for never, as is the kernel's default. @defaultValue 0 */
  readonly restartMs?: number;
}

/** How one handle takes part. */
export interface VirtualHandleOptions extends CanBusOptions {
  /**
   * The node that it belongs to. Handles of one node are to each other what sockets on one interface are: frames of the others
   * are `local`, and state and errors of the controller are shared. Frames of other nodes are `remote`.
   * @defaultValue "host"
   */
  readonly node?: string;
  /** Whether it sends and receives CAN FD and CAN XL frames, if the bus does. @defaultValue true */
  readonly fd?: boolean;
  /** Frames that wait in the node for the wire, 1 to 4096; beyond that there is no room. @defaultValue 64 */
  readonly txQueueFrames?: number;
}

/** {@link VirtualBusOptions}, checked. */
export interface BusTerms extends MediumOptions {
  readonly fd: boolean;
  readonly xl: boolean;
}

/** {@link VirtualHandleOptions}, checked. */
export interface HandleTerms {
  readonly node: string;
  readonly fd: boolean;
  readonly txQueueFrames: number;
  readonly options: CheckedBusOptions;
}

export const busKeys = ["bitRate", "dataBitRate", "fd", "xl", "restartMs"] as const;
export const handleKeys = [...(["node", "fd", "txQueueFrames"] as const), ...busOptionKeys];

const MAX_BIT_RATE = 1_000_000_000;
const MAX_RESTART_MS = 0x7fff_ffff;

/** @throws TypeError or RangeError if an option is wrong. */
export function checkVirtualBusOptions(what: string, options: VirtualBusOptions, faults?: VirtualFaults): BusTerms {
  requireKnownKeys(what, options, busKeys);
  const { bitRate, dataBitRate, fd = true, xl = false, restartMs = 0 } = options;
  if (bitRate !== undefined) requireInteger("bitRate", bitRate, 1, MAX_BIT_RATE);
  if (dataBitRate !== undefined) {
    requireInteger("dataBitRate", dataBitRate, 1, MAX_BIT_RATE);
    if (bitRate === undefined) throw new RangeError("dataBitRate of a virtual bus needs a bitRate");
  }
  requireBoolean("fd", fd);
  requireBoolean("xl", xl);
  if (xl && bitRate !== undefined) throw new RangeError("A virtual bus with a bit rate carries no CAN XL frames");
  requireInteger("restartMs", restartMs, 0, MAX_RESTART_MS);
  // A fault that makes no sense is told now.
  if (faults !== undefined) new FaultSource(faults);
  return { bitRate, dataBitRate, fd, xl, restartMs, faults };
}

/** @throws TypeError or RangeError if an option is wrong. */
export function checkHandleOptions(what: string, options: VirtualHandleOptions): HandleTerms {
  requireKnownKeys(what, options, handleKeys);
  const { node = "host", fd = true, txQueueFrames = 64, ...shared } = options;
  checkName("node of a virtual CAN handle", node);
  requireBoolean("fd", fd);
  requireInteger("txQueueFrames", txQueueFrames, 1, 4096);
  return { node, fd, txQueueFrames, options: checkBusOptions(shared) };
}

/** What the station of such a handle asks of the bus. */
export function stationOf({ node, fd, txQueueFrames, options }: HandleTerms, bus: BusTerms): StationOptions {
  return { node, fd, xl: bus.xl && fd, queueFrames: txQueueFrames, ...options.filterSet };
}

/** @throws TypeError if a name is not 1 to 64 letters, digits, dots, dashes or underscores. */
export function checkName(what: string, name: string): string {
  if (typeof name === "string" && /^[A-Za-z0-9._-]{1,64}$/.test(name)) return name;
  const wanted = "1 to 64 letters, digits, dots, dashes or underscores";
  throw new TypeError(`The ${what} is ${wanted}, not ${JSON.stringify(name)}`);
}
