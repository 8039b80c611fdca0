import { createSocket, type RemoteInfo, type Socket } from "node:dgram";
import { encodeBroadcast } from "../../carried/broadcast.js";
import {
  DatagramType,
  DiscoveryType,
  decodeDatagram,
  encodeDatagram,
  encodeDiscovery,
  isDiscovery,
} from "./datagram.js";
import { bareAddress, type LocalEnd } from "./local-end.js";
import type { NetCounters } from "./statistics.js";

/** Datagrams that the socket has at a time; more wait, or are refused. */
const MAX_UNDER_WAY = 16;

/** Broadcasts that wait; of more the oldest goes, so that the newest arrives. */
const QUEUE_LENGTH = 64;

/** The two ends of the connection that datagrams belong to. */
export interface DatagramPeer {
  readonly address: string;
  readonly host: string;
  readonly port: number;
  /** What the peer's datagrams carry, and the own ones. */
  readonly stamp: number;
  readonly ownStamp: number;
}

export interface DatagramHooks {
  latest(pdu: Uint8Array): void;
  broadcast(pdu: Uint8Array): void;
  room(): void;
  /** Somebody on the link says that it listens. */
  here(address: string): void;
  /** The socket failed. */
  failed(error: Error): void;
}

/** The UDP side of a link over a network: latest values and broadcasts, and who listens on the link. */
export class NetDatagrams {
  readonly #socket: Socket;
  readonly #end: LocalEnd;
  /** TCP port of the side that listens. */
  readonly #port: number;
  readonly #counters: NetCounters;
  readonly #hooks: DatagramHooks;
  readonly #queue: Uint8Array[] = [];
  #seekSocket: Socket | undefined;
  #peer: DatagramPeer | undefined;
  /** Number of the peer's next datagram, and of the own next one. */
  #expected = 0;
  #counter = 0;
  #sequence = 0;
  #underWay = 0;
  #closed = false;

  constructor(end: LocalEnd, port: number, counters: NetCounters, hooks: DatagramHooks) {
    this.#end = end;
    this.#port = port;
    this.#counters = counters;
    this.#hooks = hooks;
    this.#socket = this.#create((bytes, from) => this.#onDatagram(bytes, from));
  }

  /** Port that it is bound to. */
  get port(): number {
    return this.#socket.address().port;
  }

  /** @param listens whether it answers who seeks a side that listens. */
  bind(listens: boolean, bound: () => void): void {
    this.#socket.bind({ address: this.#end.host, port: listens ? this.#port : 0, exclusive: true }, () => {
      if (this.#closed) return;
      if (listens && this.#end.allNodes !== undefined) this.#answerSeekers(this.#end.allNodes);
      bound();
    });
  }

  /** Datagrams go to the peer of a new connection, and come from it. */
  begin(peer: DatagramPeer): void {
    this.#peer = peer;
    this.#expected = 0;
    this.#counter = 0;
  }

  /** The connection is over. */
  end(): void {
    this.#peer = undefined;
    this.#counters.unsentDatagrams += this.#queue.length;
    this.#queue.length = 0;
  }

  /** Sends a latest value; false if the socket is busy. */
  sendLatest(pdu: Uint8Array): boolean {
    if (this.#peer === undefined || this.#underWay >= MAX_UNDER_WAY) return false;
    this.#send(this.#peer, DatagramType.latest, pdu);
    return true;
  }

  broadcast(channel: number, message: number, payload: Uint8Array): void {
    const pdu = encodeBroadcast(this.#sequence, channel, message, payload);
    this.#sequence = (this.#sequence + 1) & 0xffff;
    if (this.#peer === undefined) this.#counters.unsentDatagrams += 1;
    else if (this.#queue.push(pdu) > QUEUE_LENGTH) {
      this.#queue.shift();
      this.#counters.unsentDatagrams += 1;
    }
    this.#pump();
  }

  /** Asks all nodes of the link who listens. */
  seek(): void {
    const { allNodes } = this.#end;
    if (allNodes === undefined || this.#closed) return;
    // One that does not leave is followed by another.
    this.#socket.send(encodeDiscovery(DiscoveryType.seek, this.#port), this.#port, allNodes, () => {});
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.end();
    this.#socket.close();
    this.#seekSocket?.close();
  }

  #create(listener: (bytes: Uint8Array, from: RemoteInfo) => void): Socket {
    const socket = createSocket({ type: this.#end.family === 6 ? "udp6" : "udp4" });
    socket.on("message", (bytes, from) => {
      if (!this.#closed) listener(bytes, from);
    });
    socket.on("error", (error) => {
      if (!this.#closed) this.#hooks.failed(error);
    });
    return socket;
  }

  /** Multicast does not come to a socket that is bound to the own address. */
  #answerSeekers(allNodes: string): void {
    const answer = encodeDiscovery(DiscoveryType.here, this.#port);
    this.#seekSocket = this.#create((bytes, from) => {
      if (!isDiscovery(bytes, DiscoveryType.seek, this.#port)) this.#counters.refusedDatagrams += 1;
      else this.#socket.send(answer, from.port, from.address, () => {});
    });
    this.#seekSocket.bind({ address: allNodes, port: this.#port, exclusive: true });
  }

  #onDatagram(bytes: Uint8Array, from: RemoteInfo): void {
    const address = bareAddress(from.address);
    const peer = this.#peer;
    if (isDiscovery(bytes, DiscoveryType.here, this.#port) && from.port === this.#port) {
      this.#hooks.here(address);
      return;
    }
    const datagram = decodeDatagram(bytes);
    const known = address === peer?.address && from.port === peer.port && datagram?.stamp === peer.stamp;
    if (datagram === undefined || !known) {
      this.#counters.refusedDatagrams += 1;
      return;
    }
    const ahead = (datagram.counter - this.#expected) | 0;
    if (ahead < 0) {
      this.#counters.lateDatagrams += 1;
      return;
    }
    this.#counters.receivedDatagrams += 1;
    this.#counters.lostDatagrams += ahead;
    this.#expected = (datagram.counter + 1) >>> 0;
    if (datagram.type === DatagramType.latest) this.#hooks.latest(datagram.pdu);
    else this.#hooks.broadcast(datagram.pdu);
  }

  #pump(): void {
    while (this.#peer !== undefined && this.#underWay < MAX_UNDER_WAY) {
      const pdu = this.#queue.shift();
      if (pdu === undefined) return;
      this.#send(this.#peer, DatagramType.broadcast, pdu);
    }
  }

  #send({ host, port, ownStamp }: DatagramPeer, type: DatagramType, pdu: Uint8Array): void {
    const bytes = encodeDatagram({ stamp: ownStamp, counter: this.#counter, type, pdu });
    this.#counter = (this.#counter + 1) >>> 0;
    this.#underWay += 1;
    this.#socket.send(bytes, port, host, (error) => {
      this.#underWay -= 1;
      if (error === null) this.#counters.sentDatagrams += 1;
      else this.#counters.unsentDatagrams += 1;
      if (this.#closed) return;
      this.#pump();
      this.#hooks.room();
    });
  }
}
