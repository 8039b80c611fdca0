import { EventEmitter } from "node:events";
import type { EventMap, TypedEmitter } from "../emitter.js";

/** A listener of any event. */
export type Listener = (...args: never[]) => void;

/** Told the listeners of an event, in the order of their calls, each time one came or went. */
export type ListenersChanged = (event: string, listeners: readonly Listener[]) => void;

/**
 * Names that a Node emitter emits by itself, so that no message may have them.
 * Source: Node.js documentation, class EventEmitter, events `newListener` and `removeListener`.
 */
export const EMITTER_NAMES: readonly string[] = ["newListener", "removeListener"];

/**
 * Makes an emitter for the events `names`, which differs from Node's in four ways: a listener that throws keeps
 * neither the others nor the caller of `emit` from going on, as the throw goes to the process as an uncaught exception;
 * `error` without a listener is no throw; to listen for an event that does not exist is a TypeError; and many listeners
 * are no cause for a warning.
 */
export function createEmitter<Events extends EventMap>(
  what: string,
  names: readonly string[],
  changed?: ListenersChanged,
): TypedEmitter<Events> {
  return new IsolatingEmitter(what, names, changed) as unknown as TypedEmitter<Events>;
}

/** Lets the process have `error` as an uncaught exception once the running code has returned. */
export function throwLater(error: unknown): void {
  queueMicrotask(() => {
    throw error;
  });
}

class IsolatingEmitter extends EventEmitter {
  readonly #what: string;
  readonly #names: ReadonlySet<string>;
  readonly #changed: ListenersChanged | undefined;

  constructor(what: string, names: readonly string[], changed: ListenersChanged | undefined) {
    super();
    // Each wait for a link listens to it, so that their number says nothing of a leak.
    this.setMaxListeners(0);
    this.#what = what;
    this.#names = new Set(names);
    this.#changed = changed;
  }

  override on(event: string, listener: Listener): this {
    return this.addListener(event, listener);
  }

  override addListener(event: string, listener: Listener): this {
    this.#require(event);
    super.addListener(event, listener as () => void);
    this.#tell(event);
    return this;
  }

  override prependListener(event: string, listener: Listener): this {
    this.#require(event);
    super.prependListener(event, listener as () => void);
    this.#tell(event);
    return this;
  }

  override off(event: string, listener: Listener): this {
    return this.removeListener(event, listener);
  }

  override removeListener(event: string, listener: Listener): this {
    super.removeListener(event, listener as () => void);
    this.#tell(event);
    return this;
  }

  override removeAllListeners(event?: string): this {
    // Node tells "all events" from "this event" by the number of arguments.
    if (event === undefined) super.removeAllListeners();
    else super.removeAllListeners(event);
    for (const name of event === undefined ? this.#names : [event]) this.#tell(name);
    return this;
  }

  override emit(event: string, ...args: unknown[]): boolean {
    const listeners = this.rawListeners(event);
    for (const listener of listeners) {
      try {
        Reflect.apply(listener, this, args);
      } catch (error) {
        throwLater(error);
      }
    }
    return listeners.length > 0;
  }

  #require(event: string): void {
    if (this.#names.has(event) || EMITTER_NAMES.includes(event)) return;
    const known = this.#names.size === 0 ? "there are none" : `there are ${[...this.#names].join(", ")}`;
    throw new TypeError(`Cannot listen for ${JSON.stringify(String(event))} of ${this.#what}: ${known}`);
  }

  #tell(event: string): void {
    this.#changed?.(event, this.rawListeners(event) as unknown as readonly Listener[]);
  }
}
