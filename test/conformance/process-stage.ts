import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { type Cell, type Entry, type Language, type Stage, waitUntil } from "./cell.js";

/** A machine on which processes are cells. */
export interface ProcessMachine {
  /** Starts a process that is the cell of `peer`, with pipes for its input and output. */
  spawn(language: Language, peer: number): ChildProcess | Promise<ChildProcess>;
  close(): Promise<void> | void;
}

/** Starts a program of the tests with pipes for its input and output. */
export function spawnPiped(command: readonly string[], env: Readonly<Record<string, string>> = {}): ChildProcess {
  const [file = "", ...parameters] = command;
  return spawn(file, parameters, { env: { ...process.env, ...env }, stdio: ["pipe", "pipe", "inherit"] });
}

/** Cells in processes. The machine is closed with the stage. */
export class ProcessStage implements Stage {
  readonly #machine: ProcessMachine;
  readonly #cells: Cell[] = [];

  constructor(machine: ProcessMachine) {
    this.#machine = machine;
  }

  async start(language: Language, peer: number): Promise<Cell> {
    const cell = new ProcessCell(language, peer, await this.#machine.spawn(language, peer));
    this.#cells.push(cell);
    await waitUntil(
      () => cell.isReady,
      () => `the process of peer ${peer} in ${language} started`,
    );
    return cell;
  }

  async close(): Promise<void> {
    for (const cell of this.#cells) await cell.kill();
    await this.#machine.close();
  }
}

/** A cell in a process that takes commands on its input and tells on its output. */
class ProcessCell implements Cell {
  readonly language: Language;
  readonly peer: number;
  readonly entries: Entry[] = [];
  readonly #child: ChildProcess;
  readonly #exited: Promise<unknown>;
  readonly #results: number[] = [];
  #commands = 0;
  isReady = false;

  constructor(language: Language, peer: number, child: ChildProcess) {
    this.language = language;
    this.peer = peer;
    this.#child = child;
    this.#exited = once(child, "exit");
    if (child.stdout === null || child.stdin === null) throw new TypeError("The cell's input and output must be pipes");
    // A cell that is killed does not read what was written to it.
    child.stdin.on("error", () => undefined);
    createInterface({ input: child.stdout }).on("line", (line) => this.#take(JSON.parse(line) as Entry));
  }

  async tell(...command: readonly (string | number)[]): Promise<number> {
    const number = this.#commands;
    this.#commands += 1;
    this.#child.stdin?.write(`${command.join(" ")}\n`);
    await waitUntil(
      () => this.#results.length > number,
      () => `peer ${this.peer} in ${this.language} did ${command.join(" ")}`,
    );
    return this.#results[number] as number;
  }

  async kill(): Promise<void> {
    this.#child.kill("SIGKILL");
    await this.#exited;
  }

  #take(entry: Entry): void {
    const [event, value] = entry;
    if (event === "ready") this.isReady = true;
    else if (event === "done") this.#results.push(Number(value));
    else this.entries.push(entry);
  }
}
