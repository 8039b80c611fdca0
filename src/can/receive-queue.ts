import { whenAborted } from "../channel/abort.js";
import { checkReceiveOptions, MessageReceiver } from "../channel/receiver.js";
import { requireKnownKeys } from "../errors.js";
import type { CanReceiveOptions, ReceivedFrame } from "./bus.js";
import type { CanBusCounters } from "./bus-counters.js";
import type { FrameDispatcher } from "./dispatcher.js";

const DEFAULT_QUEUE_FRAMES = 4096;

/** The readers of one bus handle: each a bounded queue that loses its oldest frame, counted, if it is full. */
export class ReceiveQueues {
  readonly #name: string;
  readonly #dispatcher: FrameDispatcher;
  readonly #counters: CanBusCounters;
  readonly #readers = new Set<MessageReceiver<ReceivedFrame>>();

  /** @param name of the bus. */
  constructor(name: string, dispatcher: FrameDispatcher, counters: CanBusCounters) {
    this.#name = name;
    this.#dispatcher = dispatcher;
    this.#counters = counters;
  }

  /** @throws TypeError or RangeError if an option is wrong; the reason of a signal that has aborted. */
  open(options: CanReceiveOptions = {}): MessageReceiver<ReceivedFrame> {
    const known = ["filters", "joinFilters", "errorMask", "own", "signal", "queueFrames"];
    requireKnownKeys("receive", options, known);
    const { signal, queueFrames = DEFAULT_QUEUE_FRAMES, ...listening } = options;
    if (signal !== undefined && !(signal instanceof AbortSignal)) {
      throw new TypeError("signal of receive must be an AbortSignal");
    }
    signal?.throwIfAborted();
    const checked = checkReceiveOptions({ capacity: queueFrames, overflow: "drop-oldest" }, false);
    const reader = new MessageReceiver<ReceivedFrame>(this.#name, checked, {
      counters: this.#overflowCounter(),
      // Nothing is made to wait for a reader.
      resume: () => {},
      released: () => {
        this.#readers.delete(reader);
        subscription.close();
        unwatch?.();
      },
    });
    const subscription = this.#dispatcher.listen((received) => reader.push(received), listening);
    const unwatch = signal && whenAborted(signal, () => reader.end(signal.reason));
    this.#readers.add(reader);
    return reader;
  }

  /** Ends all readers after what they hold, with a throw if there is a `fault`. */
  close(fault?: unknown): void {
    for (const reader of [...this.#readers]) reader.end(fault);
  }

  /** What a reader counts as dropped, the statistics of the bus call overflowed. */
  #overflowCounter(): { dropped: number } {
    const counters = this.#counters;
    return {
      get dropped() {
        return counters.overflowedFrames;
      },
      set dropped(count: number) {
        counters.overflowedFrames = count;
      },
    };
  }
}
