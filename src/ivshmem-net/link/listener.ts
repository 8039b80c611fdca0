import { createServer, type Server, type Socket } from "node:net";
import { bareAddress, isNeighbour, type LocalEnd } from "./local-end.js";
import type { CheckedNetOptions } from "./options.js";
import type { Role, RoleHooks } from "./role.js";

/** Connections that the kernel keeps until they are looked at. */
const BACKLOG = 8;

/** The side that waits for the peer's connection. */
export class NetListener implements Role {
  readonly #options: CheckedNetOptions;
  readonly #hooks: RoleHooks;
  #server: Server | undefined;

  constructor(options: CheckedNetOptions, hooks: RoleHooks) {
    this.#options = options;
    this.#hooks = hooks;
  }

  open(end: LocalEnd): void {
    const server = createServer({ noDelay: true }, (socket) => this.#onConnection(end, socket));
    this.#server = server;
    server.on("error", (error) => {
      if (this.#server === server) this.#hooks.failed(error);
    });
    server.listen({ host: end.host, port: this.#options.port, backlog: BACKLOG, exclusive: true });
  }

  shut(): void {
    const server = this.#server;
    this.#server = undefined;
    server?.close();
  }

  tick(): void {}

  here(): void {}

  explain(): string {
    const { interfaceName, port } = this.#options;
    return `nobody has connected to ${interfaceName} on port ${port}; is the other side open, with role "connect" and this port?`;
  }

  #onConnection(end: LocalEnd, socket: Socket): void {
    const address = bareAddress(socket.remoteAddress ?? "");
    const { peerAddress } = this.#options;
    if (peerAddress === undefined ? isNeighbour(end, address) : address === peerAddress) this.#hooks.connected(socket);
    else {
      socket.destroy();
      this.#hooks.refused();
    }
  }
}
