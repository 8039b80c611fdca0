import type { Socket } from "node:net";
import { LinkBreach, LinkFault } from "../../carried/fault.js";
import { encodeFrame, FrameSplitter, type FrameType } from "./frame.js";
import { decodeGreeting, encodeGreeting, GREETING_BYTES, type Greeting } from "./greeting.js";
import { bareAddress } from "./local-end.js";

/** Bytes that wait for the kernel's send buffer, beyond which nothing more is written. */
const MAX_WAITING_BYTES = 262_144;

/** How long a connection that was ended may take to send the rest, in milliseconds. */
const END_MS = 1000;

export interface ConnectionHooks {
  /** The peer has greeted. Unless the connection is held, frames follow. */
  greeted(connection: NetConnection, greeting: Greeting): void;
  frame(type: FrameType, body: Uint8Array): void;
  /** There may be room again. */
  room(): void;
  /** The peer broke the framing; the connection is to be cut. */
  broke(connection: NetConnection, breach: LinkBreach): void;
  /** It is over, by whichever side. Once. */
  ended(connection: NetConnection, error: Error | undefined): void;
}

interface Waiter {
  resolve(): void;
  reject(error: Error): void;
}

/** One TCP connection to a peer: greetings, then frames. */
export class NetConnection {
  /** Address of the peer, without a zone. */
  readonly peerAddress: string;
  readonly greeting: Greeting;
  readonly #socket: Socket;
  readonly #hooks: ConnectionHooks;
  readonly #splitter = new FrameSplitter();
  readonly #waiters = new Set<Waiter>();
  #peerGreeting: Greeting | undefined;
  /** What came and was not looked at yet: of the greeting, or while the connection is held. */
  #unread: Uint8Array = new Uint8Array(0);
  #held = false;
  /** What comes is of no interest any more. */
  #deaf = false;
  #error: Error | undefined;
  #ended = false;
  #heardMs = performance.now();

  /** @param socket that is connected. */
  constructor(socket: Socket, greeting: Greeting, hooks: ConnectionHooks) {
    this.#socket = socket;
    this.greeting = greeting;
    this.#hooks = hooks;
    this.peerAddress = bareAddress(socket.remoteAddress ?? "");
    socket.setNoDelay(true);
    socket.on("data", (chunk: Uint8Array) => this.#onData(chunk));
    socket.on("drain", () => this.#onDrain());
    socket.on("error", (error) => {
      this.#error = error;
    });
    // The peer's end comes after all that it sent; there is nothing to say to it any more.
    socket.on("end", () => this.destroy());
    socket.on("close", () => this.#onClose());
    socket.write(encodeGreeting(greeting));
  }

  get peerGreeting(): Greeting | undefined {
    return this.#peerGreeting;
  }

  get ended(): boolean {
    return this.#ended;
  }

  /** For how long nothing has come. */
  silentMs(nowMs: number): number {
    return nowMs - this.#heardMs;
  }

  /** Does not count a time in which this process was stopped as silence. */
  excuse(pauseMs: number, nowMs: number): void {
    this.#heardMs = Math.min(nowMs, this.#heardMs + pauseMs);
  }

  /** Looks at nothing more until {@link release}. */
  hold(): void {
    this.#held = true;
    this.#socket.pause();
  }

  release(): void {
    this.#held = false;
    const unread = this.#unread;
    this.#unread = new Uint8Array(0);
    this.#socket.resume();
    this.#split(unread);
  }

  /** Writes a frame if there is room. */
  trySend(type: FrameType, body: Uint8Array): boolean {
    if (this.#ended || this.#socket.writableLength >= MAX_WAITING_BYTES) return false;
    this.#socket.write(encodeFrame(type, body));
    return true;
  }

  /** Writes a frame; resolves once there is room for more, rejects if the connection ends first or the signal aborts. */
  send(type: FrameType, body: Uint8Array, signal: AbortSignal): Promise<void> {
    if (this.#ended) return Promise.reject(this.#closedError());
    if (this.#socket.write(encodeFrame(type, body))) return Promise.resolve();
    return new Promise((resolve, reject) => {
      const giveUp = (): void => waiter.reject(signal.reason);
      const settle = (finish: () => void): void => {
        this.#waiters.delete(waiter);
        signal.removeEventListener("abort", giveUp);
        finish();
      };
      const waiter: Waiter = {
        resolve: () => settle(resolve),
        reject: (error) => settle(() => reject(error)),
      };
      this.#waiters.add(waiter);
      signal.addEventListener("abort", giveUp, { once: true });
    });
  }

  /** Sends what was written, and ends. */
  end(): void {
    this.#deaf = true;
    this.#socket.end();
    const timer = setTimeout(() => this.#socket.destroy(), END_MS);
    this.#socket.once("close", () => clearTimeout(timer));
  }

  /** Ends at once. */
  destroy(): void {
    this.#socket.destroy();
  }

  #onData(chunk: Uint8Array): void {
    if (this.#deaf) return;
    // A greeting that comes byte by byte is as good as none: its time runs from the connection on.
    if (this.#peerGreeting !== undefined) this.#heardMs = performance.now();
    if (this.#peerGreeting !== undefined && !this.#held) this.#split(chunk);
    else {
      this.#unread = Buffer.concat([this.#unread, chunk]);
      if (this.#peerGreeting === undefined) this.#greet();
    }
  }

  #greet(): void {
    if (this.#unread.length < GREETING_BYTES) return;
    const bytes = this.#unread.subarray(0, GREETING_BYTES);
    this.#unread = this.#unread.subarray(GREETING_BYTES);
    this.#guard(() => {
      this.#peerGreeting = decodeGreeting(bytes);
      this.#heardMs = performance.now();
      this.#hooks.greeted(this, this.#peerGreeting);
      if (this.#held || this.#ended || this.#unread.length === 0) return;
      const unread = this.#unread;
      this.#unread = new Uint8Array(0);
      this.#split(unread);
    });
  }

  #split(chunk: Uint8Array): void {
    this.#guard(() =>
      this.#splitter.push(chunk, (type, body) => {
        this.#hooks.frame(type, body);
        return !this.#socket.destroyed && !this.#deaf;
      }),
    );
  }

  #guard(action: () => void): void {
    try {
      action();
    } catch (error) {
      if (!(error instanceof LinkBreach)) throw error;
      this.#hooks.broke(this, error);
    }
  }

  #onDrain(): void {
    for (const waiter of [...this.#waiters]) waiter.resolve();
    this.#hooks.room();
  }

  #onClose(): void {
    this.#ended = true;
    for (const waiter of [...this.#waiters]) waiter.reject(this.#closedError());
    this.#hooks.ended(this, this.#error);
  }

  #closedError(): Error {
    return this.#error ?? new LinkBreach(LinkFault.version, "The connection is over");
  }
}
