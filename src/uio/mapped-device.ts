import { EventEmitter } from "node:events";
import type { TypedEmitter } from "../emitter.js";
import { ErrorCode, IntercellError, systemError } from "../errors.js";
import {
  closePoller,
  createPoller,
  type Descriptor,
  type Poller,
  type Registers,
  unmapRegisters,
  writeRegister,
} from "../native.js";
import type { IvshmemDevice, IvshmemDeviceEvents } from "./device.js";
import { doorbellValue, Register } from "./registers.js";
import { OutputSection, ReadonlySection, unmapAll } from "./section.js";
import { MappedStateTable } from "./state-table.js";

/** What a device is made of once its memory is mapped; {@link MappedDevice} owns all of it from then on. */
export interface DeviceParts {
  readonly name: string;
  readonly id: number;
  readonly maxPeers: number;
  /** Number of doorbell vectors, 1 with INTx. */
  readonly vectors: number;
  readonly protocol: number;
  readonly registers: Registers;
  /** One word for each peer, mapped read-only. */
  readonly stateTable: Uint32Array;
  readonly rwSection: Uint8Array | undefined;
  readonly outputSection: Uint8Array | undefined;
  /** The output sections by peer id, mapped read-only; empty if outputs are absent. */
  readonly inputSections: readonly Uint8Array[];
  /** Every mapping that the views above lie in. */
  readonly buffers: readonly ArrayBuffer[];
  readonly interrupt: InterruptSource;
  /** Period of the fallback poll; 0 switches it off. */
  readonly fallbackPollMs: number;
  /**
   * Why the device is gone, or `undefined` while it stands. Asked before a register is touched outside the answer to an
   * interrupt, as that may be SIGBUS then. @defaultValue it stands until its descriptor fails
   */
  readonly gone?: () => IntercellError | undefined;
  /** Closes the descriptors. Called once, after the last mapping is gone. */
  readonly release: () => void;
}

/** The descriptor that becomes readable with an interrupt. */
export interface InterruptSource {
  readonly descriptor: Descriptor;
  /** 8 for an eventfd, whose count is since the last read; 4 for UIO, whose count is a running total. */
  readonly countBytes: 4 | 8;
}

/**
 * An ivshmem device over mapped memory, whoever mapped it: what a kernel device and one of the simulated machine share.
 * The interrupt is armed from the start; the state word is left alone until {@link setState}.
 */
export class MappedDevice implements IvshmemDevice {
  readonly name: string;
  readonly id: number;
  readonly maxPeers: number;
  readonly vectors: number;
  readonly protocol: number;
  readonly stateTable: MappedStateTable;
  readonly rwSection: OutputSection | undefined;
  readonly outputSection: OutputSection | undefined;
  readonly events = new EventEmitter() as TypedEmitter<IvshmemDeviceEvents>;
  readonly #inputSections: readonly ReadonlySection[];
  readonly #parts: DeviceParts;
  readonly #poller: Poller;
  readonly #timer: NodeJS.Timeout | undefined;
  /** The state words as last reported, or as this side wrote its own. */
  readonly #reported: number[];
  #runningTotal: number | undefined;
  #closed = false;

  constructor(parts: DeviceParts) {
    this.name = parts.name;
    this.id = parts.id;
    this.maxPeers = parts.maxPeers;
    this.vectors = parts.vectors;
    this.protocol = parts.protocol;
    this.#parts = parts;
    this.stateTable = new MappedStateTable(parts.stateTable);
    this.rwSection = parts.rwSection && new OutputSection(parts.rwSection);
    this.outputSection = parts.outputSection && new OutputSection(parts.outputSection);
    this.#inputSections = parts.inputSections.map((memory) => new ReadonlySection(memory));
    this.#poller = createPoller(
      parts.interrupt.descriptor,
      {
        countBytes: parts.interrupt.countBytes,
        rearm: { registers: parts.registers, offsetBytes: Register.INT_CONTROL, value: 1 },
      },
      (_events, count) => this.#onInterrupt(count),
    );
    // A change between these two lines raises an interrupt and is in the snapshot already: nothing is unheard.
    writeRegister(parts.registers, Register.INT_CONTROL, 1);
    this.#reported = [...this.stateTable.snapshot()];
    if (parts.fallbackPollMs > 0) {
      this.#timer = setInterval(() => this.#onPoll(), parts.fallbackPollMs).unref();
    }
  }

  get closed(): boolean {
    return this.#closed;
  }

  inputSection(peer: number): ReadonlySection {
    this.#requirePeer(peer);
    const section = this.#inputSections[peer];
    if (section === undefined) {
      throw new IntercellError(
        ErrorCode.NO_SECTION,
        `Peer ${peer} has no output section as ${this.name} is configured without any; use the R/W section`,
      );
    }
    return section;
  }

  setState(value: number): void {
    const registers = this.#standing();
    if (!Number.isInteger(value) || value < 0 || value > 0xffffffff) {
      throw new RangeError(`A state is an unsigned 32-bit integer, not ${value}`);
    }
    writeRegister(registers, Register.STATE, value);
    this.#reported[this.id] = value;
  }

  ring(peer: number, vector = 0): void {
    const registers = this.#standing();
    this.#requirePeer(peer);
    if (!Number.isInteger(vector) || vector < 0 || vector >= this.vectors) {
      throw new RangeError(`Vector ${vector} cannot be rung as ${this.name} has ${this.vectors}, counted from 0`);
    }
    writeRegister(registers, Register.DOORBELL, doorbellValue(peer, vector));
  }

  rearm(): void {
    writeRegister(this.#standing(), Register.INT_CONTROL, 1);
    this.#reportStateChanges();
  }

  close(): void {
    if (this.#closed) return;
    try {
      if (this.#parts.gone?.() === undefined) writeRegister(this.#parts.registers, Register.STATE, 0);
    } finally {
      this.#fallSilent();
      this.#unmap();
    }
    this.events.emit("close");
  }

  [Symbol.dispose](): void {
    this.close();
  }

  /**
   * @internal Ends the device as the world took it away: nothing is written any more, as the registers of a device
   * that is gone may raise SIGBUS.
   */
  fail(error: Error): void {
    if (this.#closed) return;
    this.#fallSilent();
    try {
      // Before the memory goes, so that a listener can still tell what was left in it.
      this.events.emit("error", error);
    } finally {
      this.#unmap();
      this.events.emit("close");
    }
  }

  #onInterrupt(count: number): void {
    if (this.#closed) return;
    if (count < 0) {
      this.fail(
        systemError({
          errno: count,
          syscall: "read",
          path: this.name,
          wanted: "wait for interrupts",
          advice: "The device is gone: look whether Jailhouse was disabled or the driver unbound, then open it again.",
        }),
      );
      return;
    }
    const merged = this.#sinceLastRead(count);
    this.#reportStateChanges();
    if (!this.#closed) this.events.emit("interrupt", merged);
  }

  #onPoll(): void {
    const error = this.#parts.gone?.();
    if (error !== undefined) {
      this.fail(error);
      return;
    }
    writeRegister(this.#parts.registers, Register.INT_CONTROL, 1);
    this.#reportStateChanges();
    if (!this.#closed) this.events.emit("poll");
  }

  /** The first running total says only that there was an interrupt, as the total at the time of opening is unknown. */
  #sinceLastRead(count: number): number {
    if (this.#parts.interrupt.countBytes === 8) return count;
    const previous = this.#runningTotal;
    this.#runningTotal = count;
    return previous === undefined ? 1 : (count - previous) >>> 0;
  }

  #reportStateChanges(): void {
    for (let peer = 0; peer < this.maxPeers && !this.#closed; peer++) {
      const value = this.stateTable.get(peer);
      const previous = this.#reported[peer] ?? 0;
      if (value === previous) continue;
      // Noted first: a listener that throws or calls back in here must not meet the same change twice.
      this.#reported[peer] = value;
      this.events.emit("state", peer, value, previous);
    }
  }

  #fallSilent(): void {
    this.#closed = true;
    closePoller(this.#poller);
    clearInterval(this.#timer);
  }

  #unmap(): void {
    this.stateTable.release();
    for (const section of this.#inputSections) ReadonlySection.release(section);
    if (this.rwSection !== undefined) OutputSection.release(this.rwSection);
    if (this.outputSection !== undefined) OutputSection.release(this.outputSection);
    unmapAll(this.#parts.buffers);
    unmapRegisters(this.#parts.registers);
    this.#parts.release();
  }

  #open(): Registers {
    if (this.#closed) {
      throw new IntercellError(ErrorCode.CLOSED, `The device ${this.name} is closed; open it again`);
    }
    return this.#parts.registers;
  }

  /** The registers of a device that is open and has not gone; a device that has gone fails here. */
  #standing(): Registers {
    const registers = this.#open();
    const error = this.#parts.gone?.();
    if (error === undefined) return registers;
    this.fail(error);
    throw error;
  }

  #requirePeer(peer: number): void {
    if (!Number.isInteger(peer) || peer < 0 || peer >= this.maxPeers) {
      const found = typeof peer === "number" ? peer : JSON.stringify(peer);
      throw new RangeError(
        `Peer ${found} cannot be on ${this.name}: its peers are the integers 0 to ${this.maxPeers - 1}`,
      );
    }
  }
}
