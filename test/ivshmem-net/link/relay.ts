import { createConnection, createServer, type Server, type Socket } from "node:net";

/** A TCP relay between two sides, with the mishaps of a network at call. */
export class Relay {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  /** The sides of the connection that was made last: of who connected, and of who listens. */
  #near: Socket | undefined;
  #far: Socket | undefined;
  /** Which side's bytes are kept from the other. */
  muted: "near" | "far" | undefined;

  private constructor(host: string, targetPort: number) {
    this.#server = createServer((near) => {
      const far = createConnection({ host, port: targetPort, localAddress: host });
      [this.#near, this.#far] = [near, far];
      this.#join(near, far, "near");
      this.#join(far, near, "far");
    });
  }

  /** @param host where it listens, and where the target does. */
  static async open(host: string, targetPort: number): Promise<Relay> {
    const relay = new Relay(host, targetPort);
    await new Promise<void>((resolve) => relay.#server.listen({ host, port: 0 }, resolve));
    return relay;
  }

  get port(): number {
    const address = this.#server.address();
    if (address === null || typeof address === "string") throw new Error("The relay does not listen");
    return address.port;
  }

  /** Writes bytes to one side in the name of the other, between what that one writes. */
  inject(side: "near" | "far", bytes: Uint8Array): void {
    (side === "near" ? this.#far : this.#near)?.write(bytes);
  }

  /** Breaks all connections. */
  cut(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  close(): void {
    this.#server.close();
    this.cut();
  }

  #join(from: Socket, to: Socket, side: "near" | "far"): void {
    this.#sockets.add(from);
    from.setNoDelay(true);
    from.on("data", (chunk) => {
      if (this.muted !== side) to.write(chunk);
    });
    from.on("error", () => {});
    from.on("end", () => to.end());
    from.on("close", () => {
      this.#sockets.delete(from);
      to.destroy();
    });
  }
}

/** A TCP port of a host that is free at this moment, and as a rule for UDP too. */
export async function freePort(host: string): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve, reject) => {
    server.on("error", reject);
    server.listen({ host, port: 0 }, resolve);
  });
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === "string") throw new Error("There is no free port");
  return address.port;
}
