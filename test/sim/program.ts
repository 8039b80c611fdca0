import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { expect } from "vitest";
import { bundleSource } from "../../scripts/bundle-source.mjs";
import type { CellProgram, Machine } from "../../src/sim/index.js";

/** The command that runs a program of test/sim/programs in a Node process. */
export async function programCommand(name: string): Promise<readonly string[]> {
  const source = fileURLToPath(new URL(`./programs/${name}.ts`, import.meta.url));
  return [process.execPath, await bundleSource(source)];
}

/** A cell that runs programs/cell.ts. */
export class ToldCell {
  readonly child: ChildProcess;
  readonly #printed: unknown[][] = [];
  #waiting: (() => void) | undefined;
  #ended = false;

  constructor(child: ChildProcess) {
    this.child = child;
    if (child.stdout === null) throw new TypeError("The cell's output must be a pipe");
    createInterface({ input: child.stdout })
      .on("line", (line) => {
        this.#printed.push(JSON.parse(line) as unknown[]);
        this.#waiting?.();
      })
      .on("close", () => {
        this.#ended = true;
        this.#waiting?.();
      });
  }

  /** The next event of that name, with what came before it left out. */
  async next(event: string): Promise<readonly unknown[]> {
    for (;;) {
      const index = this.#printed.findIndex(([name]) => name === event);
      const [found] = index < 0 ? [] : this.#printed.splice(0, index + 1).slice(-1);
      if (found !== undefined) return found.slice(1);
      if (this.#ended) throw new Error(`The cell ended without printing ${event}`);
      await new Promise<void>((resolve) => {
        this.#waiting = resolve;
      });
    }
  }

  /** Has a command carried out. */
  async tell(command: string): Promise<void> {
    this.child.stdin?.write(`${command}\n`);
    await this.next("ok");
  }

  /** Gives a command that is not answered. */
  leave(command: string): void {
    this.child.stdin?.write(`${command}\n`);
  }

  async exited(): Promise<void> {
    if (this.child.exitCode === null && this.child.signalCode === null) await once(this.child, "exit");
  }
}

/** How programs/cell.ts is started as a cell. */
export async function toldProgram(): Promise<CellProgram> {
  return { command: await programCommand("cell"), stdio: ["pipe", "pipe", "inherit"] };
}

/** Starts programs/cell.ts as a cell and waits until it has its device. */
export async function startToldCell(machine: Machine, cell: number | string = 1): Promise<ToldCell> {
  const told = new ToldCell(await machine.startCell(cell, await toldProgram()));
  await told.next("open");
  return told;
}

/** Whether a process runs; one that only waits for its parent to take note of its end does not. */
export function isRunning(pid: number): boolean {
  try {
    // The state follows the name in parentheses (proc(5)).
    return !/\) [ZX]/.test(readFileSync(`/proc/${pid}/stat`, "utf8"));
  } catch {
    return false;
  }
}

/** Waits until none of the processes runs. */
export async function allGone(...pids: readonly number[]): Promise<void> {
  await expect.poll(() => pids.filter(isRunning), { timeout: 10_000, interval: 5 }).toEqual([]);
}
