import { ErrorCode, IntercellError, requireKnownKeys } from "../errors.js";
import { whenAborted } from "./abort.js";

/** How long to wait for something. */
export interface WaitOptions {
  /** Gives up when it aborts; the wait then rejects with its `reason`. */
  readonly signal?: AbortSignal | undefined;
  /**
   * Milliseconds after which the wait gives up with `ERR_TIMEOUT`.
   * @defaultValue no limit
   */
  readonly timeoutMs?: number | undefined;
}

const knownKeys = ["signal", "timeoutMs"];

/** Longest delay of a timer in milliseconds; Node takes a longer one for 1 ms (Node.js documentation, setTimeout). */
const MAX_TIMEOUT_MS = 0x7fff_ffff;

/**
 * Holds the options of a wait against their types.
 *
 * @throws TypeError if a key is unknown or a value has the wrong type.
 * @throws RangeError if `timeoutMs` is negative, not a number, or above 2^31 - 1 and not Infinity.
 */
export function requireWaitOptions(what: string, options: WaitOptions): void {
  requireKnownKeys(what, options, knownKeys);
  const { signal, timeoutMs } = options;
  if (signal !== undefined && !(signal instanceof AbortSignal)) {
    throw new TypeError(`signal of ${what} must be an AbortSignal`);
  }
  if (timeoutMs === undefined) return;
  if (typeof timeoutMs !== "number") throw new TypeError(`timeoutMs of ${what} must be a number`);
  if (timeoutMs !== Number.POSITIVE_INFINITY && !(timeoutMs >= 0 && timeoutMs <= MAX_TIMEOUT_MS)) {
    throw new RangeError(`timeoutMs of ${what} must be from 0 to ${MAX_TIMEOUT_MS} or Infinity, not ${timeoutMs}`);
  }
}

/** Watches a signal and a clock for one wait that is under way. */
export class Deadline {
  readonly #timer: NodeJS.Timeout | undefined;
  #lastLook: NodeJS.Immediate | undefined;
  readonly #unwatch: (() => void) | undefined;

  /**
   * @param giveUp called at most once, with the reason of the signal or an `ERR_TIMEOUT`; not before this returns.
   * @param late gives the message of the `ERR_TIMEOUT`.
   */
  constructor(options: WaitOptions, giveUp: (reason: unknown) => void, late: () => string) {
    const { signal, timeoutMs } = options;
    if (timeoutMs !== undefined && timeoutMs !== Number.POSITIVE_INFINITY) {
      const expire = () => {
        this.stop();
        giveUp(new IntercellError(ErrorCode.TIMEOUT, late()));
      };
      // What arrived in time is seen first, also by a process that was stopped meanwhile: Node runs timers before it looks
      // for events, and immediates after (Node.js documentation, The Node.js Event Loop).
      this.#timer = setTimeout(() => {
        this.#lastLook = setImmediate(expire);
      }, timeoutMs);
    }
    if (signal !== undefined) {
      this.#unwatch = whenAborted(signal, () => {
        this.stop();
        giveUp(signal.reason);
      });
    }
  }

  /** Ends the watch. Idempotent. */
  stop(): void {
    clearTimeout(this.#timer);
    clearImmediate(this.#lastLook);
    this.#unwatch?.();
  }
}
