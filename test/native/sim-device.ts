import { readSync } from "node:fs";
import {
  closeDescriptor,
  createEventfd,
  createMemfd,
  createSimRegisters,
  type Descriptor,
  mapMemory,
  type Registers,
  type SimHypervisor,
  type SimPeerReport,
  simAttach,
  simClose,
  simInitialise,
  simInspect,
  simOpen,
  unmapMemory,
  unmapRegisters,
  writeRegister,
} from "../../src/native.js";

export const PAGE_BYTES = 4096;
export const MAX_PEERS = 3;

/** Register offsets of the ivshmem v2 specification. */
export const Register = { ID: 0x00, MAX_PEERS: 0x04, INT_CONTROL: 0x08, DOORBELL: 0x0c, STATE: 0x10 } as const;

/** A simulated device with all peers attached, and the register page of each. */
export class SimDevice {
  readonly hypervisor: Descriptor = createMemfd("hypervisor", PAGE_BYTES);
  readonly stateTable: Descriptor = createMemfd("state-table", PAGE_BYTES);
  readonly eventfds: readonly Descriptor[] = Array.from({ length: MAX_PEERS }, () => createEventfd());
  readonly handle: SimHypervisor;
  readonly states: Uint32Array<ArrayBuffer>;
  readonly #registers: readonly Registers[];

  constructor(vectors = 0) {
    const { hypervisor, stateTable, eventfds } = this;
    simInitialise(hypervisor, { maxPeers: MAX_PEERS, vectors, protocol: 1 });
    this.handle = simOpen({ hypervisor, stateTable, eventfds });
    this.states = new Uint32Array(mapMemory(stateTable, { sizeBytes: PAGE_BYTES }));
    this.#registers = eventfds.map((_, peer) => {
      simAttach(this.handle, peer);
      return createSimRegisters({ hypervisor, stateTable, eventfds, peer });
    });
  }

  registers(peer: number): Registers {
    return at(this.#registers, peer);
  }

  /** Interrupts of a peer since the last call. */
  takeInterrupts(peer: number): number {
    const count = new BigUint64Array(1);
    try {
      readSync(at(this.eventfds, peer), count);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "EAGAIN") return 0;
      throw error;
    }
    return Number(count[0]);
  }

  arm(...peers: number[]): void {
    for (const peer of peers) writeRegister(this.registers(peer), Register.INT_CONTROL, 1);
  }

  ring(self: number, target: number, vector = 0): void {
    writeRegister(this.registers(self), Register.DOORBELL, target * 0x10000 + vector);
  }

  report(peer: number): SimPeerReport {
    return at(simInspect(this.handle), peer);
  }

  close(): void {
    for (const registers of this.#registers) unmapRegisters(registers);
    unmapMemory(this.states.buffer);
    simClose(this.handle);
    for (const fd of [this.hypervisor, this.stateTable, ...this.eventfds]) closeDescriptor(fd);
  }
}

function at<T>(items: readonly T[], peer: number): T {
  const item = items[peer];
  if (item === undefined) throw new RangeError(`Expected a peer below ${items.length}, found ${peer}`);
  return item;
}
