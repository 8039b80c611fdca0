import { constants } from "node:os";
import { createEmitter } from "../channel/emitter.js";
import type { TypedEmitter } from "../emitter.js";
import { type IntercellError, isIntercellError, requireKnownKeys, systemError } from "../errors.js";
import {
  closeDescriptor,
  closePoller,
  createPoller,
  type Descriptor,
  NetlinkProtocol,
  openNetlink,
  type Poller,
  receiveNetlink,
} from "../native.js";
import { isSameLink, type NetworkLink, parseLink } from "./link.js";
import { listLinks } from "./list-links.js";
import { decodeMessages, type NetlinkMessage } from "./message.js";
import { MessageType, RouteGroup } from "./numbers.js";

const BUFFER_BYTES = 0x1_0000;
const DEFAULT_RECEIVE_BUFFER_BYTES = 1 << 20;
/** Datagrams that are read before other events get their turn. */
const BATCH = 64;
/** Most datagrams that are thrown away at once: more than any buffer holds, as each takes 768 bytes there or more. */
const DISCARDS = 10_000;
const { ENOBUFS } = constants.errno;

export interface LinkWatcherOptions {
  /** Which links are of interest; the others do not exist for the watcher. @defaultValue all */
  readonly accept?: ((link: NetworkLink) => boolean) | undefined;
  /** What the kernel may keep until this process reads it, as `SO_RCVBUF`. @defaultValue 1048576 */
  readonly receiveBufferBytes?: number | undefined;
}

export type LinkWatcherEvents = {
  added: (link: NetworkLink) => void;
  /** Something besides its counters changed. */
  changed: (link: NetworkLink, previous: NetworkLink) => void;
  /** Gone, renamed or moved away; as it was last seen. */
  removed: (link: NetworkLink) => void;
  /**
   * The kernel had more to tell than its buffer holds: events were lost, and all links were read anew. What is different now
   * follows as events; what came and went meanwhile is not known. The number counts all times.
   */
  overrun: (count: number) => void;
  /** The watcher failed for good; `close` follows. */
  error: (error: IntercellError) => void;
  close: () => void;
};

const eventNames = ["added", "changed", "removed", "overrun", "error", "close"];

/**
 * Keeps the list of the network interfaces up to date, and says what changes. It holds no more than that list: events are
 * told as they are read. Keeps the event loop alive until it is closed.
 */
export class LinkWatcher implements Disposable {
  readonly events: TypedEmitter<LinkWatcherEvents> = createEmitter("the link watcher", eventNames);
  readonly #fd: Descriptor;
  readonly #accept: (link: NetworkLink) => boolean;
  readonly #buffer = new Uint8Array(BUFFER_BYTES);
  readonly #links = new Map<number, NetworkLink>();
  #poller: Poller | undefined;
  #overruns = 0;
  #closed = false;

  /** @internal */
  constructor({ accept = () => true, receiveBufferBytes = DEFAULT_RECEIVE_BUFFER_BYTES }: LinkWatcherOptions) {
    this.#accept = accept;
    // Opened first, so that no change falls between list and events.
    this.#fd = openNetlink(NetlinkProtocol.ROUTE, { groups: RouteGroup.LINK, receiveBufferBytes });
    try {
      this.#resynchronise();
      this.#watch();
    } catch (error) {
      this.close();
      throw error;
    }
  }

  /** The links as they are known, by index. */
  get links(): ReadonlyMap<number, NetworkLink> {
    return this.#links;
  }

  /** Times that events were lost. */
  get overruns(): number {
    return this.#overruns;
  }

  get closed(): boolean {
    return this.#closed;
  }

  /**
   * Reads all links anew, and tells what is different. It is done by itself whenever events were lost. If it fails, so does the
   * watcher.
   */
  refresh(): void {
    try {
      if (!this.#closed) this.#resynchronise();
    } catch (error) {
      if (!isIntercellError(error)) throw error;
      this.#fail(error);
    }
  }

  /** Idempotent. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    if (this.#poller !== undefined) closePoller(this.#poller);
    closeDescriptor(this.#fd);
    this.events.emit("close");
  }

  [Symbol.dispose](): void {
    this.close();
  }

  #watch(): void {
    this.#poller = createPoller(this.#fd, { countBytes: 0 }, (_events, count) => {
      // The poller stops at an error of the socket, of which lost events are one.
      if (count < 0) this.#poller = undefined;
      if (count === -ENOBUFS) this.#overrun();
      else if (count < 0)
        this.#fail(systemError({ errno: count, syscall: "poll", wanted: "watch network interfaces" }));
      else this.#read();
      if (this.#poller === undefined && !this.#closed) this.#watch();
    });
  }

  #read(): void {
    for (let taken = 0; taken < BATCH && !this.#closed; taken++) {
      try {
        const length = receiveNetlink(this.#fd, this.#buffer);
        if (length === undefined) return;
        // One that was cut is as good as lost.
        if (length > BUFFER_BYTES) this.#overrun();
        else for (const message of decodeMessages(this.#buffer.subarray(0, length))) this.#take(message);
      } catch (error) {
        if (isIntercellError(error, "ENOBUFS")) this.#overrun();
        else if (isIntercellError(error)) this.#fail(error);
        else throw error;
      }
    }
  }

  #take({ type, payload }: NetlinkMessage): void {
    if (type !== MessageType.NEW_LINK && type !== MessageType.DELETE_LINK) return;
    const link = parseLink(payload);
    if (link === undefined || this.#closed) return;
    if (type === MessageType.DELETE_LINK) this.#remove(link.index);
    else this.#put(link);
  }

  #put(link: NetworkLink): void {
    const previous = this.#links.get(link.index);
    if (!this.#accept(link)) {
      this.#remove(link.index);
      return;
    }
    this.#links.set(link.index, link);
    if (previous === undefined) this.events.emit("added", link);
    else if (!isSameLink(previous, link)) this.events.emit("changed", link, previous);
  }

  #remove(index: number): void {
    const link = this.#links.get(index);
    if (link === undefined) return;
    this.#links.delete(index);
    this.events.emit("removed", link);
  }

  #overrun(): void {
    this.#overruns += 1;
    this.events.emit("overrun", this.#overruns);
    // What waits is older than the list that is read next, and would turn back the clock.
    this.#discard();
    this.refresh();
  }

  #discard(): void {
    for (let left = DISCARDS; left > 0 && !this.#closed; left--) {
      try {
        if (receiveNetlink(this.#fd, this.#buffer) === undefined) return;
      } catch (error) {
        if (isIntercellError(error, "ENOBUFS")) continue;
        if (!isIntercellError(error)) throw error;
        this.#fail(error);
      }
    }
  }

  #resynchronise(): void {
    const links = listLinks();
    const present = new Set(links.map(({ index }) => index));
    for (const index of [...this.#links.keys()]) if (!present.has(index)) this.#remove(index);
    for (const link of links) this.#put(link);
  }

  #fail(error: IntercellError): void {
    if (this.#closed) return;
    this.events.emit("error", error);
    this.close();
  }
}

/**
 * Begins to watch the network interfaces of this process's network namespace. Those that are there already are in `links`
 * and cause no event.
 */
export function openLinkWatcher(options: LinkWatcherOptions = {}): LinkWatcher {
  requireKnownKeys("openLinkWatcher", options, ["accept", "receiveBufferBytes"]);
  return new LinkWatcher(options);
}
