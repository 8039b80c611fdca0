import { createConnection, type Socket } from "node:net";
import { hostOf, isNeighbour, type LocalEnd } from "./local-end.js";
import type { CheckedNetOptions } from "./options.js";
import type { Role, RoleHooks } from "./role.js";

/** Pauses between attempts grow from the first to the second, in milliseconds. */
const RETRY_MS = { least: 50, most: 1000 } as const;

/** How long an attempt may take. */
const ATTEMPT_MS = 2000;

/** The side that connects to the peer, again and again. */
export class NetConnector implements Role {
  readonly #options: CheckedNetOptions;
  readonly #hooks: RoleHooks;
  #end: LocalEnd | undefined;
  /** The peer, once it is known. */
  #address: string | undefined;
  #attempt: Socket | undefined;
  #attemptMs = 0;
  #retryMs = 0;
  #pauseMs: number = RETRY_MS.least;
  #failure: string | undefined;

  constructor(options: CheckedNetOptions, hooks: RoleHooks) {
    this.#options = options;
    this.#hooks = hooks;
    this.#address = options.peerAddress;
  }

  open(end: LocalEnd): void {
    this.#end = end;
    this.#retryMs = 0;
  }

  shut(): void {
    this.#end = undefined;
    this.#attempt?.destroy();
    this.#attempt = undefined;
  }

  tick(nowMs: number, connected: boolean): void {
    if (connected) {
      // One that breaks at once does not count as a success.
      if (nowMs - this.#retryMs >= RETRY_MS.most) this.#pauseMs = RETRY_MS.least;
      return;
    }
    if (this.#attempt !== undefined) {
      if (nowMs - this.#attemptMs >= ATTEMPT_MS) this.#attempt.destroy(new Error("nobody answered"));
      return;
    }
    if (this.#end === undefined || nowMs < this.#retryMs) return;
    this.#retryMs = nowMs + this.#pauseMs;
    this.#pauseMs = Math.min(RETRY_MS.most, this.#pauseMs * 2);
    if (this.#address === undefined) this.#hooks.seek();
    else this.#connect(this.#end, this.#address, nowMs);
  }

  here(address: string): void {
    const end = this.#end;
    if (end === undefined || this.#address !== undefined || !isNeighbour(end, address)) return;
    this.#address = address;
    this.#retryMs = 0;
    this.#pauseMs = RETRY_MS.least;
    this.#connect(end, address, performance.now());
  }

  explain(): string {
    const { interfaceName, port } = this.#options;
    if (this.#failure !== undefined) return this.#failure;
    if (this.#address !== undefined) return `${this.#address} on ${interfaceName} has not answered on port ${port}`;
    return `nobody on ${interfaceName} says that it listens on port ${port}; is the other side open, with role "listen" and this port?`;
  }

  #connect(end: LocalEnd, address: string, nowMs: number): void {
    const { interfaceName, port } = this.#options;
    const host = hostOf(address, interfaceName);
    const socket = createConnection({ host, port, localAddress: end.host, noDelay: true });
    this.#attempt = socket;
    this.#attemptMs = nowMs;
    const done = (): boolean => {
      const current = this.#attempt === socket;
      if (current) this.#attempt = undefined;
      return current;
    };
    const onError = (error: Error): void => {
      this.#failure = `cannot connect to ${address} on ${interfaceName}, port ${port}: ${error.message}`;
      // Whoever answered before may have another address by now.
      this.#address = this.#options.peerAddress;
    };
    socket.on("error", onError);
    socket.on("close", done);
    socket.on("connect", () => {
      if (!done()) return;
      socket.off("error", onError).off("close", done);
      this.#failure = undefined;
      this.#hooks.connected(socket);
    });
  }
}
