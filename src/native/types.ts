/**
 * An open file descriptor of this process. It belongs to the thread that made it, is closed with a worker that ends, and
 * must be closed by `closeDescriptor` of that thread rather than through `node:fs`.
 */
export type Descriptor = number;

declare const registersBrand: unique symbol;
declare const pollerBrand: unique symbol;
declare const canReceiverBrand: unique symbol;
declare const hypervisorBrand: unique symbol;

/** A device's register page, real or simulated. Opaque: the page itself never leaves native code. */
export interface Registers {
  readonly [registersBrand]: never;
}

/** A watch on one descriptor in the event loop of the thread that made it. */
export interface Poller {
  readonly [pollerBrand]: never;
}

/** A CAN socket whose messages the event loop of the thread that made it receives. */
export interface CanReceiver {
  readonly [canReceiverBrand]: never;
}

/** The hypervisor's side of one simulated device, held by the broker. */
export interface SimHypervisor {
  readonly [hypervisorBrand]: never;
}

/** What a {@link Poller} watches for and reports; `error` is always watched. The values are libuv's `uv_poll_event`. */
export const PollEvent = { READABLE: 1, WRITABLE: 2, HANGUP: 4, ERROR: 16 } as const;

export interface MapMemoryOptions {
  readonly sizeBytes: number;
  /** A multiple of the page size. @defaultValue 0 */
  readonly offsetBytes?: number;
  /** @defaultValue false */
  readonly writable?: boolean;
}

export interface MapRegistersOptions {
  /** A multiple of 4, at least 4. */
  readonly sizeBytes: number;
  /** A multiple of the page size. @defaultValue 0 */
  readonly offsetBytes?: number;
}

/** The register a {@link Poller} writes right after it has read the counter, before any JavaScript runs. */
export interface Rearm {
  readonly registers: Registers;
  readonly offsetBytes: number;
  readonly value: number;
}

export interface PollerOptions {
  /** Counter to drain in native code: 8 for an eventfd, 4 for UIO, 0 to read nothing (sockets). */
  readonly countBytes: 0 | 4 | 8;
  /** Bits of {@link PollEvent}; with a counter only `READABLE`. @defaultValue PollEvent.READABLE */
  readonly events?: number;
  /** The write that re-arms a one-shot interrupt. @defaultValue none */
  readonly rearm?: Rearm;
}

/**
 * Called with the {@link PollEvent} bits seen and the count that was read (0 with `countBytes` 0). A negative count is
 * `-errno`: the descriptor failed or its other end hung up (`-ECONNRESET`), and polling has stopped.
 */
export type PollerCallback = (events: number, count: number) => void;

/** One message of a Unix socket with the descriptors that came along, which the receiver owns. */
export interface Message {
  /** Empty at the end of the connection. */
  readonly bytes: Uint8Array;
  readonly descriptors: Descriptor[];
}

export interface Credentials {
  readonly pid: number;
  readonly uid: number;
  readonly gid: number;
}

export interface SimGeometry {
  /** 1..12 */
  readonly maxPeers: number;
  /** 0 for INTx, which has vector 0 only, or 1..16 for MSI-X. */
  readonly vectors: number;
  /** 16 bits. */
  readonly protocol: number;
}

export interface SimDescriptors {
  /** One page of hypervisor memory, prepared by {@link simInitialise}. */
  readonly hypervisor: Descriptor;
  /** The state table: one u32 for each peer. */
  readonly stateTable: Descriptor;
  /** One eventfd for each of `maxPeers` peers. They are duplicated: the caller keeps its own. */
  readonly eventfds: readonly Descriptor[];
}

export interface SimRegistersOptions extends SimDescriptors {
  /** The peer whose register page this is. */
  readonly peer: number;
}

/** What the simulated hypervisor knows of one peer. The two counts wrap at 2^32. */
export interface SimPeerReport {
  readonly intControl: number;
  readonly present: boolean;
  /** Interrupts towards this peer that were lost while it was masked. */
  readonly lost: number;
  /** Interrupts delivered to this peer. */
  readonly delivered: number;
}
