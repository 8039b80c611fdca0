import { createEmitter } from "../../channel/emitter.js";
import type { CanBus, CanSubscription, ReceivedFrame } from "../bus.js";
import { exactFilter } from "../filter.js";
import type { CanId } from "../id.js";
import type { ContentWatch, ContentWatchEvents } from "./broadcast.js";
import { ContentFilter } from "./content-filter.js";
import type { CheckedWatch } from "./options.js";

/** A watch whose time is kept by timers of this process. */
export class TimerWatch implements ContentWatch {
  readonly id: CanId;
  readonly events = createEmitter<ContentWatchEvents>("a content watch", ["changed", "timeout"]);
  readonly #watch: CheckedWatch;
  readonly #filter: ContentFilter;
  readonly #subscription: CanSubscription;
  readonly #ended: () => void;
  #timeout: NodeJS.Timeout | undefined;
  #lastLook: NodeJS.Immediate | undefined;
  #throttle: NodeJS.Timeout | undefined;
  /** The change that is told once the throttle lets it. */
  #held: ReceivedFrame | undefined;
  #closed = false;

  constructor(bus: CanBus, id: CanId, watch: CheckedWatch, ended: () => void) {
    this.id = id;
    this.#watch = watch;
    this.#filter = new ContentFilter(watch);
    this.#ended = ended;
    this.#subscription = bus.listen((received) => this.#take(received), { filters: [exactFilter(id)] });
    this.#restart();
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#subscription.close();
    this.#stopTimeout();
    clearTimeout(this.#throttle);
    this.#ended();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  #take(received: ReceivedFrame): void {
    const { frame } = received;
    if (frame.kind !== (this.#watch.fd ? "fd" : "data")) return;
    this.#restart();
    if (!this.#filter.changes(frame)) return;
    if (this.#throttle === undefined) this.#tell(received);
    else this.#held = received;
  }

  #tell(received: ReceivedFrame): void {
    if (this.#watch.throttleUs > 0) {
      this.#throttle = setTimeout(() => {
        this.#throttle = undefined;
        const held = this.#held;
        this.#held = undefined;
        if (held !== undefined) this.#tell(held);
      }, this.#watch.throttleUs / 1000);
    }
    this.events.emit("changed", received);
  }

  /** Waits anew for a frame to stay away. */
  #restart(): void {
    if (this.#watch.timeoutUs === 0) return;
    this.#stopTimeout();
    const missed = (): void => {
      if (this.#watch.announceResume) this.#filter.forget();
      this.events.emit("timeout");
    };
    // A process that was stopped sees first what came meanwhile, so that no frame is missed that is there.
    this.#timeout = setTimeout(() => {
      this.#lastLook = setImmediate(missed);
    }, this.#watch.timeoutUs / 1000);
  }

  #stopTimeout(): void {
    clearTimeout(this.#timeout);
    clearImmediate(this.#lastLook);
  }
}
