import { EventEmitter } from "node:events";
import type { TypedEmitter } from "../../src/emitter.js";
import { ErrorCode, IntercellError } from "../../src/errors.js";
import type { IvshmemDevice, IvshmemDeviceEvents, StateTable } from "../../src/uio/index.js";
import { OutputSection, ReadonlySection } from "../../src/uio/index.js";

export interface MemoryMachineOptions {
  /** @defaultValue 3 */
  readonly peers?: number;
  /** @defaultValue 1 */
  readonly vectors?: number;
  /** @defaultValue 0x2000 */
  readonly outputBytes?: number;
  /** @defaultValue 0 */
  readonly protocol?: number;
  /**
   * `turns`: an interrupt is heard in the next turn of the event loop; `manual`: when the test calls
   * {@link MemoryMachine.deliver}.
   * @defaultValue "turns"
   */
  readonly delivery?: "turns" | "manual";
}

/** One ivshmem device in plain memory of this process, with all its peers: state table, one-shot interrupts, sections. */
export class MemoryMachine {
  readonly peers: number;
  readonly vectors: number;
  readonly protocol: number;
  /** All output sections, one behind the other. */
  readonly memory: ArrayBuffer;
  readonly outputs: readonly Uint8Array[];
  readonly states: Uint32Array;
  readonly #isManual: boolean;
  readonly #devices: (MemoryDevice | undefined)[];

  constructor(options: MemoryMachineOptions = {}) {
    const { peers = 3, vectors = 1, outputBytes = 0x2000, protocol = 0, delivery = "turns" } = options;
    this.peers = peers;
    this.vectors = vectors;
    this.protocol = protocol;
    this.memory = new ArrayBuffer(peers * outputBytes);
    this.outputs = Array.from(
      { length: peers },
      (_, peer) => new Uint8Array(this.memory, peer * outputBytes, outputBytes),
    );
    this.states = new Uint32Array(peers);
    this.#isManual = delivery === "manual";
    this.#devices = Array.from({ length: peers }, () => undefined);
  }

  /** Opens the end of `peer`; one that is open is cut off, as its program is gone. */
  open(peer: number): MemoryDevice {
    this.kill(peer);
    const device = new MemoryDevice(this, peer);
    this.#devices[peer] = device;
    return device;
  }

  /** Lets every interrupt that is on its way arrive; returns how many there were. */
  deliver(): number {
    return this.#devices.filter((device) => device?.deliver() === true).length;
  }

  /** The program of `peer` is gone without a word: the kernel writes 0 to its state word. */
  kill(peer: number): void {
    this.crash(peer);
    this.setState(peer, 0);
  }

  /** The cell of `peer` stops dead: its state word stays, and nobody is told. */
  crash(peer: number): void {
    const device = this.#devices[peer];
    this.#devices[peer] = undefined;
    device?.vanish();
  }

  /** Writes a state word, as the hypervisor or a stray program would. */
  setState(peer: number, value: number): void {
    if (this.states[peer] === value) return;
    this.states[peer] = value;
    for (const device of this.#devices) if (device !== undefined && device.id !== peer) this.interrupt(device.id);
  }

  /** Interrupts a peer that is there and armed; no other is told. */
  interrupt(peer: number): void {
    const device = this.#devices[peer];
    if (device?.raise() === true && !this.#isManual) setImmediate(() => device.deliver());
  }

  /** @internal The device is closed. */
  left(device: MemoryDevice): void {
    if (this.#devices[device.id] === device) this.#devices[device.id] = undefined;
  }
}

/** The end of one peer on a {@link MemoryMachine}. It has no R/W section and no fallback poll of its own. */
export class MemoryDevice implements IvshmemDevice {
  readonly id: number;
  readonly name: string;
  readonly maxPeers: number;
  readonly vectors: number;
  readonly protocol: number;
  readonly stateTable: StateTable;
  readonly rwSection: OutputSection | undefined = undefined;
  readonly outputSection: OutputSection;
  readonly events: TypedEmitter<IvshmemDeviceEvents> = new EventEmitter() as TypedEmitter<IvshmemDeviceEvents>;
  readonly #machine: MemoryMachine;
  readonly #inputs: readonly ReadonlySection[];
  readonly #reported: number[];
  #isArmed = true;
  #isPending = false;
  #closed = false;
  /** Doorbells and state changes that have interrupted this peer. */
  interrupts = 0;

  constructor(machine: MemoryMachine, id: number) {
    this.#machine = machine;
    this.id = id;
    this.name = `memory:${id}`;
    this.maxPeers = machine.peers;
    this.vectors = machine.vectors;
    this.protocol = machine.protocol;
    this.outputSection = new OutputSection(machine.outputs[id] as Uint8Array);
    this.#inputs = machine.outputs.map((bytes) => new ReadonlySection(bytes));
    this.#reported = [...machine.states];
    this.stateTable = {
      length: machine.peers,
      get: (peer) => this.#word(peer),
      snapshot: () => [...machine.states],
    };
  }

  get closed(): boolean {
    return this.#closed;
  }

  inputSection(peer: number): ReadonlySection {
    const section = this.#inputs[peer];
    if (section === undefined) throw new RangeError(`Peer ${peer} cannot be on ${this.name}`);
    return section;
  }

  setState(value: number): void {
    this.#requireOpen();
    this.#reported[this.id] = value >>> 0;
    this.#machine.setState(this.id, value >>> 0);
  }

  ring(peer: number, vector = 0): void {
    this.#requireOpen();
    if (vector >= this.vectors) throw new RangeError(`Vector ${vector} cannot be rung as ${this.name} has fewer`);
    this.#machine.interrupt(peer);
  }

  rearm(): void {
    this.#requireOpen();
    this.#isArmed = true;
    this.#reportStateChanges();
  }

  /** Emits `poll`, as the timer of another device would. */
  poll(): void {
    this.rearm();
    this.events.emit("poll");
  }

  close(): void {
    if (this.#closed) return;
    this.#machine.setState(this.id, 0);
    this.vanish();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  /** Takes an interrupt in, once until it is delivered. Returns false if it goes unheard. */
  raise(): boolean {
    if (!this.#isArmed || this.#closed) return false;
    this.#isArmed = false;
    this.#isPending = true;
    return true;
  }

  /** Arms again, then tells of the interrupt that was taken in. */
  deliver(): boolean {
    if (!this.#isPending || this.#closed) return false;
    this.#isPending = false;
    this.#isArmed = true;
    this.interrupts += 1;
    this.#reportStateChanges();
    if (!this.#closed) this.events.emit("interrupt", 1);
    return true;
  }

  /** Closes without a word to anybody but its own listeners. */
  vanish(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#machine.left(this);
    this.events.emit("close");
  }

  #word(peer: number): number {
    const value = this.#machine.states[peer];
    if (value === undefined) throw new RangeError(`Peer ${peer} has no state word`);
    return value;
  }

  #reportStateChanges(): void {
    this.#machine.states.forEach((value, peer) => {
      const previous = this.#reported[peer] as number;
      if (value === previous) return;
      this.#reported[peer] = value;
      this.events.emit("state", peer, value, previous);
    });
  }

  #requireOpen(): void {
    if (this.#closed) throw new IntercellError(ErrorCode.CLOSED, `The device ${this.name} is closed; open it again`);
  }
}
