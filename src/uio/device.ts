import type { TypedEmitter } from "../emitter.js";
import type { OutputSection, ReadonlySection } from "./section.js";

/** Highest number of peers of one ivshmem device (Jailhouse, `IVSHMEM_MAX_PEERS`). */
export const MAX_PEERS = 12;

/** Highest number of MSI-X vectors of one ivshmem device (ivshmem v2 specification). */
export const MAX_VECTORS = 16;

/** What an {@link IvshmemDevice} reports. State is reported as events; data stays in the sections. */
export type IvshmemDeviceEvents = {
  /**
   * Interrupts were delivered and the device is armed again. `count` is how many the kernel merged
   * into this wake-up. A doorbell and a state change look the same here.
   */
  interrupt: (count: number) => void;
  /** The fallback poll ran: whatever an interrupt would have announced may be there. */
  poll: () => void;
  /** The state word of `peer` changed; own id included (somebody else's open zeroes it). */
  state: (peer: number, value: number, previous: number) => void;
  /** The device failed (driver unbound, machine gone). It is unusable; `close` follows. */
  error: (error: Error) => void;
  /** The device is closed, by {@link IvshmemDevice.close} or after an error. */
  close: () => void;
};

/** The state words of all peers: written by the hypervisor, read-only for every cell. */
export interface StateTable {
  readonly length: number;
  /**
   * Reads the word of one peer as it is at this moment. 0 means absent.
   * @throws RangeError if `peer` is not below {@link length}.
   */
  get(peer: number): number;
  /** The words of all peers, by peer id. */
  snapshot(): readonly number[];
}

/**
 * One ivshmem device as a cell sees it. A device of the kernel (`uio_ivshmem`) and one of the
 * simulated machine are the same to everything above.
 *
 * Interrupts are one-shot: the device re-arms itself before it emits `interrupt`, so a listener that
 * looks at memory after the event cannot miss what a later doorbell announces.
 */
export interface IvshmemDevice {
  /** Shown in messages, such as `uio_ivshmem[0001:00:00.0]`. */
  readonly name: string;
  /** Own peer id, below {@link maxPeers}. */
  readonly id: number;
  /** Number of peers the device was configured for, 2 to {@link MAX_PEERS}. */
  readonly maxPeers: number;
  /** Number of doorbell vectors: 1 with INTx, up to {@link MAX_VECTORS} with MSI-X. */
  readonly vectors: number;
  /** Protocol id of the PCI class word, 0 to 0xffff (ivshmem v2 specification). */
  readonly protocol: number;
  readonly stateTable: StateTable;
  /** The section everyone may write, absent if its size is 0. */
  readonly rwSection: OutputSection | undefined;
  /** The section only this cell may write, absent if outputs are configured with size 0. */
  readonly outputSection: OutputSection | undefined;
  readonly events: TypedEmitter<IvshmemDeviceEvents>;
  readonly closed: boolean;

  /**
   * The output section of `peer`, read-only. One's own is allowed.
   * @throws RangeError if `peer` is not below {@link maxPeers}; IntercellError `ERR_NO_SECTION` if outputs are absent.
   */
  inputSection(peer: number): ReadonlySection;
  /** Writes the own state word (u32). Peers are interrupted only if the value changed. */
  setState(value: number): void;
  /** Rings `vector` of `peer`. A masked or absent peer is not told, as on the real machine. */
  ring(peer: number, vector?: number): void;
  /**
   * Arms the one-shot interrupt and reports state changes that went unheard. The fallback poll calls
   * this; an application that switched the poll off may call it whenever it suspects a loss.
   */
  rearm(): void;
  /** Writes state 0, unmaps, then closes. Idempotent. */
  close(): void;
  [Symbol.dispose](): void;
}
