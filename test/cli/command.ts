import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { expect } from "vitest";
import { tracesOf } from "../support/processes.js";

/** The built program, as the manifest's `bin` names it. */
export const program = fileURLToPath(new URL("../../dist/cli/main.js", import.meta.url));

/** Longest wait for what a command is to print, in milliseconds: reached only if something hangs. */
const PRINT_TIMEOUT_MS = 60_000;

/** How a command ended and what it printed. */
export interface Ending {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** The built `intercell` command as a process. */
export class RunningCommand {
  readonly child: ChildProcess;
  readonly ended: Promise<Ending>;
  #stdout = "";
  #stderr = "";
  #wake: (() => void) | undefined;

  constructor(parameters: readonly string[]) {
    this.child = spawn(process.execPath, [program, ...parameters], { stdio: ["ignore", "pipe", "pipe"] });
    this.child.stdout?.setEncoding("utf8").on("data", (text: string) => {
      this.#stdout += text;
      this.#wake?.();
    });
    this.child.stderr?.setEncoding("utf8").on("data", (text: string) => {
      this.#stderr += text;
    });
    this.ended = once(this.child, "close").then(([code, signal]) => {
      this.#wake?.();
      return { code, signal, stdout: this.#stdout, stderr: this.#stderr };
    });
  }

  /** Waits until what was printed matches, and gives the match. */
  async printed(pattern: RegExp): Promise<RegExpExecArray> {
    const lateAtMs = performance.now() + PRINT_TIMEOUT_MS;
    for (;;) {
      const match = pattern.exec(this.#stdout);
      if (match !== null) return match;
      const leftMs = lateAtMs - performance.now();
      if (leftMs <= 0 || this.child.exitCode !== null) {
        throw new Error(`The command did not print ${pattern}, found: ${this.#stdout}${this.#stderr}`);
      }
      await this.#more(leftMs);
    }
  }

  /** Sends a signal and waits for the end. */
  async interrupt(signal: NodeJS.Signals = "SIGINT"): Promise<Ending> {
    this.child.kill(signal);
    return await this.ended;
  }

  async #more(timeoutMs: number): Promise<void> {
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, timeoutMs);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}

/** Runs the built command to its end. */
export async function runCommand(...parameters: readonly string[]): Promise<Ending> {
  return await new RunningCommand(parameters).ended;
}

/** Expects that nothing on this computer knows the machine any more. What was killed may take a moment to be gone. */
export async function expectNoTraces(machine: string): Promise<void> {
  await expect.poll(() => tracesOf(machine), { timeout: 10_000, interval: 20 }).toEqual([]);
}
