import { createEmitter } from "../../channel/emitter.js";
import type { TypedEmitter } from "../../emitter.js";
import { type IntercellError, requireKnownKeys } from "../../errors.js";
import { type LinkWatcher, openLinkWatcher } from "../../netlink/watcher.js";
import type { CanState } from "./controller.js";
import { type CanInterface, isCanLink, toCanInterface } from "./interface.js";

export interface CanInterfaceWatcherOptions {
  /**
   * Milliseconds between looks at the controllers. The kernel announces up, down and bus-off by itself, but neither error-warning
   * nor error-passive nor the error counters. 0 for no looks.
   * @defaultValue 1000
   */
  readonly pollMs?: number | undefined;
}

export type CanInterfaceWatcherEvents = {
  added: (found: CanInterface) => void;
  /** Something besides counts of frames and errors changed, or an error counter did. */
  changed: (found: CanInterface, previous: CanInterface) => void;
  /** Gone, renamed or moved away; as it was last seen. */
  removed: (found: CanInterface) => void;
  /** The state of a controller changed: `changed` follows. */
  state: (found: CanInterface, state: CanState, previous: CanState) => void;
  /** Events were lost, and all interfaces read anew; the number counts all times. */
  overrun: (count: number) => void;
  /** The watcher failed for good; `close` follows. */
  error: (error: IntercellError) => void;
  close: () => void;
};

const eventNames = ["added", "changed", "removed", "state", "overrun", "error", "close"];
const DEFAULT_POLL_MS = 1000;
/** Longest delay of a timer in milliseconds (Node.js documentation, setInterval). */
const MAX_POLL_MS = 0x7fff_ffff;

/** Tells what happens to the CAN interfaces of this machine. Keeps the event loop alive until it is closed. */
export class CanInterfaceWatcher implements Disposable {
  readonly events: TypedEmitter<CanInterfaceWatcherEvents> = createEmitter("the CAN interface watcher", eventNames);
  readonly #links: LinkWatcher;
  readonly #timer: NodeJS.Timeout | undefined;

  /** @internal */
  constructor({ pollMs = DEFAULT_POLL_MS }: CanInterfaceWatcherOptions) {
    this.#links = openLinkWatcher({ accept: isCanLink });
    this.#timer = pollMs === 0 ? undefined : setInterval(() => this.#links.refresh(), pollMs);
    const { events } = this.#links;
    events.on("added", (link) => this.events.emit("added", toCanInterface(link)));
    events.on("removed", (link) => this.events.emit("removed", toCanInterface(link)));
    events.on("changed", (link, previous) => this.#change(toCanInterface(link), toCanInterface(previous)));
    events.on("overrun", (count) => this.events.emit("overrun", count));
    events.on("error", (error) => this.events.emit("error", error));
    events.on("close", () => {
      clearInterval(this.#timer);
      this.events.emit("close");
    });
  }

  /** The CAN interfaces as they are known. */
  get interfaces(): readonly CanInterface[] {
    return [...this.#links.links.values()].map(toCanInterface);
  }

  /** Times that events were lost. */
  get overruns(): number {
    return this.#links.overruns;
  }

  /** Idempotent. */
  close(): void {
    this.#links.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  #change(found: CanInterface, previous: CanInterface): void {
    const state = found.controller?.state;
    const before = previous.controller?.state;
    if (state !== undefined && before !== undefined && state !== before)
      this.events.emit("state", found, state, before);
    this.events.emit("changed", found, previous);
  }
}

/**
 * Begins to watch the CAN interfaces of this process's network namespace. Those that are there already are in `interfaces` and
 * cause no event.
 */
export function openCanInterfaceWatcher(options: CanInterfaceWatcherOptions = {}): CanInterfaceWatcher {
  requireKnownKeys("openCanInterfaceWatcher", options, ["pollMs"]);
  const { pollMs = DEFAULT_POLL_MS } = options;
  if (typeof pollMs !== "number") throw new TypeError("pollMs must be a number");
  if (!(pollMs >= 0 && pollMs <= MAX_POLL_MS))
    throw new RangeError(`pollMs must be from 0 to ${MAX_POLL_MS}, not ${pollMs}`);
  return new CanInterfaceWatcher(options);
}
