import type { IntercellError } from "../../src/errors.js";
import { type IvshmemNet, type IvshmemNetOptions, openIvshmemNet } from "../../src/ivshmem-net/endpoint.js";
import { type NetGeometry, netGeometry } from "../../src/ivshmem-net/geometry.js";
import { NetState } from "../../src/ivshmem-net/state.js";
import { turns } from "../channel/until.js";
import { type MemoryDevice, MemoryMachine } from "../support/memory-device.js";

const VICTIM = 0;
const HOSTILE = 1;

/** An endpoint with a peer that writes what it likes into its own section and state word. */
export class HostileNet {
  readonly machine: MemoryMachine;
  readonly device: MemoryDevice;
  readonly net: IvshmemNet;
  readonly geometry: NetGeometry;
  readonly errors: IntercellError[] = [];
  readonly frames: Uint8Array[] = [];
  /** The hostile peer's section. */
  readonly section: DataView;

  constructor(sectionBytes: number, options: IvshmemNetOptions = {}) {
    this.machine = new MemoryMachine({ peers: 2, protocol: 1, outputBytes: sectionBytes, delivery: "manual" });
    this.geometry = netGeometry(sectionBytes);
    const bytes = this.machine.outputs[HOSTILE] as Uint8Array;
    this.section = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.device = this.machine.open(VICTIM);
    this.net = openIvshmemNet(this.device, options);
    this.net.events.on("error", (error) => this.errors.push(error));
    this.net.onFrames((batch) => {
      for (let index = 0; index < batch.count; index++) this.frames.push(batch.frame(index).slice());
    });
  }

  /** Lets the victim look at what was done. */
  async look(): Promise<void> {
    await turns(2);
    this.machine.interrupt(VICTIM);
    for (let round = 0; round < 5; round++) {
      this.machine.deliver();
      await turns(2);
    }
  }

  async setState(state: number): Promise<void> {
    this.machine.setState(HOSTILE, state);
    await this.look();
  }

  /** Goes through the states as an honest peer would, with an empty section. */
  async comeUp(): Promise<void> {
    await this.setState(NetState.RESET);
    new Uint8Array(this.section.buffer, this.section.byteOffset, this.section.byteLength).fill(0);
    for (const state of [NetState.INIT, NetState.READY, NetState.RUN]) await this.setState(state);
  }

  /** Announces a descriptor in the slot of a number; the index is left to {@link setAvail}. */
  describe(slot: number, descriptor: number, address: bigint, length: number): void {
    const { availOffset, queueLength } = this.geometry;
    this.section.setUint16(availOffset + 4 + 2 * (slot % queueLength), descriptor, true);
    if (descriptor >= queueLength) return;
    this.section.setBigUint64(16 * descriptor, address, true);
    this.section.setUint32(16 * descriptor + 8, length, true);
  }

  setAvail(index: number): void {
    this.section.setUint16(this.geometry.availOffset + 2, index, true);
  }

  /** Acknowledges the frame of a number; the index is left to {@link setUsed}. */
  complete(slot: number, id: number, length: number): void {
    const element = this.geometry.usedOffset + 4 + 8 * (slot % this.geometry.queueLength);
    this.section.setUint32(element, id, true);
    this.section.setUint32(element + 4, length, true);
  }

  setUsed(index: number): void {
    this.section.setUint16(this.geometry.usedOffset + 2, index, true);
  }
}
