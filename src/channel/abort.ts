import { throwLater } from "./emitter.js";

/** What waits for a signal to abort, and the one listener that it has for all of them. */
interface Watch {
  readonly actions: Set<() => void>;
  readonly listener: () => void;
}

/** One listener for each signal, as Node takes more than ten for a leak and warns (Node.js documentation, `EventTarget`). */
const watches = new WeakMap<AbortSignal, Watch>();

/**
 * Calls `action` once if `signal` aborts from here on; gives the function that takes this back. Any number of actions may
 * wait for one signal, such as that of a whole application.
 */
export function whenAborted(signal: AbortSignal, action: () => void): () => void {
  const watch = watches.get(signal) ?? startWatch(signal);
  // Of its own, so that one action may wait twice.
  const own = (): void => action();
  watch.actions.add(own);
  return () => {
    if (!watch.actions.delete(own) || watch.actions.size > 0) return;
    signal.removeEventListener("abort", watch.listener);
    watches.delete(signal);
  };
}

function startWatch(signal: AbortSignal): Watch {
  const actions = new Set<() => void>();
  const listener = (): void => {
    for (const action of actions) {
      try {
        action();
      } catch (error) {
        throwLater(error);
      }
    }
  };
  const watch = { actions, listener };
  watches.set(signal, watch);
  signal.addEventListener("abort", listener, { once: true });
  return watch;
}
