import { type IvshmemNet, type IvshmemNetOptions, openIvshmemNet } from "../../src/ivshmem-net/endpoint.js";
import { turns } from "../channel/until.js";
import { type MemoryDevice, MemoryMachine, type MemoryMachineOptions } from "../support/memory-device.js";

/** A frame of a length, filled from a number on. */
export function makeFrame(length: number, first = 0): Uint8Array {
  return Uint8Array.from({ length }, (_, index) => (first + index) & 0xff);
}

/** Two endpoints over memory of this process. */
export class NetPair {
  readonly machine: MemoryMachine;
  readonly nets: [IvshmemNet, IvshmemNet];
  readonly devices: [MemoryDevice, MemoryDevice];
  readonly #options: IvshmemNetOptions;

  constructor(machine: MemoryMachineOptions = {}, options: IvshmemNetOptions = {}) {
    this.machine = new MemoryMachine({ peers: 2, protocol: 1, outputBytes: 0x7f000, ...machine });
    this.#options = options;
    this.devices = [this.machine.open(0), this.machine.open(1)];
    this.nets = [openIvshmemNet(this.devices[0], options), openIvshmemNet(this.devices[1], options)];
  }

  async ready(): Promise<this> {
    await Promise.all(this.nets.map((net) => net.ready({ timeoutMs: 5_000 })));
    return this;
  }

  /** Delivers interrupts by hand until both are up. */
  async drive(): Promise<this> {
    await this.settle();
    if (!this.nets.every(({ up }) => up)) throw new Error("The link did not come up");
    return this;
  }

  /** Delivers interrupts by hand until none is left. */
  async settle(): Promise<void> {
    await turns(2);
    while (this.machine.deliver() > 0) await turns(2);
  }

  /** Ends side 1 without a word and starts another in its place. */
  restart(): void {
    this.devices[1] = this.machine.open(1);
    this.nets[1] = openIvshmemNet(this.devices[1], this.#options);
  }

  close(): void {
    for (const net of this.nets) net.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }
}

/** Collects copies of what arrives. */
export function collect(net: IvshmemNet): Uint8Array[] {
  const frames: Uint8Array[] = [];
  net.onFrames((batch) => {
    for (let index = 0; index < batch.count; index++) frames.push(batch.frame(index).slice());
  });
  return frames;
}
