import { createEmitter, throwLater } from "../../channel/emitter.js";
import type { WaitOptions } from "../../channel/wait.js";
import type { TypedEmitter } from "../../emitter.js";
import { ErrorCode, IntercellError, requireKnownKeys } from "../../errors.js";
import {
  closeDescriptor,
  closePoller,
  createPoller,
  type Descriptor,
  openPacketSocket as openDescriptor,
  type Poller,
  readFrames,
  readPacketCounts,
  writeFrames,
} from "../../native.js";
import type { NetworkLink } from "../../netlink/link.js";
import { describeLink } from "../../netlink/list-links.js";
import { parseMacAddress } from "../../netlink/mac-address.js";
import { type LinkWatcher, openLinkWatcher } from "../../netlink/watcher.js";
import { FrameBatch } from "../frame-batch.js";
import { HEADER_BYTES, MIN_FRAME_BYTES } from "../geometry.js";
import type { FrameListener } from "../inbox.js";
import { waitUp } from "../wait-up.js";
import type { FramePort } from "./frame-port.js";

/** Options of {@link openPacketSocket}. */
export interface PacketSocketOptions {
  /** Kind of the frames to receive, 0x600 to 0xffff. For one's own there are 0x88b5 and 0x88b6 (IEEE 802, 9.2.4). */
  readonly etherType: number;
  /** What the kernel may keep until this process reads it, as `SO_RCVBUF`. @defaultValue 1048576 */
  readonly receiveBufferBytes?: number;
}

/** Counters of a {@link PacketSocket}; all u53. */
export interface PacketSocketStatistics {
  readonly txFrames: number;
  readonly txBytes: number;
  /** Frames that the kernel did not take, as the interface is down or its queue full. */
  readonly txDropped: number;
  readonly rxFrames: number;
  readonly rxBytes: number;
  /** Frames that found the receive buffer full: the kernel's own count. */
  readonly rxDropped: number;
  /** Frames longer than the MTU of when the socket was opened, and such shorter than a header. */
  readonly rxUnfit: number;
  /** Frames that arrived while nobody listened. */
  readonly rxUnclaimed: number;
}

export type PacketSocketEvents = {
  /** The interface has carrier, and frames flow. */
  up: () => void;
  down: () => void;
  /** The interface is gone (`ERR_CLOSED`), or the socket failed; then `close` follows. */
  error: (error: IntercellError) => void;
  close: () => void;
};

const DEFAULT_RECEIVE_BUFFER_BYTES = 1 << 20;

/** Type of an Ethernet interface (linux/if_arp.h). */
const ARPHRD_ETHER = 1;

/** Batches that are read at one wake-up; the event loop has its turn before the next. */
const MAX_BATCHES = 4;

/** The Ethernet frames of one type on one network interface of the kernel's, past its IP stack. */
export class PacketSocket implements FramePort {
  readonly name: string;
  readonly etherType: number;
  /** Ethernet address of the interface when the socket was opened. */
  readonly address: Uint8Array;
  readonly mtu: number;
  readonly maxFrameBytes: number;
  readonly events: TypedEmitter<PacketSocketEvents>;
  readonly #descriptor: Descriptor;
  #poller: Poller;
  readonly #watcher: LinkWatcher;
  readonly #received: FrameBatch;
  readonly #slot: Uint32Array = new Uint32Array(2);
  readonly #listeners = new Set<FrameListener>();
  readonly #counters = {
    ...{ txFrames: 0, txBytes: 0, txDropped: 0 },
    ...{ rxFrames: 0, rxBytes: 0, rxDropped: 0, rxUnfit: 0, rxUnclaimed: 0 },
  };
  #up: boolean;
  #closed = false;

  /** @internal Use {@link openPacketSocket}. */
  constructor(link: NetworkLink, address: Uint8Array, options: Required<PacketSocketOptions>) {
    const { etherType, receiveBufferBytes } = options;
    this.name = link.name;
    this.etherType = etherType;
    this.address = address;
    this.mtu = link.mtu;
    this.maxFrameBytes = link.mtu + HEADER_BYTES;
    this.events = createEmitter(`the packet socket on ${link.name}`, ["up", "down", "error", "close"]);
    // One byte more, by which a frame shows that it was cut.
    this.#received = new FrameBatch(this.maxFrameBytes + 1);
    this.#up = link.carrier;
    this.#descriptor = openDescriptor({ interfaceIndex: link.index, etherType, receiveBufferBytes });
    try {
      this.#watcher = openLinkWatcher({ accept: ({ index }) => index === link.index });
      this.#poller = this.#watch();
    } catch (error) {
      closeDescriptor(this.#descriptor);
      throw error;
    }
    this.#watcher.events.on("changed", ({ carrier }) => this.#setUp(carrier));
    this.#watcher.events.on("removed", () => this.#fail(this.#goneError()));
    this.#watcher.events.on("error", (error) => this.#fail(error));
  }

  /** The interface is up and something is at its other end, as far as its driver knows. */
  get up(): boolean {
    return this.#up && !this.#closed;
  }

  get closed(): boolean {
    return this.#closed;
  }

  get statistics(): PacketSocketStatistics {
    this.#readKernelCounts();
    return { ...this.#counters };
  }

  /**
   * Resolves once the interface has carrier.
   *
   * @throws IntercellError `ERR_TIMEOUT`, `ERR_CLOSED`; the signal's reason.
   */
  async ready(options: WaitOptions = {}): Promise<void> {
    const explain = () => `the interface has no carrier. Take it up (ip link set ${this.name} up), and the peer's`;
    await waitUp(this, options, explain, () => this.#closedError());
  }

  /**
   * Hands a frame to the kernel, which has taken it or dropped it when this returns.
   *
   * @param frame from the destination address to the end of the payload, without checksum.
   * @throws RangeError if it is shorter than an Ethernet header; IntercellError `ERR_TOO_LARGE` if longer than the MTU allows.
   */
  trySend(frame: Uint8Array): boolean {
    this.#requireFrame(frame);
    if (this.#closed) throw this.#closedError();
    this.#slot[1] = frame.byteLength;
    const taken = writeFrames(this.#descriptor, frame, this.#slot, 1);
    if (taken !== 1) {
      this.#counters.txDropped++;
      return false;
    }
    this.#counters.txFrames++;
    this.#counters.txBytes += frame.byteLength;
    return true;
  }

  onFrames(listener: FrameListener): () => void {
    const own: FrameListener = (batch) => listener(batch);
    this.#listeners.add(own);
    return () => this.#listeners.delete(own);
  }

  /** Idempotent. */
  close(): void {
    if (this.#closed) return;
    this.#readKernelCounts();
    this.#closed = true;
    closePoller(this.#poller);
    closeDescriptor(this.#descriptor);
    this.#watcher.close();
    this.events.emit("close");
  }

  [Symbol.dispose](): void {
    this.close();
  }

  #watch(): Poller {
    return createPoller(this.#descriptor, { countBytes: 0 }, (_events, count) => {
      if (count >= 0) this.#onReadable();
      // An interface that goes down says so by an error, once, at which a poller ends. It may be back; the watcher knows.
      else if (!this.#closed) this.#poller = this.#watch();
    });
  }

  #onReadable(): void {
    for (let batches = 0; batches < MAX_BATCHES && !this.#closed; batches++) {
      const { bytes, slots, maxFrameBytes } = this.#received;
      const frames = readFrames(this.#descriptor, bytes, slots, maxFrameBytes);
      if (frames <= 0) return;
      this.#received.filled(frames);
      this.#deliver(this.#dropUnfit());
    }
  }

  /** Leaves out the frames that were cut and those that are none. */
  #dropUnfit(): FrameBatch {
    const batch = this.#received;
    let kept = 0;
    for (let index = 0; index < batch.count; index++) {
      const length = batch.length(index);
      if (length > this.maxFrameBytes || length < MIN_FRAME_BYTES) {
        this.#counters.rxUnfit++;
        continue;
      }
      batch.slots[2 * kept] = batch.offset(index);
      batch.slots[2 * kept + 1] = length;
      this.#counters.rxBytes += length;
      kept++;
    }
    this.#counters.rxFrames += kept;
    batch.filled(kept);
    return batch;
  }

  #deliver(batch: FrameBatch): void {
    if (batch.count === 0) return;
    if (this.#listeners.size === 0) this.#counters.rxUnclaimed += batch.count;
    for (const listener of this.#listeners) {
      try {
        listener(batch);
      } catch (error) {
        throwLater(error);
      }
    }
  }

  #setUp(up: boolean): void {
    if (up === this.#up || this.#closed) return;
    this.#up = up;
    this.events.emit(up ? "up" : "down");
  }

  #readKernelCounts(): void {
    if (!this.#closed) this.#counters.rxDropped += readPacketCounts(this.#descriptor).dropped;
  }

  #fail(error: IntercellError): void {
    if (this.#closed) return;
    this.events.emit("error", error);
    this.close();
  }

  #requireFrame(frame: Uint8Array): void {
    if (!(frame instanceof Uint8Array)) throw new TypeError("A frame is a Uint8Array");
    const { byteLength } = frame;
    if (byteLength < MIN_FRAME_BYTES) {
      throw new RangeError(`A frame has at least ${MIN_FRAME_BYTES} bytes, its header, not ${byteLength}`);
    }
    if (byteLength <= this.maxFrameBytes) return;
    const found = `A frame of ${byteLength} bytes is too large for ${this.name}: its MTU of ${this.mtu} allows`;
    throw new IntercellError(ErrorCode.TOO_LARGE, `${found} ${this.maxFrameBytes}`);
  }

  #goneError(): IntercellError {
    const message = `The interface ${this.name} is gone, and with it the packet socket; open another`;
    return new IntercellError(ErrorCode.CLOSED, message);
  }

  #closedError(): IntercellError {
    return new IntercellError(ErrorCode.CLOSED, `The packet socket on ${this.name} is closed; open another`);
  }
}

/**
 * Opens a socket for the Ethernet frames of one type on one network interface of this process's network namespace.
 *
 * @param interfaceName such as `eth1`.
 * @throws TypeError or RangeError for options that make no sense.
 * @throws IntercellError `EPERM` without CAP_NET_RAW, `ERR_NOT_FOUND` if there is no such interface, `ERR_UNSUPPORTED` if
 * it is none of Ethernet.
 */
export function openPacketSocket(interfaceName: string, options: PacketSocketOptions): PacketSocket {
  requireKnownKeys("openPacketSocket", options, ["etherType", "receiveBufferBytes"]);
  const { etherType, receiveBufferBytes = DEFAULT_RECEIVE_BUFFER_BYTES } = options;
  const link = describeLink(interfaceName);
  if (link.type !== ARPHRD_ETHER || link.address === undefined) {
    throw new IntercellError(
      ErrorCode.UNSUPPORTED,
      `${interfaceName} is no Ethernet interface (its type is ${link.type}, not ${ARPHRD_ETHER}); name another`,
    );
  }
  return new PacketSocket(link, parseMacAddress(link.address), { etherType, receiveBufferBytes });
}
