import { throwLater } from "../channel/emitter.js";
import { requireKnownKeys } from "../errors.js";
import type { CanListenOptions, CanSubscription, ReceivedFrame } from "./bus.js";
import { createMatcher } from "./filter.js";
import type { CanFrame } from "./frame.js";

type Listener = (received: ReceivedFrame) => void;

/** Hands frames to the listeners of one bus handle, as their filters want. */
export class FrameDispatcher {
  /** Replaced rather than changed, so that a listener may come or go while a frame is handed out. */
  #subscriptions: readonly Subscription[] = [];
  #own = false;

  /** Whether anybody would hear a frame that this handle sent. */
  get ownHeard(): boolean {
    return this.#own;
  }

  /** @throws TypeError or RangeError if an option is wrong. */
  listen(listener: Listener, options: CanListenOptions = {}): CanSubscription {
    if (typeof listener !== "function") throw new TypeError("The listener of a CAN bus must be a function");
    requireKnownKeys("listen", options, ["filters", "joinFilters", "errorMask", "own"]);
    const { own = false, ...set } = options;
    if (typeof own !== "boolean") throw new TypeError("own of listen must be a boolean");
    // A listener that names no filter is asked nothing but whether the frame is an error frame.
    const matcher = createMatcher(set);
    const passes = set.filters === undefined && (set.errorMask ?? 0) === 0 ? isNoError : matcher;
    const subscription = new Subscription(listener, passes, own, (ended) => {
      this.#replace(this.#subscriptions.filter((each) => each !== ended));
    });
    this.#replace([...this.#subscriptions, subscription]);
    return subscription;
  }

  /** Hands a frame to each listener whose filters let it pass. What a listener throws, the process gets. */
  dispatch(received: ReceivedFrame): void {
    for (const subscription of this.#subscriptions) subscription.take(received);
  }

  /** Takes back all listeners. */
  close(): void {
    for (const subscription of this.#subscriptions) subscription.close();
  }

  #replace(subscriptions: readonly Subscription[]): void {
    this.#subscriptions = subscriptions;
    this.#own = subscriptions.some(({ own }) => own);
  }
}

class Subscription implements CanSubscription {
  readonly own: boolean;
  readonly #listener: Listener;
  readonly #passes: (frame: CanFrame) => boolean;
  readonly #ended: (subscription: Subscription) => void;
  #closed = false;

  constructor(
    listener: Listener,
    passes: (frame: CanFrame) => boolean,
    own: boolean,
    ended: (subscription: Subscription) => void,
  ) {
    this.#listener = listener;
    this.#passes = passes;
    this.own = own;
    this.#ended = ended;
  }

  take(received: ReceivedFrame): void {
    if (this.#closed || (received.origin === "own" && !this.own) || !this.#passes(received.frame)) return;
    try {
      this.#listener(received);
    } catch (error) {
      throwLater(error);
    }
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#ended(this);
  }

  [Symbol.dispose](): void {
    this.close();
  }
}

function isNoError(frame: CanFrame): boolean {
  return frame.kind !== "error";
}
