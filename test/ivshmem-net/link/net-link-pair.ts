import { type NetLink, type NetLinkOptions, openNetLink } from "../../../src/ivshmem-net/index.js";
import { encodeFrame, FrameType } from "../../../src/ivshmem-net/link/frame.js";
import { hostOf } from "../../../src/ivshmem-net/link/local-end.js";
import type { LinkPair } from "../../channel/link-pair.js";
import { turns } from "../../channel/until.js";
import { freePort, Relay } from "./relay.js";

/** Where both ends of a pair are. */
export interface Place {
  readonly interfaceName: string;
  readonly address: string;
}

export const loopback4: Place = { interfaceName: "lo", address: "127.0.0.1" };
export const loopback6: Place = { interfaceName: "lo", address: "::1" };

/** Small, so that it fills up; and with a peer that is soon missed. */
export const small = { windowBytes: 4096, heartbeatMs: 20, stallMs: 200 };

/** Two links over one interface with a relay between them. The right one connects, or listens, and is the one in trouble. */
export class NetLinkPair implements LinkPair {
  readonly left: NetLink;
  readonly relay: Relay;
  readonly #openRight: () => NetLink;
  readonly #rightConnects: boolean;
  #right: NetLink;

  private constructor(open: Record<"listen" | "connect", () => NetLink>, rightConnects: boolean, relay: Relay) {
    this.relay = relay;
    this.#rightConnects = rightConnects;
    this.left = rightConnects ? open.listen() : open.connect();
    this.#openRight = rightConnects ? open.connect : open.listen;
    this.#right = this.#openRight();
  }

  static async open(
    { interfaceName, address }: Place,
    rightRole: "listen" | "connect",
    options: Partial<NetLinkOptions> = {},
  ): Promise<NetLinkPair> {
    const host = hostOf(address, interfaceName);
    const port = await freePort(host);
    const relay = await Relay.open(host, port);
    const common = { localAddress: address, peerAddress: address, ...options };
    // The right side lives on when nothing is heard of it.
    const right = { ...common, ...(options.stallMs === undefined ? {} : { stallMs: 60_000 }) };
    const rightConnects = rightRole === "connect";
    const open = {
      listen: () => openNetLink(interfaceName, { ...(rightConnects ? common : right), role: "listen", port }),
      connect: () =>
        openNetLink(interfaceName, { ...(rightConnects ? right : common), role: "connect", port: relay.port }),
    };
    return new NetLinkPair(open, rightConnects, relay);
  }

  get right(): NetLink {
    return this.#right;
  }

  /** Over TCP a record is out of its program's hands once the kernel has it. */
  async restartRight(): Promise<void> {
    await turns(100);
    this.#right.abandon();
    this.#right = this.#openRight();
  }

  suspendRight(): void {
    this.relay.muted = this.#rightConnects ? "near" : "far";
  }

  resumeRight(): void {
    this.relay.muted = undefined;
  }

  /** Sends a control frame of a type that does not exist, in the name of the right side. */
  breakRight(): void {
    const frame = encodeFrame(FrameType.control, Uint8Array.of(0x1f, 0, 0, 0, 0, 0, 0, 0));
    this.relay.inject(this.#rightConnects ? "near" : "far", frame);
  }

  close(): void {
    this.left.abandon();
    this.#right.abandon();
    this.relay.close();
  }
}
