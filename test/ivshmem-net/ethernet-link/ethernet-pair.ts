import { EtherType, randomAddress } from "../../../src/ivshmem-net/ethernet/frame.js";
import type { FramePort } from "../../../src/ivshmem-net/ethernet/frame-port.js";
import { openPacketSocket } from "../../../src/ivshmem-net/ethernet/packet-socket.js";
import type { EthernetCarrier } from "../../../src/ivshmem-net/ethernet-link/carrier.js";
import type { EthernetLink } from "../../../src/ivshmem-net/ethernet-link/link.js";
import { openOnPort } from "../../../src/ivshmem-net/ethernet-link/open.js";
import type { LinkPair } from "../../channel/link-pair.js";
import { turns } from "../../channel/until.js";
import { TestCable } from "../ethernet/cable.js";
import { NetPair } from "../net-pair.js";
import { type Fate, TroubledPort } from "./troubled-port.js";

/** Where two ports are that are each other's ends. */
export interface Way {
  /** Opens the port of an end. That of the right end (1) may be opened again, in place of the one before. */
  open(end: 0 | 1): FramePort;
  /** The link on a port is closed. */
  release(port: FramePort): void;
  close(): void;
}

/** Packet sockets on a pair of interfaces in two namespaces. */
export function cableWay(): Way {
  const cable = new TestCable();
  return {
    open: (end) =>
      cable.within(end, () => openPacketSocket(cable.names[end], { etherType: EtherType.LOCAL_EXPERIMENTAL_1 })),
    release: (port) => port.close(),
    close: () => cable.close(),
  };
}

/** Endpoints of ivshmem-net over memory of this process. */
export function endpointWay(): Way {
  const pair = new NetPair({}, { mtu: 1500 });
  let isRightOpen = false;
  return {
    open: (end) => {
      if (end === 1 && isRightOpen) pair.restart();
      if (end === 1) isRightOpen = true;
      return pair.nets[end];
    },
    // An endpoint is its opener's; what was sent by a link that is closed must still get to the peer.
    release: () => undefined,
    close: () => pair.close(),
  };
}

export interface EthernetPairOptions {
  readonly windowBytes?: number;
  readonly heartbeatMs?: number;
  readonly stallMs?: number;
}

/** Small, so that it fills up; and with a peer that is soon missed. */
export const small: EthernetPairOptions = { windowBytes: 4096, heartbeatMs: 20, stallMs: 200 };

/** Two links at the ends of one way, the right one of which may be in trouble. */
export class EthernetPair implements LinkPair {
  readonly left: EthernetLink;
  readonly #way: Way;
  readonly #options: EthernetPairOptions;
  readonly #fate: Fate | undefined;
  #rightPort: TroubledPort | undefined;
  #rightCarrier: EthernetCarrier | undefined;
  #right: EthernetLink;

  constructor(way: Way, options: EthernetPairOptions = {}, fate?: Fate) {
    this.#way = way;
    this.#options = options;
    this.#fate = fate;
    this.left = this.#open(new TroubledPort(way.open(0), fate), options);
    this.#right = this.#openRight();
  }

  get right(): EthernetLink {
    return this.#right;
  }

  async restartRight(): Promise<void> {
    await turns(100);
    this.#right.abandon();
    this.#right = this.#openRight();
  }

  suspendRight(): void {
    (this.#rightPort as TroubledPort).muted = true;
  }

  resumeRight(): void {
    (this.#rightPort as TroubledPort).muted = false;
  }

  /** Sends a control frame of a type that does not exist. */
  breakRight(): void {
    this.#rightCarrier?.sendControl(Uint8Array.of(0x1f, 0, 0, 0, 0, 0, 0, 0));
  }

  close(): void {
    this.left.abandon();
    this.#right.abandon();
    this.#way.close();
  }

  #openRight(): EthernetLink {
    this.#rightPort = new TroubledPort(this.#way.open(1), this.#fate);
    // The right side lives on when nothing is heard of it.
    const stall = this.#options.stallMs === undefined ? {} : { stallMs: 60_000 };
    return this.#open(this.#rightPort, { ...this.#options, ...stall }, (carrier) => {
      this.#rightCarrier = carrier;
    });
  }

  #open(port: FramePort, options: EthernetPairOptions, made?: (carrier: EthernetCarrier) => void): EthernetLink {
    const { heartbeatMs = 200 } = this.#options;
    const station = {
      ...{ etherType: EtherType.LOCAL_EXPERIMENTAL_1, address: randomAddress(), peerAddress: undefined },
      ...{ windowRecords: 16, keepAliveMs: heartbeatMs, timeoutMs: 5000 },
    };
    return openOnPort(port, station, options, () => this.#way.release(port), made);
  }
}
