import { type ChildProcess, type StdioOptions, spawn } from "node:child_process";
import { once } from "node:events";
import { requireKnownKeys, systemError } from "../errors.js";
import { MachineEnvironment } from "./names.js";

/** The program that runs as a cell. */
export interface CellProgram {
  /** The program and its arguments; the program is searched in PATH. */
  readonly command: readonly string[];
  /** Added to this process' environment. @defaultValue none */
  readonly env?: Readonly<Record<string, string>>;
  /** As in `child_process.spawn`. @defaultValue ["ignore", "inherit", "inherit"] */
  readonly stdio?: StdioOptions;
}

/** A process that was started as a cell. */
export class CellProcess {
  readonly child: ChildProcess;
  readonly program: CellProgram;
  /** Fulfilled when the process is gone. */
  readonly ended: Promise<void>;

  private constructor(child: ChildProcess, program: CellProgram) {
    this.child = child;
    this.program = program;
    this.ended = new Promise((resolve) => {
      if (this.#gone) resolve();
      else child.once("exit", () => resolve());
    });
  }

  /** @throws IntercellError such as `ENOENT` if the program cannot be run. */
  static async start(machine: string, cell: number, program: CellProgram): Promise<CellProcess> {
    requireKnownKeys("startCell", program, ["command", "env", "stdio"]);
    const { command, env, stdio = ["ignore", "inherit", "inherit"] } = program;
    const [file, ...parameters] = command;
    if (file === undefined) throw new TypeError("A cell's command names at least the program");
    const cellEnv = { [MachineEnvironment.MACHINE]: machine, [MachineEnvironment.PEER]: String(cell) };
    // A group of its own, so that a program behind a wrapper such as a shell is stopped with it.
    const child = spawn(file, parameters, { env: { ...process.env, ...env, ...cellEnv }, stdio, detached: true });
    try {
      await once(child, "spawn");
    } catch (cause) {
      const { errno = 0, syscall = "spawn" } = cause as NodeJS.ErrnoException;
      throw systemError({ errno, syscall, path: file, wanted: `start cell ${cell}`, cause });
    }
    return new CellProcess(child, program);
  }

  get pid(): number {
    return this.child.pid ?? 0;
  }

  /** Kills the process and its group, unless it has ended. */
  kill(): void {
    if (this.#gone) return;
    try {
      process.kill(-this.pid, "SIGKILL");
    } catch {
      // It ended this very moment.
    }
  }

  get #gone(): boolean {
    return this.child.exitCode !== null || this.child.signalCode !== null;
  }
}
