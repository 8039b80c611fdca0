import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { setTimeout as pause } from "node:timers/promises";

/** A program that runs beside the test, with what it prints line by line. */
export class Companion {
  readonly lines: string[] = [];
  readonly #child: ChildProcess;
  readonly #ended: Promise<unknown>;

  constructor(command: string, words: readonly string[]) {
    this.#child = spawn(command, words, { stdio: ["pipe", "pipe", "inherit"] });
    this.#ended = once(this.#child, "close");
    let rest = "";
    this.#child.stdout?.setEncoding("utf8").on("data", (text: string) => {
      const lines = (rest + text).split("\n");
      rest = lines.pop() ?? "";
      this.lines.push(...lines);
    });
  }

  /** The exit code; undefined while it runs, or if a signal ended it. */
  get exitCode(): number | undefined {
    return this.#child.exitCode ?? undefined;
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  write(text: string): void {
    this.#child.stdin?.write(text);
  }

  /** Waits until it prints a line; without one, until it prints any. */
  async line(text?: string): Promise<void> {
    while (!(text === undefined ? this.lines.length > 0 : this.lines.includes(text))) {
      if (this.#child.exitCode !== null) throw new Error(`The program ended with ${this.#child.exitCode}`);
      await pause(20);
    }
  }

  /** Waits for its end. */
  async end(): Promise<number | undefined> {
    await this.#ended;
    return this.exitCode;
  }

  kill(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  async stop(): Promise<void> {
    this.#child.kill();
    await this.#ended;
  }
}
