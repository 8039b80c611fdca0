import { constants } from "node:os";
import { systemError } from "../errors.js";
import {
  closeDescriptor,
  closePoller,
  createPoller,
  type Descriptor,
  type Message,
  type Poller,
  pollerRef,
  pollerUnref,
  receiveMessage,
  sendMessage,
} from "../native.js";
import { MAX_MESSAGE_BYTES } from "./wire.js";

/** What happens on a {@link Connection}. Descriptors that come with a message belong to the handler. */
export interface ConnectionHandlers {
  readonly message: (message: Message) => void;
  /** The other side is gone, however it went. Called once; the connection is closed by then. */
  readonly end: () => void;
}

/** One sequenced-packet connection between the broker and a client. Owns its descriptor. */
export class Connection {
  readonly #descriptor: Descriptor;
  readonly #poller: Poller;
  #handlers: ConnectionHandlers;
  #closed = false;

  constructor(descriptor: Descriptor, handlers: ConnectionHandlers) {
    this.#descriptor = descriptor;
    this.#handlers = handlers;
    this.#poller = createPoller(descriptor, { countBytes: 0 }, () => this.receive());
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
    if (sent < 0) throw systemError({ errno: sent, syscall: "sendmsg", wanted: "talk to the simulated machine" });
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

  /** A connection that cannot be read (reset, malformed) has ended as much as one that was closed. */
  #read(): Message | undefined {
    try {
      return receiveMessage(this.#descriptor, MAX_MESSAGE_BYTES);
    } catch {
      return { bytes: new Uint8Array(0), descriptors: [] };
    }
  }
}
