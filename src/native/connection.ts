import { constants } from "node:os";
import { systemError } from "../errors.js";
import { closeDescriptor } from "./descriptor.js";
import { closePoller, createPoller, pollerRef, pollerUnref, setPollerEvents } from "./poller.js";
import { type Descriptor, type Message, PollEvent, type Poller } from "./types.js";
import { receiveMessage, sendMessage } from "./unix-socket.js";

/** What happens on a {@link Connection}. Descriptors that come with a message belong to the handler. */
export interface ConnectionHandlers {
  readonly message: (message: Message) => void;
  /** The other side is gone, however it went. Called once; the connection is closed by then. */
  readonly end: () => void;
  /** There may be room after a {@link Connection.trySend} that found none. */
  readonly room?: () => void;
}

export interface ConnectionOptions {
  /** Longest message that the other side sends, in bytes; a longer one ends the connection. */
  readonly maxMessageBytes: number;
  /** The other side as a message names it, after "talk to". */
  readonly peer: string;
}

/** One sequenced-packet connection between two processes. Owns its descriptor. */
export class Connection {
  readonly #descriptor: Descriptor;
  readonly #poller: Poller;
  readonly #options: ConnectionOptions;
  #handlers: ConnectionHandlers;
  #closed = false;
  #waitsForRoom = false;

  constructor(descriptor: Descriptor, options: ConnectionOptions, handlers: ConnectionHandlers) {
    this.#descriptor = descriptor;
    this.#options = options;
    this.#handlers = handlers;
    this.#poller = createPoller(descriptor, { countBytes: 0 }, () => this.#ready());
  }

  get closed(): boolean {
    return this.#closed;
  }

  /** Gives what comes from here on to other handlers. */
  handle(handlers: ConnectionHandlers): void {
    this.#handlers = handlers;
  }

  /** Reads what has arrived, a hang-up included, without waiting for the event loop to find it. */
  receive(): void {
    while (!this.#closed) {
      const message = this.#read();
      if (message === undefined) return;
      if (message.bytes.byteLength > 0) {
        this.#handlers.message(message);
        continue;
      }
      this.close();
      this.#handlers.end();
    }
  }

  /** @throws IntercellError if the other side is gone or takes no messages. */
  send(bytes: Uint8Array, descriptors: readonly Descriptor[] = []): void {
    const sent = this.#closed ? -constants.errno.EPIPE : sendMessage(this.#descriptor, bytes, descriptors);
    if (sent < 0) throw systemError({ errno: sent, syscall: "sendmsg", wanted: `talk to ${this.#options.peer}` });
  }

  /**
   * {@link send} that gives false while the other side does not read; the handler `room` follows. A connection that has ended takes
   * everything, as its end is told by the handler for that.
   */
  trySend(bytes: Uint8Array): boolean {
    if (this.#closed || sendMessage(this.#descriptor, bytes, []) !== -constants.errno.EAGAIN) return true;
    if (!this.#waitsForRoom) setPollerEvents(this.#poller, PollEvent.READABLE | PollEvent.WRITABLE);
    this.#waitsForRoom = true;
    return false;
  }

  /** Keeps the event loop alive while waiting for this connection, or lets it end. A connection starts with it kept. */
  keepAlive(wanted: boolean): void {
    if (wanted) pollerRef(this.#poller);
    else pollerUnref(this.#poller);
  }

  /** Idempotent; no handler runs afterwards. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    closePoller(this.#poller);
    closeDescriptor(this.#descriptor);
  }

  #ready(): void {
    this.receive();
    if (this.#closed || !this.#waitsForRoom) return;
    // Set back first, as the handler may find no room again.
    this.#waitsForRoom = false;
    setPollerEvents(this.#poller, PollEvent.READABLE);
    this.#handlers.room?.();
  }

  /** A connection that cannot be read (reset, malformed) has ended as much as one that was closed. */
  #read(): Message | undefined {
    try {
      return receiveMessage(this.#descriptor, this.#options.maxMessageBytes);
    } catch {
      return { bytes: new Uint8Array(0), descriptors: [] };
    }
  }
}
