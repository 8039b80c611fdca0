import type { Socket } from "node:net";
import type { LocalEnd } from "./local-end.js";

/** How a side comes to connections: it waits for them, or makes them. */
export interface Role {
  /** The own address can be used, and its datagrams are on their way. */
  open(end: LocalEnd): void;
  /** The own address can be used no more. */
  shut(): void;
  /** Does what time brings. @param connected whether there is a connection. */
  tick(nowMs: number, connected: boolean): void;
  /** Somebody on the link says that it listens. */
  here(address: string): void;
  /** Says what keeps the peer away. */
  explain(): string;
}

export interface RoleHooks {
  /** A connection was made, which has to prove itself. */
  connected(socket: Socket): void;
  /** The own address cannot be listened on, as `error` says. */
  failed(error: Error): void;
  /** Asks all nodes of the link who listens. */
  seek(): void;
  /** A connection was turned away before it could greet. */
  refused(): void;
}
