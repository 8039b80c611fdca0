import { randomInt } from "node:crypto";
import type { Socket } from "node:net";
import { MAX_BROADCAST_HEADER } from "../../carried/broadcast.js";
import type { Carrier, CarrierUser } from "../../carried/carrier.js";
import { MAX_LATEST_HEADER_BYTES } from "../../carried/data-pdu.js";
import type { LinkBreach } from "../../carried/fault.js";
import { ErrorCode, IntercellError } from "../../errors.js";
import { NetConnection } from "./connection.js";
import { NetConnector } from "./connector.js";
import { DATAGRAM_HEADER_BYTES } from "./datagram.js";
import { NetDatagrams } from "./datagrams.js";
import { FrameType, MAX_TCP_PDU_BYTES } from "./frame.js";
import type { Greeting } from "./greeting.js";
import { NetListener } from "./listener.js";
import { findLocalEnd, hostOf, isSameEnd, type LocalEnd } from "./local-end.js";
import type { CheckedNetOptions } from "./options.js";
import type { Role, RoleHooks } from "./role.js";
import { createNetCounters, type NetCounters } from "./statistics.js";

/** How often connections and the own address are looked at, in milliseconds. */
const TICK_MS = 50;

/** Time between two ticks from which on this process is taken to have been stopped in between. */
const PAUSE_MS = 2 * TICK_MS;
const LOOK_MS = 250;

/** How long the peer's old connection may go on to bring what it sent before a new one takes its place, in milliseconds. */
const HOLD_MS = 250;

/** Connections that have not greeted; more are refused. */
const MAX_PENDING = 4;

/** Carries a link over the network of one interface: control and the stream by TCP, latest values and broadcasts by UDP. */
export class NetCarrier implements Carrier {
  readonly name: string;
  readonly maxStreamPduBytes = MAX_TCP_PDU_BYTES;
  readonly maxTopicBytes: number;
  readonly counters: NetCounters = createNetCounters();
  readonly #options: CheckedNetOptions;
  readonly #role: Role;
  readonly #pending = new Set<NetConnection>();
  #user: CarrierUser | undefined;
  #timer: NodeJS.Timeout | undefined;
  #holdTimer: NodeJS.Timeout | undefined;
  #lookMs = 0;
  #tickMs = performance.now();
  #end: LocalEnd | undefined;
  #datagrams: NetDatagrams | undefined;
  #current: NetConnection | undefined;
  /** Takes the place of the current one. */
  #next: NetConnection | undefined;
  #problem: string | undefined;
  #closed = false;

  constructor(options: CheckedNetOptions) {
    this.#options = options;
    this.name = `${options.role === "listen" ? "the peer" : (options.peerAddress ?? "the peer")} on ${options.interfaceName}`;
    this.maxTopicBytes = options.maxDatagramBytes - DATAGRAM_HEADER_BYTES - MAX_LATEST_HEADER_BYTES;
    const hooks: RoleHooks = {
      connected: (socket) => this.#onConnected(socket),
      failed: (error) => this.#onEndFailed(error),
      seek: () => this.#datagrams?.seek(),
      refused: () => {
        this.counters.refusedConnections += 1;
      },
    };
    this.#role = options.role === "listen" ? new NetListener(options, hooks) : new NetConnector(options, hooks);
  }

  get up(): boolean {
    return this.#current !== undefined;
  }

  listen(user: CarrierUser): void {
    this.#user = user;
    const tickLater = (delayMs: number): void => {
      this.#timer = setTimeout(() => {
        this.#tick(performance.now());
        if (!this.#closed) tickLater(TICK_MS);
      }, delayMs);
    };
    tickLater(0);
  }

  sendControl(frame: Uint8Array): boolean {
    return this.#current?.trySend(FrameType.control, frame) ?? false;
  }

  sendLast(frame: Uint8Array): void {
    this.#current?.trySend(FrameType.control, frame);
  }

  send(pdu: Uint8Array, signal: AbortSignal): Promise<void> {
    if (this.#current === undefined) return Promise.reject(new Error("There is no connection"));
    return this.#current.send(FrameType.data, pdu, signal);
  }

  sendLatest(pdu: Uint8Array): boolean {
    return this.#datagrams?.sendLatest(pdu) ?? false;
  }

  broadcast(channel: number, message: number, payload: Uint8Array): void {
    const most = this.#options.maxDatagramBytes - DATAGRAM_HEADER_BYTES - MAX_BROADCAST_HEADER;
    if (payload.length > most) {
      const found = `A broadcast to ${this.name} has ${most} bytes at most, not ${payload.length}`;
      throw new IntercellError(ErrorCode.TOO_LARGE, `${found}; raise the MTU, or maxDatagramBytes`);
    }
    if (this.#datagrams === undefined) this.counters.unsentDatagrams += 1;
    else this.#datagrams.broadcast(channel, message, payload);
  }

  explain(heard: boolean): string {
    const { interfaceName, localAddress } = this.#options;
    if (this.#problem !== undefined) return this.#problem;
    if (this.#end === undefined) {
      const wanted = localAddress === undefined ? "an IPv6 link-local address" : `the address ${localAddress}`;
      return `${interfaceName} does not have ${wanted} that can be used; is it up, and so is its peer?`;
    }
    if (this.up && !heard) return "it has connected and says no hello";
    return this.up ? "it has connected and does not answer the handshake" : this.#role.explain();
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#user = undefined;
    clearTimeout(this.#timer);
    this.#current?.end();
    this.#shut();
  }

  /** @internal Ends without a word, as a process does that is killed. */
  destroy(): void {
    this.#current?.destroy();
    this.close();
  }

  #tick(nowMs: number): void {
    if (this.#current === undefined && nowMs - this.#lookMs >= LOOK_MS) {
      this.#lookMs = nowMs;
      this.#look();
    }
    this.#role.tick(nowMs, this.#current !== undefined || this.#pending.size > 0);
    const connections = [...this.#pending, ...(this.#current === undefined ? [] : [this.#current])];
    const pauseMs = nowMs - this.#tickMs - PAUSE_MS;
    this.#tickMs = nowMs;
    if (pauseMs > 0) for (const connection of connections) connection.excuse(pauseMs, nowMs);
    const { stallMs } = this.#options;
    const silent = connections.filter((connection) => connection.silentMs(nowMs) >= stallMs);
    // After a pause of this process, what came meanwhile is read before this.
    if (silent.length > 0) setImmediate(() => this.#cutSilent(silent));
  }

  #cutSilent(connections: readonly NetConnection[]): void {
    for (const connection of connections) {
      if (connection.ended || connection.silentMs(performance.now()) < this.#options.stallMs) continue;
      this.counters.silentConnections += 1;
      connection.destroy();
    }
  }

  /** Follows the own address as it comes and goes. */
  #look(): void {
    const end = findLocalEnd(this.#options.interfaceName, this.#options.localAddress);
    if (isSameEnd(end, this.#end)) return;
    this.#shut();
    if (end !== undefined) this.#open(end);
  }

  #open(end: LocalEnd): void {
    this.#end = end;
    const { port, role } = this.#options;
    const datagrams = new NetDatagrams(end, port, this.counters, {
      latest: (pdu) => this.#user?.data(pdu),
      broadcast: (pdu) => this.#user?.broadcast(pdu),
      room: () => this.#user?.room(),
      here: (address) => this.#role.here(address),
      failed: (error) => this.#onEndFailed(error),
    });
    this.#datagrams = datagrams;
    datagrams.bind(role === "listen", () => this.#role.open(end));
  }

  #shut(): void {
    this.#end = undefined;
    this.#role.shut();
    this.#datagrams?.close();
    this.#datagrams = undefined;
    clearTimeout(this.#holdTimer);
    this.#next = undefined;
    for (const connection of [...this.#pending]) connection.destroy();
  }

  /** The own address cannot be bound to: it is tried again after a while. */
  #onEndFailed(error: Error): void {
    const { interfaceName, port } = this.#options;
    this.#complain(`Cannot use port ${port} of ${interfaceName}: ${error.message}`, error);
    this.#current?.destroy();
    this.#shut();
  }

  #onConnected(socket: Socket): void {
    const datagrams = this.#datagrams;
    if (datagrams === undefined || this.#pending.size >= MAX_PENDING) {
      socket.destroy();
      this.counters.refusedConnections += 1;
      return;
    }
    const greeting = { udpPort: datagrams.port, stamp: randomInt(2 ** 32) };
    const connection = new NetConnection(socket, greeting, {
      greeted: (greeted, peer) => this.#onGreeted(greeted, peer),
      frame: (type, body) => (type === FrameType.control ? this.#user?.control(body) : this.#user?.data(body)),
      room: () => this.#user?.room(),
      broke: (broken, breach) => this.#onBroke(broken, breach),
      ended: (ended) => this.#onEnded(ended),
    });
    this.#pending.add(connection);
  }

  #onGreeted(connection: NetConnection, greeting: Greeting): void {
    const current = this.#current;
    if (current === undefined) {
      this.#adopt(connection, greeting);
      return;
    }
    const lives = current.silentMs(performance.now()) < this.#options.stallMs;
    if (lives && current.peerAddress !== connection.peerAddress) {
      this.counters.refusedConnections += 1;
      connection.destroy();
      return;
    }
    // The peer has begun anew. What its old connection still brings is read first.
    connection.hold();
    this.#next?.destroy();
    this.#next = connection;
    clearTimeout(this.#holdTimer);
    this.#holdTimer = setTimeout(() => current.destroy(), HOLD_MS);
  }

  #adopt(connection: NetConnection, { udpPort, stamp }: Greeting): void {
    this.#pending.delete(connection);
    this.#current = connection;
    this.#problem = undefined;
    this.counters.connections += 1;
    const { peerAddress } = connection;
    const host = hostOf(peerAddress, this.#options.interfaceName);
    const ownStamp = connection.greeting.stamp;
    this.#datagrams?.begin({ address: peerAddress, host, port: udpPort, stamp, ownStamp });
    this.#user?.restored();
  }

  #onBroke(connection: NetConnection, breach: LinkBreach): void {
    this.counters.refusedConnections += 1;
    if (connection === this.#current) this.#user?.fault(breach);
    else this.#complain(`${connection.peerAddress} is not the peer that was wanted. ${breach.message}`, breach);
    connection.end();
  }

  #onEnded(connection: NetConnection): void {
    this.#pending.delete(connection);
    if (this.#next === connection) this.#next = undefined;
    if (this.#current !== connection) return;
    this.#current = undefined;
    this.#datagrams?.end();
    clearTimeout(this.#holdTimer);
    const next = this.#next;
    this.#next = undefined;
    if (next?.peerGreeting === undefined || this.#closed) return;
    this.#adopt(next, next.peerGreeting);
    next.release();
  }

  /** Tells of a problem once, until the peer is there. */
  #complain(message: string, cause: Error): void {
    if (this.#problem === message) return;
    this.#problem = message;
    const code = "code" in cause && typeof cause.code === "string" ? cause.code : ErrorCode.PROTOCOL;
    this.#user?.problem(new IntercellError(code, message, { cause }));
  }
}
