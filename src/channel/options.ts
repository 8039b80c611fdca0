import { requireKnownKeys } from "../errors.js";
import { MAX_CHANNEL_NAME_BYTES } from "./protocol.js";

export interface ChannelOptions {
  /**
   * Name by which the two sides find each other, 1 to 32 bytes of UTF-8.
   * @defaultValue name of the protocol
   */
  readonly name?: string | undefined;
  /**
   * Whether messages that nobody has ever listened to wait for their first listener, and all that follows on the link
   * with them. If not, they are counted as `unheard`.
   * @defaultValue true
   */
  readonly holdUntilListened?: boolean | undefined;
  /**
   * Sends and requests that may wait in line at once, 1 to 2^20; the next one is rejected with `ERR_QUEUE_FULL`.
   * @defaultValue 1024
   */
  readonly maxWaitingSends?: number | undefined;
  /**
   * Requests of this side that may be pending at once, 1 to 2^20; the next one is rejected with `ERR_QUEUE_FULL`.
   * @defaultValue 1024
   */
  readonly maxPendingRequests?: number | undefined;
  /**
   * Requests of the peer that handlers may be at work on at once, 1 to 2^20; the next one is answered with an error.
   * @defaultValue 64
   */
  readonly maxConcurrentRequests?: number | undefined;
}

/** {@link ChannelOptions} that were checked, with their defaults. */
export type CheckedChannelOptions = { readonly [K in keyof ChannelOptions]-?: Exclude<ChannelOptions[K], undefined> };

const MAX_COUNT = 2 ** 20;
const knownKeys = ["name", "holdUntilListened", "maxWaitingSends", "maxPendingRequests", "maxConcurrentRequests"];

/** @throws TypeError or RangeError if the options are not as {@link ChannelOptions} says. */
export function checkChannelOptions(options: ChannelOptions, protocolName: string): CheckedChannelOptions {
  requireKnownKeys("a channel", options, knownKeys);
  const { name = protocolName, holdUntilListened = true } = options;
  if (typeof name !== "string") throw new TypeError("name of a channel must be a string");
  const nameBytes = Buffer.byteLength(name);
  if (nameBytes < 1 || nameBytes > MAX_CHANNEL_NAME_BYTES) {
    throw new RangeError(`name of a channel must have 1 to ${MAX_CHANNEL_NAME_BYTES} bytes of UTF-8, not ${nameBytes}`);
  }
  if (Buffer.from(name).toString() !== name)
    throw new TypeError("name of a channel must be well-formed: it has half a surrogate pair");
  if (typeof holdUntilListened !== "boolean") throw new TypeError("holdUntilListened of a channel must be a boolean");
  return {
    name,
    holdUntilListened,
    maxWaitingSends: requireCount("maxWaitingSends", options.maxWaitingSends, 1024),
    maxPendingRequests: requireCount("maxPendingRequests", options.maxPendingRequests, 1024),
    maxConcurrentRequests: requireCount("maxConcurrentRequests", options.maxConcurrentRequests, 64),
  };
}

function requireCount(name: string, value: number | undefined, byDefault: number): number {
  if (value === undefined) return byDefault;
  if (typeof value !== "number") throw new TypeError(`${name} of a channel must be a number`);
  if (Number.isInteger(value) && value >= 1 && value <= MAX_COUNT) return value;
  throw new RangeError(`${name} of a channel must be an integer from 1 to ${MAX_COUNT}, not ${value}`);
}
