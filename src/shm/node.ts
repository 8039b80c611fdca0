import { randomInt } from "node:crypto";
import { ChannelNumbers } from "../channel/channel-numbers.js";
import { createEmitter } from "../channel/emitter.js";
import type { TypedEmitter } from "../emitter.js";
import { ErrorCode, IntercellError, requireKnownKeys, requireMembers } from "../errors.js";
import { publish } from "../uio/atomic.js";
import { type IvshmemDevice, type OutputSection, ReadonlySection } from "../uio/index.js";
import { BroadcastWriter } from "./broadcast.js";
import { type Geometry, type PartitionOptions, partitionSection } from "./geometry.js";
import { nextEpoch, startSection } from "./header.js";
import { LatestRegion } from "./latest.js";
import { HEARTBEAT_OFFSET } from "./layout.js";
import { ShmLink } from "./link.js";
import type { LinkHost } from "./link-host.js";
import { type SectionMemory, sectionMemory } from "./memory.js";
import { WAIT_STRATEGIES, Waiter, type WaitStrategy } from "./waiting.js";

export interface ShmNodeOptions extends PartitionOptions {
  /**
   * How the node learns that a peer did something.
   * @defaultValue "doorbell"
   */
  readonly wait?: WaitStrategy;
  /**
   * How long `adaptive` keeps looking after the last record, in milliseconds.
   * @defaultValue 1
   */
  readonly adaptiveMs?: number;
  /**
   * How often the own heartbeat changes, in milliseconds.
   * @defaultValue 100
   */
  readonly heartbeatMs?: number;
  /**
   * How long a peer's heartbeat may rest before its link counts as stalled, in milliseconds; a peer that beats slowly gets
   * four of its intervals.
   * @defaultValue 1000
   */
  readonly stallMs?: number;
  /**
   * Vector on which the peers are to ring this cell.
   * @defaultValue 0
   */
  readonly vector?: number;
}

const OPTION_KEYS = [
  ...["peers", "ringBytes", "broadcastBytes", "latestBytes"],
  ...["wait", "adaptiveMs", "heartbeatMs", "stallMs", "vector"],
];

export type ShmNodeEvents = {
  /** The own state word became 0 though nobody here wrote that: some other program opened the device. It was written again. */
  stateLost: () => void;
  /** The device failed; the links are closed. */
  error: (error: Error) => void;
  close: () => void;
};

/**
 * Starts the wire on a device: lays out the own output section and writes a state word that is not 0. The device belongs to the node
 * from then on and is closed with it.
 *
 * @throws IntercellError `ERR_CONFIG` if the output sections are absent or too small, `ERR_IN_USE` if the device has a node; TypeError or RangeError for the options.
 */
export function openShm(device: IvshmemDevice, options: ShmNodeOptions = {}): ShmNode {
  requireMembers("openShm", "an ivshmem device", device, ["stateTable", "setState", "ring", "events"]);
  if (owned.has(device)) {
    const message = `Cannot open another node on ${device.name}: a device has one, whose links go to all its peers`;
    throw new IntercellError(ErrorCode.IN_USE, `${message}; use that one, or close it and open the device anew`);
  }
  const node = new ShmNode(device, options);
  owned.add(device);
  return node;
}

/** Devices on which a node was opened: two would write over each other's section. */
const owned = new WeakSet<IvshmemDevice>();

/** This cell's end of the wire on one ivshmem device, with a link to each peer that it talks to. */
export class ShmNode {
  readonly device: IvshmemDevice;
  readonly geometry: Geometry;
  readonly events: TypedEmitter<ShmNodeEvents>;
  readonly #own: SectionMemory;
  readonly #options: Required<Omit<ShmNodeOptions, keyof PartitionOptions>>;
  readonly #links = new Map<number, ShmLink>();
  /** The same links, for the polls: iterating an array makes nothing. */
  #polled: readonly ShmLink[] = [];
  readonly #waiter: Waiter;
  readonly #host: LinkHost;
  readonly #timer: NodeJS.Timeout;
  readonly #state: number;
  #closed = false;
  readonly #listeners = {
    interrupt: () => this.#waiter.wake(),
    poll: () => this.#onFallbackPoll(),
    state: (peer: number, value: number) => this.#onState(peer, value),
    error: (error: Error) => this.#onDeviceError(error),
    close: () => this.#tearDown(false),
  };

  /** @internal Use {@link openShm}. */
  constructor(device: IvshmemDevice, options: ShmNodeOptions) {
    requireKnownKeys("openShm", options, OPTION_KEYS);
    this.#options = completeOptions(options, device.vectors);
    this.device = device;
    this.events = createEmitter<ShmNodeEvents>(`the node on ${device.name}`, ["stateLost", "error", "close"]);
    this.#own = sectionMemory(requireOutput(device).bytes);
    this.geometry = partitionSection(this.#own.bytes.byteLength, device.maxPeers, device.id, options);
    startSection(this.#own, this.geometry, {
      vector: this.#options.vector,
      heartbeatIntervalMs: this.#options.heartbeatMs,
      randomEpoch: () => randomInt(1, 2 ** 31),
    });
    this.#host = this.#createHost();
    this.#waiter = new Waiter(this.#options.wait, this.#options.adaptiveMs, {
      poll: () => this.poll(),
      arm: () => this.#arm(),
      disarm: () => {
        for (const link of this.#polled) link.disarm();
      },
    });
    this.#state = nextEpoch(this.#own);
    const { interrupt, poll, state, error, close } = this.#listeners;
    device.events.on("interrupt", interrupt).on("poll", poll).on("state", state).on("error", error).on("close", close);
    this.#timer = setInterval(() => this.#beat(), this.#options.heartbeatMs).unref();
    try {
      device.setState(this.#state);
    } catch (error) {
      this.#tearDown(false);
      throw error;
    }
  }

  get closed(): boolean {
    return this.#closed;
  }

  /**
   * The link to a peer, opened at the first call.
   * @throws RangeError if the section has no ring for the peer; IntercellError `ERR_CLOSED`.
   */
  link(peer: number): ShmLink {
    this.#requireOpen();
    const known = this.#links.get(peer);
    if (known !== undefined) {
      return known;
    }
    const place = this.geometry.rings[peer];
    if (place === undefined || !Number.isInteger(peer)) {
      throw new RangeError(
        `There is no ring for peer ${JSON.stringify(peer)}: the device has peers 0 to ${this.device.maxPeers - 1}, this is peer ` +
          `${this.device.id}, and the option peers may name fewer`,
      );
    }
    const link = new ShmLink(this.#host, {
      own: this.#own,
      ownId: this.device.id,
      peerId: peer,
      peer: sectionMemory(ReadonlySection.memoryOf(this.device.inputSection(peer))),
      place,
      maxPeers: this.device.maxPeers,
      vectors: this.device.vectors,
      stallMs: this.#options.stallMs,
    });
    // The device may have failed as the peer was rung.
    if (this.#closed) link.abandon(false);
    this.#requireOpen();
    this.#links.set(peer, link);
    this.#polled = [...this.#links.values()];
    this.#waiter.attend();
    return link;
  }

  /** Looks at all links once, synchronously; returns the number of records handled. */
  poll(): number {
    let handled = 0;
    for (const link of this.#polled) {
      handled += link.poll();
    }
    return handled;
  }

  /** Closes the links and the device. Idempotent. */
  close(): void {
    if (!this.#closed) {
      for (const link of this.#polled) link.close();
      this.device.close();
      this.#tearDown(false);
    }
  }

  [Symbol.dispose](): void {
    this.close();
  }

  #requireOpen(): void {
    if (this.#closed) {
      throw new IntercellError(ErrorCode.CLOSED, `The node on ${this.device.name} is closed; open the device again`);
    }
  }

  #createHost(): LinkHost {
    const { device, geometry } = this;
    const numbers = new ChannelNumbers();
    const broadcasts = geometry.broadcastCapacity === 0 ? undefined : new BroadcastWriter(this.#own, geometry);
    return {
      deviceName: device.name,
      latest: new LatestRegion(geometry.latestOffset, geometry.latestSize),
      broadcasts,
      takeNumber: (name) => numbers.take(name),
      releaseNumber: (name) => numbers.release(name),
      nextEpoch: () => nextEpoch(this.#own),
      peerState: (peer) => device.stateTable.get(peer),
      ring: (peer, vector) => this.#touch(() => device.ring(peer, vector)),
      ringAll: () => {
        for (const link of this.#polled) link.ringForBroadcast();
      },
      attend: () => this.#waiter.attend(),
      removed: (peerId) => {
        this.#links.delete(peerId);
        this.#polled = [...this.#links.values()];
      },
    };
  }

  /** Writes a register. A device that fails meanwhile has said so by its own event. */
  #touch(write: () => void): void {
    if (this.device.closed) return;
    try {
      write();
    } catch (error) {
      if (!this.device.closed) throw error;
    }
  }

  #arm(): boolean {
    let idle = true;
    for (const link of this.#polled) {
      idle = link.arm() && idle;
    }
    return idle;
  }

  #onFallbackPoll(): void {
    const { armed } = this.#waiter;
    for (const link of this.#polled) link.rescue(armed);
    this.#waiter.wake();
  }

  #onState(peer: number, value: number): void {
    if (peer !== this.device.id) {
      this.#links.get(peer)?.peerStateChanged(value);
      return;
    }
    if (value !== this.#state && !this.#closed) {
      this.#touch(() => this.device.setState(this.#state));
      if (!this.#closed) this.events.emit("stateLost");
    }
  }

  #onDeviceError(error: Error): void {
    this.#tearDown(true);
    this.events.emit("error", error);
  }

  #beat(): void {
    const words = this.#own.words;
    publish(words, HEARTBEAT_OFFSET / 4, ((words[HEARTBEAT_OFFSET / 4] as number) + 1) | 0);
    const nowMs = performance.now();
    for (const link of this.#polled) link.watchHeartbeat(nowMs);
  }

  /** The device is closed or about to be: nothing is written to it any more. Its memory can be read if `memoryStands`. */
  #tearDown(memoryStands: boolean): void {
    if (this.#closed) {
      return;
    }
    this.#closed = true;
    this.#waiter.stop();
    clearInterval(this.#timer);
    owned.delete(this.device);
    const { interrupt, poll, state, error, close } = this.#listeners;
    const { events } = this.device;
    events.off("interrupt", interrupt).off("poll", poll).off("state", state).off("error", error).off("close", close);
    for (const link of this.#polled) link.abandon(memoryStands);
    this.events.emit("close");
  }
}

function requireOutput(device: IvshmemDevice): OutputSection {
  if (device.outputSection === undefined) {
    throw new IntercellError(
      ErrorCode.CONFIG,
      `${device.name} is configured without output sections, which the wire needs; give it some in the cell configuration`,
    );
  }
  return device.outputSection;
}

function completeOptions(
  options: ShmNodeOptions,
  vectors: number,
): Required<Omit<ShmNodeOptions, keyof PartitionOptions>> {
  const { wait = "doorbell", adaptiveMs = 1, heartbeatMs = 100, stallMs = 1000, vector = 0 } = options;
  if (!WAIT_STRATEGIES.includes(wait)) {
    throw new TypeError(`The option wait is one of ${WAIT_STRATEGIES.join(", ")}, not ${String(wait)}`);
  }
  requireRange("adaptiveMs", adaptiveMs, 0, 3_600_000);
  requireRange("heartbeatMs", heartbeatMs, 1, 60_000);
  requireRange("stallMs", stallMs, 1, 3_600_000);
  requireRange("vector", vector, 0, vectors - 1);
  return { wait, adaptiveMs, heartbeatMs, stallMs, vector };
}

function requireRange(name: string, value: number, least: number, most: number): void {
  if (typeof value !== "number" || !(value >= least && value <= most)) {
    throw new RangeError(`The option ${name} must be from ${least} to ${most}, not ${value}`);
  }
}
