import { join } from "node:path";
import { createEmitter } from "../channel/emitter.js";
import type { TypedEmitter } from "../emitter.js";
import { type IntercellError, requireKnownKeys } from "../errors.js";
import type { NetworkLink } from "../netlink/link.js";
import { type LinkWatcher, openLinkWatcher } from "../netlink/watcher.js";
import { readLinkName } from "../uio/sysfs.js";

export interface NetInterfaceWatcherOptions {
  /** Names of the interfaces to watch, whoever drives them. @defaultValue those that `ivshmem-net` drives */
  readonly names?: readonly string[] | undefined;
}

/** What of an interface may change. */
export interface NetInterfaceState {
  readonly name: string;
  readonly index: number;
  readonly up: boolean;
  /** Whether the peer's interface is up, too. */
  readonly carrier: boolean;
  readonly operState: string;
  readonly mtu: number;
  /** MAC address. */
  readonly address: string | undefined;
}

export type NetInterfaceWatcherEvents = {
  added: (found: NetInterfaceState) => void;
  changed: (found: NetInterfaceState, previous: NetInterfaceState) => void;
  /** As it was last seen. */
  removed: (found: NetInterfaceState) => void;
  /** The peer came (true) or went: `changed` follows, unless the interface itself is what came or went. */
  peer: (found: NetInterfaceState, present: boolean) => void;
  /** Events were lost, and all interfaces read anew; the number counts all times. */
  overrun: (count: number) => void;
  /** The watcher failed for good; `close` follows. */
  error: (error: IntercellError) => void;
  close: () => void;
};

const eventNames = ["added", "changed", "removed", "peer", "overrun", "error", "close"];

/** Tells what happens to network interfaces between cells. Keeps the event loop alive until it is closed. */
export class NetInterfaceWatcher implements Disposable {
  readonly events: TypedEmitter<NetInterfaceWatcherEvents> = createEmitter("the network interface watcher", eventNames);
  readonly #links: LinkWatcher;

  /** @internal */
  constructor({ names }: NetInterfaceWatcherOptions) {
    const accept = names === undefined ? isOfDriver : ({ name }: NetworkLink) => names.includes(name);
    this.#links = openLinkWatcher({ accept });
    const { events } = this.#links;
    events.on("added", (link) => {
      this.events.emit("added", toState(link));
      if (link.carrier) this.events.emit("peer", toState(link), true);
    });
    events.on("changed", (link, previous) => this.#change(toState(link), toState(previous)));
    events.on("removed", (link) => {
      if (link.carrier) this.events.emit("peer", { ...toState(link), carrier: false }, false);
      this.events.emit("removed", toState(link));
    });
    events.on("overrun", (count) => this.events.emit("overrun", count));
    events.on("error", (error) => this.events.emit("error", error));
    events.on("close", () => this.events.emit("close"));
  }

  /** The interfaces as they are known. */
  get interfaces(): readonly NetInterfaceState[] {
    return [...this.#links.links.values()].map(toState);
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

  #change(found: NetInterfaceState, previous: NetInterfaceState): void {
    if (found.carrier !== previous.carrier) this.events.emit("peer", found, found.carrier);
    if (JSON.stringify(found) !== JSON.stringify(previous)) this.events.emit("changed", found, previous);
  }
}

/**
 * Begins to watch network interfaces of this process's network namespace. Those that are there already are in `interfaces` and
 * cause no event.
 */
export function openNetInterfaceWatcher(options: NetInterfaceWatcherOptions = {}): NetInterfaceWatcher {
  requireKnownKeys("openNetInterfaceWatcher", options, ["names"]);
  const { names } = options;
  if (names !== undefined && !(Array.isArray(names) && names.every((name) => typeof name === "string"))) {
    throw new TypeError("names must be an array of names of interfaces");
  }
  return new NetInterfaceWatcher(options);
}

function isOfDriver({ name }: NetworkLink): boolean {
  return readLinkName(join("/sys/class/net", name, "device/driver")) === "ivshmem-net";
}

function toState({ name, index, up, carrier, operState, mtu, address }: NetworkLink): NetInterfaceState {
  return { name, index, up, carrier, operState, mtu, address };
}
