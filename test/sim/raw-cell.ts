import { readSync } from "node:fs";
import type { Connection } from "../../src/native.js";
import {
  closeDescriptor,
  createSimRegisters,
  type Descriptor,
  mapMemory,
  type Registers,
  readRegister,
  unmapMemory,
  unmapRegisters,
  writeRegister,
} from "../../src/native.js";
import { greetBroker } from "../../src/sim/client.js";
import { ClientKind, type Welcome } from "../../src/sim/wire.js";

/**
 * A cell with nothing but the hardware: it arms its interrupt when told to and rings what it likes. It stands for code
 * that does not use this package, and shows what the device itself does.
 */
export class RawCell {
  readonly #connection: Connection;
  readonly #registers: Registers;
  readonly #eventfds: readonly Descriptor[];
  readonly #states: Uint32Array<ArrayBuffer>;
  readonly #self: number;

  private constructor(welcome: Welcome, descriptors: readonly Descriptor[], connection: Connection) {
    const [hypervisor = -1, stateTable = -1, readOnly = -1] = descriptors;
    this.#self = welcome.peer;
    this.#connection = connection;
    this.#eventfds = descriptors.slice(3, 3 + welcome.geometry.peers);
    this.#registers = createSimRegisters({ hypervisor, stateTable, peer: welcome.peer, eventfds: this.#eventfds });
    this.#states = new Uint32Array(mapMemory(readOnly, { sizeBytes: 0x1000 }), 0, welcome.geometry.peers);
    for (const descriptor of descriptors) if (!this.#eventfds.includes(descriptor)) closeDescriptor(descriptor);
  }

  static async open(machine: string, peer: number): Promise<RawCell> {
    const hello = { kind: ClientKind.CELL, device: 0, peer };
    return await greetBroker(machine, hello, {}, (...granted) => new RawCell(...granted));
  }

  read(offsetBytes: number): number {
    return readRegister(this.#registers, offsetBytes);
  }

  write(offsetBytes: number, value: number): void {
    writeRegister(this.#registers, offsetBytes, value);
  }

  states(): readonly number[] {
    return [...this.#states];
  }

  /** How many interrupts have come since the last call. */
  takeInterrupts(): number {
    const count = new BigUint64Array(1);
    try {
      readSync(this.#eventfds[this.#self] ?? -1, count);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EAGAIN") throw error;
    }
    return Number(count[0]);
  }

  /** Leaves the machine, as the broker sees it, but keeps the registers. */
  hangUp(): void {
    this.#connection.close();
  }

  /** Ends as a killed process does: nothing is written, the connection just ends. */
  vanish(): void {
    this.hangUp();
    unmapRegisters(this.#registers);
    unmapMemory(this.#states.buffer);
    for (const eventfd of this.#eventfds) closeDescriptor(eventfd);
  }
}
