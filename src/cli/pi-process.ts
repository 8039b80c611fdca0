import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { ownProgram } from "../native.js";
import { CommandFailure } from "./exit.js";

/** Who follows a {@link PiProcess}. */
export interface PiListener<R> {
  reported(report: R): void;
  /** It ended by itself. */
  failed(error: Error): void;
}

/** One of the demo's two Pis as a process, which is talked to over Node's IPC channel and ends when this process does. */
export class PiProcess<C extends object = never> {
  readonly #child: ChildProcess;
  #doomed = false;

  private constructor(child: ChildProcess) {
    this.#child = child;
  }

  /** Starts a program of this package, such as `cli/jitter-display-main`. */
  static async start<R extends object, C extends object = never>(
    name: string,
    program: string,
    parameters: readonly string[],
    env: NodeJS.ProcessEnv,
    listener: PiListener<R>,
  ): Promise<PiProcess<C>> {
    const path = await ownProgram(program);
    const child = spawn(process.execPath, [path, ...parameters], {
      env: { ...process.env, ...env },
      stdio: ["ignore", "inherit", "inherit", "ipc"],
    });
    const pi = new PiProcess<C>(child);
    child.on("message", (report) => listener.reported(report as R));
    child.once("error", (error) => listener.failed(error));
    child.once("exit", (code, signal) => {
      if (!pi.#doomed) listener.failed(new CommandFailure(`${name} ended by itself (${signal ?? code})`));
    });
    return pi;
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  /** Gives a command. */
  tell(command: C): void {
    if (this.#child.connected) this.#child.send(command);
  }

  /** Kills it with SIGKILL and waits until it is gone. Idempotent. */
  async kill(): Promise<void> {
    this.#doomed = true;
    const { exitCode, signalCode, pid } = this.#child;
    if (exitCode !== null || signalCode !== null || pid === undefined) return;
    const exit = once(this.#child, "exit");
    this.#child.kill("SIGKILL");
    await exit;
  }
}

/**
 * The other end: makes this process one that ends with its starter, and by nothing that a terminal sends to both. Gives what reports
 * to the starter.
 */
export function servePi<R extends object>(): (report: R) => void {
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => {});
  process.once("disconnect", () => process.exit(0));
  return (report) => {
    // The starter may be going away just now, which "disconnect" tells.
    if (process.connected) process.send?.(report, undefined, undefined, () => {});
  };
}
