import type { CanBusStatus } from "../bus.js";
import { type CanInterface, lookUpInterface } from "../can-descriptor.js";

/** How often an interface that is not up is looked at, in milliseconds. */
const LOOK_EVERY_MS = 50;

export interface InterfaceWatchParts {
  /** Whether an interface of the same name that comes after its removal is taken for it. */
  readonly reopen: boolean;
  /** The interface is in another state than before; `found` unless it was removed. */
  changed(status: Exclude<CanBusStatus, "closed">, found: CanInterface | undefined): void;
  /** Another interface has the name, with another index. */
  returned(found: CanInterface): void;
}

/**
 * In what state the interface of a socket is. That it went down the kernel tells the socket, but not that it came up again:
 * while it is not up it is looked at now and then.
 */
export class InterfaceWatch {
  readonly #name: string;
  readonly #parts: InterfaceWatchParts;
  #index: number;
  #timer: NodeJS.Timeout | undefined;
  #closed = false;

  constructor({ name, index, up }: CanInterface, parts: InterfaceWatchParts) {
    this.#name = name;
    this.#index = index;
    this.#parts = parts;
    if (!up) this.#lookLater();
  }

  /** Looks now, as the socket reported a fault. */
  look(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#closed) return;
    const found = lookUpInterface(this.#name);
    if (found !== undefined && found.index !== this.#index && this.#parts.reopen) {
      this.#index = found.index;
      this.#parts.changed("removed", undefined);
      this.#parts.returned(found);
    }
    const same = found?.index === this.#index ? found : undefined;
    const status = same === undefined ? "removed" : same.up ? "up" : "down";
    if (status === "down" || (status === "removed" && this.#parts.reopen)) this.#lookLater();
    this.#parts.changed(status, same);
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
  }

  #lookLater(): void {
    this.#timer = setTimeout(() => this.look(), LOOK_EVERY_MS);
    // The socket keeps the event loop alive, as long as it should.
    this.#timer.unref();
  }
}
