import { MemoryMachine } from "../support/memory-device.js";
import type { Cell, Entry, Language, Stage } from "./cell.js";
import { NativeCell, type ProbeLibrary } from "./native-cell.js";
import { TypeScriptCell } from "./typescript-cell.js";

/** A machine in the memory of this process; the C library is called in it. */
export class MemoryStage implements Stage {
  readonly machine = new MemoryMachine();
  readonly #library: ProbeLibrary;
  readonly #cells: Cell[] = [];
  #lives = 0;

  constructor(library: ProbeLibrary) {
    this.#library = library;
  }

  start(language: Language, peer: number): Promise<Cell> {
    const cell = language === "C" ? this.#startNative(peer) : this.#startTypeScript(peer);
    this.#cells.push(cell);
    return Promise.resolve(cell);
  }

  async close(): Promise<void> {
    for (const cell of this.#cells) await cell.kill();
  }

  #startTypeScript(peer: number): Cell {
    const entries: Entry[] = [];
    const device = this.machine.open(peer);
    const cell = new TypeScriptCell(device, (...entry) => entries.push(entry));
    return {
      language: "TypeScript",
      peer,
      entries,
      tell: (name, ...numbers) => {
        const result = cell.run(String(name), numbers.map(Number));
        return Promise.resolve(result);
      },
      kill: () => {
        if (!device.closed) this.machine.kill(peer);
        return Promise.resolve();
      },
    };
  }

  #startNative(peer: number): Cell {
    const entries: Entry[] = [];
    this.#lives += 1;
    const cell = new NativeCell(this.#library, this.machine, peer, 1000 * this.#lives, (...entry) =>
      entries.push(entry),
    );
    let isAlive = true;
    return {
      language: "C",
      peer,
      entries,
      tell: (...command) => Promise.resolve(cell.run(command.join(" "))),
      kill: () => {
        cell.kill();
        if (isAlive) this.machine.kill(peer);
        isAlive = false;
        return Promise.resolve();
      },
    };
  }
}
