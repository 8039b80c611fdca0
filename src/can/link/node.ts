import { randomInt } from "node:crypto";
import type { LinkHost } from "../../carried/link-host.js";
import { TICK_NS } from "../../carried/link-host.js";
import {
  CARRIED_OPTION_KEYS,
  type CarriedLinkOptions,
  type CheckedCarriedOptions,
  checkCarriedOptions,
} from "../../carried/options.js";
import { ChannelNumbers } from "../../channel/channel-numbers.js";
import { createEmitter } from "../../channel/emitter.js";
import type { TypedEmitter } from "../../emitter.js";
import { ErrorCode, IntercellError, requireKnownKeys, requireMembers } from "../../errors.js";
import type { CanBus, CanSubscription, ReceivedFrame } from "../bus.js";
import { type CanClock, type ClockTimer, systemClock } from "../clock.js";
import type { CanFilter } from "../filter.js";
import { dataFrame } from "../frame.js";
import type { CanId } from "../id.js";
import { type IsoTpAddress, normalAddress } from "../isotp/address.js";
import { openIsoTp } from "../isotp/bus-endpoint.js";
import type { IsoTpEndpoint } from "../isotp/endpoint.js";
import { openKernelIsoTp } from "../isotp/kernel-endpoint.js";
import type { IsoTpOptions } from "../isotp/options.js";
import { isSocketCan } from "../socket-can.js";
import { BroadcastSender } from "./broadcast.js";
import { CanCarrier, type CanCarrierHost } from "./carrier.js";
import { CanLink } from "./link.js";
import { DEFAULT_BASE, LinkFrame, NodeIds } from "./node-ids.js";

export interface CanNodeOptions extends CarriedLinkOptions {
  /** Address of this node, that no other on the bus has: 0 to 254, or 0 to 6 with a standard base. */
  readonly node: number;
  /**
   * Where the ids of all links begin: an extended id whose low 18 bits are zero, or a standard one whose low 8 bits are. The
   * same on all nodes.
   * @defaultValue extendedId(0x1abc0000)
   */
  readonly base?: CanId;
  /** How PDUs are split into frames: width, padding, gaps and timers. @defaultValue those of `openIsoTp` */
  readonly isoTp?: Omit<
    IsoTpOptions,
    "address" | "maxPduBytes" | "queuePdus" | "sendQueuePdus" | "flowControl" | "clock"
  >;
  /**
   * Who splits the data of links into frames: this package (`openIsoTp`), or the kernel (`openKernelIsoTp`), for a bus that is an
   * interface of it. The peer need not do the same. Then `isoTp` has the options that both know, and a link ends with its
   * interface.
   * @defaultValue `"package"`: it works on any bus, holds up a peer whose messages nobody reads, and tells each failed transfer
   */
  readonly segmentation?: "package" | "kernel";
  /** @defaultValue the clock of the machine */
  readonly clock?: CanClock;
}

const OPTION_KEYS = [...CARRIED_OPTION_KEYS, ...["node", "base", "isoTp", "segmentation", "clock"]];

/** Longest PDU of a link: a latest value with its header. */
const MAX_PDU_BYTES = 8300;

const DEFAULT_WINDOW_BYTES = 65_536;

/** What the links of a node have in common. */
type NodeHost = Omit<LinkHost, "removed" | "finished">;

interface NodeLink {
  readonly link: CanLink;
  readonly carrier: CanCarrier;
}

export type CanNodeEvents = {
  /**
   * Another node of the bus has the address of this one. Told once; frames of both get mixed up until one has been silent for
   * `stallMs`, after which the other begins its sessions anew.
   */
  conflict: (error: IntercellError) => void;
  /** The bus failed; the links are closed. */
  error: (error: IntercellError) => void;
  close: () => void;
};

/**
 * Starts a node of typed channels on a CAN bus. The bus may serve other purposes at the same time and stays open when the node
 * closes.
 *
 * @throws TypeError or RangeError for the options; IntercellError `ERR_CLOSED` if the bus is closed, `ERR_UNSUPPORTED` if the kernel is
 * to segment on a bus that it does not have.
 */
export function openCan(bus: CanBus, options: CanNodeOptions): CanNode {
  requireMembers("openCan", "a CAN bus", bus, ["trySend", "listen"]);
  return new CanNode(bus, options);
}

/** One node on a CAN bus, with a link to each other node that it talks to. */
export class CanNode {
  readonly bus: CanBus;
  readonly node: number;
  readonly events: TypedEmitter<CanNodeEvents>;
  readonly #ids: NodeIds;
  readonly #options: CanNodeOptions;
  readonly #clock: CanClock;
  readonly #host: NodeHost;
  readonly #links = new Map<number, NodeLink>();
  /** Links that are closed and have something left to send. */
  readonly #leaving = new Map<number, NodeLink>();
  readonly #subscriptions: readonly CanSubscription[];
  #broadcasts: BroadcastSender | undefined;
  #broadcastEndpoint: IsoTpEndpoint | undefined;
  #timer: ClockTimer | undefined;
  #epoch = randomInt(1, 2 ** 24);
  /** When another node with the own address was heard last; undefined if there is none. */
  #conflictNs: number | undefined;
  #closed = false;
  readonly #listeners = {
    room: () => this.#sendDue(),
    status: () => this.#sendDue(),
    error: (error: IntercellError) => this.#tearDown(error),
    close: () => this.#tearDown(undefined),
  };

  /** @internal Use {@link openCan}. */
  constructor(bus: CanBus, options: CanNodeOptions) {
    requireKnownKeys("openCan", options, OPTION_KEYS);
    const { base = DEFAULT_BASE } = options;
    this.#ids = new NodeIds(base);
    this.node = this.#ids.requireNode("The option node", options.node);
    this.bus = bus;
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.events = createEmitter<CanNodeEvents>(`node ${this.node} on ${bus.name}`, ["conflict", "error", "close"]);
    requireSegmentation(bus, options.segmentation);
    this.#host = this.#createHost(checkCarriedOptions(options, DEFAULT_WINDOW_BYTES));
    this.#subscriptions = [
      bus.listen((received) => this.#onControl(received), { filters: [this.#ids.controlFilter(this.node)] }),
      bus.listen(() => this.#onConflict(), { filters: [this.#conflictFilter] }),
    ];
    const { room, status, error, close } = this.#listeners;
    bus.events.on("room", room).on("status", status).on("error", error).on("close", close);
    this.#tickLater();
  }

  get closed(): boolean {
    return this.#closed;
  }

  /**
   * The link to another node, opened at the first call.
   *
   * @throws RangeError for an address that no other node has; IntercellError `ERR_CLOSED`.
   */
  link(peer: number): CanLink {
    if (this.#closed) throw new IntercellError(ErrorCode.CLOSED, `Node ${this.node} on ${this.bus.name} is closed`);
    const known = this.#links.get(peer);
    if (known !== undefined) return known.link;
    if (this.#ids.requireNode("The address of a peer", peer) === this.node) {
      throw new RangeError(`Node ${peer} is this one: a link leads to another node`);
    }
    this.#leaving.get(peer)?.link.finish();
    const opened = this.#openLink(peer);
    this.#links.set(peer, opened);
    return opened.link;
  }

  /** Hands on what has come on all links, synchronously; returns the number of records handled. */
  poll(): number {
    let handled = 0;
    for (const { link } of [...this.#links.values()]) handled += link.poll();
    return handled;
  }

  /**
   * Closes the links. What they had committed is still sent, for a second at most, as long as the bus stays open. Idempotent.
   */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    for (const { link } of [...this.#links.values()]) link.close();
    this.events.emit("close");
    this.#endIfDone();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  /** What nobody but this node sends. The data that the kernel sends for it is heard as that of any other socket. */
  get #conflictFilter(): CanFilter {
    return this.#ids.senderFilter(this.node, this.#options.segmentation === "kernel" ? LinkFrame.control : undefined);
  }

  #createHost(checked: CheckedCarriedOptions): NodeHost {
    const numbers = new ChannelNumbers();
    return {
      ...checked,
      clock: this.#clock,
      takeNumber: (name) => numbers.take(name),
      releaseNumber: (name) => numbers.release(name),
      nextEpoch: () => {
        this.#epoch = (this.#epoch % 0xff_ffff) + 1;
        return this.#epoch;
      },
    };
  }

  #openLink(peer: number): NodeLink {
    const carrier = new CanCarrier(this.#carrierHost, peer);
    const host: LinkHost = {
      ...this.#host,
      removed: () => {
        if (this.#links.get(peer) === opened) this.#links.delete(peer);
        this.#leaving.set(peer, opened);
      },
      finished: () => {
        if (this.#leaving.get(peer) === opened) this.#leaving.delete(peer);
        this.#endIfDone();
      },
    };
    const opened = { carrier, link: new CanLink(host, carrier, peer) };
    return opened;
  }

  get #carrierHost(): CanCarrierHost {
    return {
      busName: this.bus.name,
      openData: (peer) => this.#openData(peer),
      openBroadcasts: (peer) => this.#openBroadcasts(this.#broadcastId(peer), peer),
      sendControl: (peer, frame) => this.#sendControl(peer, frame),
      sendLast: (peer, frame) => this.#sendLast(peer, frame),
      broadcast: (channel, message, payload) => this.#broadcast(channel, message, payload),
      describeConflict: () => (this.#conflictNs === undefined ? undefined : this.#describeConflict()),
    };
  }

  #openData(peer: number): IsoTpEndpoint {
    const tx = this.#ids.id(LinkFrame.data, peer, this.node);
    const address = normalAddress({ tx, rx: this.#ids.id(LinkFrame.data, this.node, peer) });
    const { segmentation, isoTp = {} } = this.#options;
    const options = { ...isoTp, address, maxPduBytes: MAX_PDU_BYTES };
    if (segmentation !== "kernel") return openIsoTp(this.bus, { ...options, clock: this.#clock });
    const endpoint = openKernelIsoTp(this.bus.name, options);
    // The bus may outlive its interface; the connection does not.
    endpoint.events.on("error", () => this.#links.get(peer)?.link.abandon());
    return endpoint;
  }

  #broadcastId(node: number): CanId {
    return this.#ids.id(LinkFrame.broadcast, this.#ids.everybody, node);
  }

  /** @param rx of the broadcasts. Nothing is ever sent in answer, but an address has two ids. */
  #openBroadcasts(rx: CanId, peer: number): IsoTpEndpoint {
    const address = normalAddress({ tx: this.#ids.id(LinkFrame.silent, peer, this.node), rx });
    return this.#openUnanswered(address);
  }

  #openUnanswered(address: IsoTpAddress): IsoTpEndpoint {
    const { isoTp = {} } = this.#options;
    return openIsoTp(this.bus, { ...isoTp, address, flowControl: false, clock: this.#clock });
  }

  #broadcast(channel: number, message: number, payload: Uint8Array): void {
    if (this.#broadcasts === undefined) {
      const rx = this.#ids.id(LinkFrame.silent, this.node, this.node);
      this.#broadcastEndpoint = this.#openUnanswered(normalAddress({ tx: this.#broadcastId(this.node), rx }));
      this.#broadcasts = new BroadcastSender(this.#broadcastEndpoint);
    }
    this.#broadcasts.send(channel, message, payload);
  }

  #sendControl(peer: number, frame: Uint8Array): boolean {
    if (this.bus.status !== "up") return false;
    try {
      return this.bus.trySend(dataFrame(this.#ids.id(LinkFrame.control, peer, this.node), frame));
    } catch (error) {
      // The bus says by itself that it went down; whatever is due stays so until it is up.
      if (error instanceof IntercellError) return false;
      throw error;
    }
  }

  /** There will be nobody to try again: the frame waits in the line of the bus. */
  #sendLast(peer: number, frame: Uint8Array): void {
    if (this.#sendControl(peer, frame) || this.bus.status !== "up") return;
    const last = dataFrame(this.#ids.id(LinkFrame.control, peer, this.node), frame);
    // If it does not leave, the peer finds out by the silence.
    this.bus.send(last).catch(() => {});
  }

  #onControl({ frame }: ReceivedFrame): void {
    if (frame.kind !== "data" && frame.kind !== "fd") return;
    const peer = this.#ids.senderOf(frame.id);
    const opened = this.#links.get(peer) ?? this.#leaving.get(peer);
    opened?.carrier.receiveControl(frame.data);
  }

  #onConflict(): void {
    const isKnown = this.#conflictNs !== undefined;
    this.#conflictNs = this.#clock.elapsedNs();
    if (isKnown) return;
    const error = new IntercellError(
      ErrorCode.IN_USE,
      `Cannot use the links of node ${this.node}: ${this.#describeConflict()}`,
    );
    this.events.emit("conflict", error);
  }

  #describeConflict(): string {
    return `another node on ${this.bus.name} has the address ${this.node} as well; give each node its own`;
  }

  #onConflictOver(): void {
    this.#conflictNs = undefined;
    for (const { link } of [...this.#links.values()]) {
      // A session that stands was not touched: what was heard were frames of a previous life that waited in the kernel.
      if (link.status === "connecting" || link.status === "refused") link.renew();
    }
  }

  #all(): readonly NodeLink[] {
    return [...this.#links.values(), ...this.#leaving.values()];
  }

  #sendDue(): void {
    for (const { carrier } of this.#all()) carrier.roomOnBus();
  }

  #tickLater(): void {
    this.#timer = this.#clock.schedule(TICK_NS, () => {
      const nowNs = this.#clock.elapsedNs();
      if (this.#conflictNs !== undefined && nowNs - this.#conflictNs >= this.#host.stallNs) this.#onConflictOver();
      for (const { link } of this.#all()) link.tick(nowNs);
      if (this.#timer !== undefined) this.#tickLater();
    });
  }

  /** The last link has sent what it had. */
  #endIfDone(): void {
    if (this.#closed && this.#leaving.size === 0 && this.#links.size === 0) this.#detach();
  }

  #detach(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    for (const subscription of this.#subscriptions) subscription.close();
    this.#broadcastEndpoint?.close();
    const { room, status, error, close } = this.#listeners;
    this.bus.events.off("room", room).off("status", status).off("error", error).off("close", close);
  }

  /** The bus is gone. */
  #tearDown(error: IntercellError | undefined): void {
    const wasClosed = this.#closed;
    this.#closed = true;
    for (const { link } of this.#all()) link.abandon();
    this.#detach();
    if (wasClosed) return;
    if (error !== undefined) this.events.emit("error", error);
    this.events.emit("close");
  }
}

/** @throws TypeError for a word that is none; IntercellError `ERR_UNSUPPORTED` if the bus is not one of the kernel. */
function requireSegmentation(bus: CanBus, segmentation: string | undefined): void {
  if (segmentation === undefined || segmentation === "package") return;
  if (segmentation !== "kernel") {
    throw new TypeError(`The option segmentation is "package" or "kernel", not ${JSON.stringify(segmentation)}`);
  }
  if (isSocketCan(bus)) return;
  const message = `The kernel cannot segment on ${bus.name}, which is no interface of it: leave out segmentation`;
  throw new IntercellError(ErrorCode.UNSUPPORTED, message);
}
