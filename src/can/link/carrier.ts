import type { Carrier, CarrierUser } from "../../carried/carrier.js";
import type { IsoTpEndpoint } from "../isotp/endpoint.js";

/** What the carrier of a link needs of its node. */
export interface CanCarrierHost {
  readonly busName: string;
  /** The connection that carries data to a node and back. */
  openData(peer: number): IsoTpEndpoint;
  /** The connection on which a node's broadcasts come. */
  openBroadcasts(peer: number): IsoTpEndpoint;
  /** Sends a frame to a node; false if there is no room, or the bus is down. */
  sendControl(peer: number, frame: Uint8Array): boolean;
  /** The same for the last frame of a link, which waits for room by itself. */
  sendLast(peer: number, frame: Uint8Array): void;
  broadcast(channel: number, message: number, payload: Uint8Array): void;
  /** Says that another node has the address of this one; undefined if none was heard. */
  describeConflict(): string | undefined;
}

/** Carries a link over a CAN bus: control in single frames, PDUs by ISO-TP. */
export class CanCarrier implements Carrier {
  readonly name: string;
  /** No more than a FirstFrame with a length of 12 bits announces. */
  readonly maxStreamPduBytes = 4095;
  /** So that a value goes into one PDU with the kernel's ISO-TP too (8300 bytes since Linux 6.2). */
  readonly maxTopicBytes = 8192;
  readonly #host: CanCarrierHost;
  readonly #peer: number;
  readonly #data: IsoTpEndpoint;
  readonly #broadcasts: IsoTpEndpoint;
  #user: CarrierUser | undefined;

  constructor(host: CanCarrierHost, peer: number) {
    this.#host = host;
    this.#peer = peer;
    this.name = `node ${peer} on ${host.busName}`;
    this.#data = host.openData(peer);
    this.#broadcasts = host.openBroadcasts(peer);
  }

  /** ISO-TP waits for a bus that is down by itself. */
  get up(): boolean {
    return !this.#data.closed;
  }

  listen(user: CarrierUser): void {
    this.#user = user;
    this.#data.listen((pdu) => user.data(pdu));
    this.#broadcasts.listen((pdu) => user.broadcast(pdu));
  }

  /** A control frame of the peer came. */
  receiveControl(frame: Uint8Array): void {
    this.#user?.control(frame);
  }

  /** The bus may have room again. */
  roomOnBus(): void {
    this.#user?.room();
  }

  sendControl(frame: Uint8Array): boolean {
    return this.#host.sendControl(this.#peer, frame);
  }

  sendLast(frame: Uint8Array): void {
    this.#host.sendLast(this.#peer, frame);
  }

  send(pdu: Uint8Array, signal: AbortSignal): Promise<void> {
    return this.#data.send(pdu, { signal });
  }

  broadcast(channel: number, message: number, payload: Uint8Array): void {
    this.#host.broadcast(channel, message, payload);
  }

  explain(heard: boolean): string {
    const conflict = this.#host.describeConflict();
    if (conflict !== undefined) return conflict;
    if (heard) return "it is there and does not answer the handshake; does it have a link to this node?";
    return "nothing was heard of it; is it on this bus, with this base and a link to this node?";
  }

  close(): void {
    this.#user = undefined;
    this.#data.close();
    this.#broadcasts.close();
  }
}
