import ffi from "ffi-napi";
import ref from "ref-napi";
import type { MemoryDevice, MemoryMachine } from "../support/memory-device.js";
import type { Entry } from "./cell.js";

/** How often the C library looks without an interrupt, also for its heartbeat, in milliseconds. */
const SLOW_POLL_MS = 20;
const DOORBELL = 0x0c;
const STATE = 0x10;

/** The functions of probe_library.c. */
export type ProbeLibrary = ReturnType<typeof loadProbeLibrary>;

export function loadProbeLibrary(path: string) {
  return ffi.Library(path, {
    cell_start: ["pointer", ["uint32", "uint32", "pointer", "pointer", "uint32"]],
    cell_command: ["int", ["pointer", "string"]],
    cell_run: ["void", ["pointer"]],
    cell_take_writes: ["uint32", ["pointer", "pointer"]],
    cell_take_events: ["string", ["pointer"]],
    cell_free: ["void", ["pointer"]],
  });
}

/** A cell of the conformance tests in C, in this process, on the memory that the TypeScript side works with. */
export class NativeCell {
  readonly #library: ProbeLibrary;
  readonly #device: MemoryDevice;
  readonly #emit: (...entry: Entry) => void;
  readonly #cell: ReturnType<ProbeLibrary["cell_start"]>;
  readonly #writes = Buffer.alloc(512);
  readonly #timer: NodeJS.Timeout;
  #alive = true;

  constructor(
    library: ProbeLibrary,
    machine: MemoryMachine,
    peer: number,
    seed: number,
    emit: (...entry: Entry) => void,
  ) {
    this.#library = library;
    this.#emit = emit;
    this.#device = machine.open(peer);
    const { memory, states } = machine;
    const size = this.#device.outputSection.bytes.byteLength;
    this.#cell = library.cell_start(peer, size, Buffer.from(states.buffer), Buffer.from(memory), seed);
    if (ref.isNull(this.#cell)) throw new Error("The C cell cannot start on this memory");
    this.#device.events.on("interrupt", () => this.#run());
    this.#timer = setInterval(() => this.#run(), SLOW_POLL_MS);
    this.#take();
    this.#run();
  }

  run(command: string): number {
    if (!this.#alive) throw new Error("The C cell was killed");
    const result = this.#library.cell_command(this.#cell, command);
    this.#take();
    this.#run();
    return result;
  }

  /** The cell runs no more; nothing of it is tidied up. */
  kill(): void {
    if (!this.#alive) return;
    this.#alive = false;
    clearInterval(this.#timer);
    this.#library.cell_free(this.#cell);
  }

  #run(): void {
    if (!this.#alive) return;
    this.#library.cell_run(this.#cell);
    this.#take();
  }

  /** Does what the cell's register writes ask of the hypervisor, and tells its events. */
  #take(): void {
    const count = this.#library.cell_take_writes(this.#cell, this.#writes);
    for (let index = 0; index < count; index += 1) {
      const value = this.#writes.readUInt32LE(8 * index + 4);
      const register = this.#writes.readUInt32LE(8 * index);
      if (register === STATE) this.#device.setState(value);
      if (register === DOORBELL) this.#device.ring(value >>> 16, value & 0xffff);
    }
    const events = this.#library.cell_take_events(this.#cell) ?? "";
    for (const line of events.split("\n")) if (line !== "") this.#emit(...(JSON.parse(line) as Entry));
  }
}
