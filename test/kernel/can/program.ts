import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

/** A program in Python beside this file, which takes lines and prints lines. */
export class PythonProgram {
  readonly #child: ChildProcess;
  readonly #ended: Promise<unknown>;
  readonly #lines: string[] = [];
  #wake: (() => void) | undefined;

  constructor(name: string) {
    const path = fileURLToPath(new URL(`./programs/${name}`, import.meta.url));
    this.#child = spawn("/usr/bin/python3", [path], { stdio: ["pipe", "pipe", "inherit"] });
    this.#ended = once(this.#child, "close").then(() => this.#wake?.());
    if (this.#child.stdout === null) throw new Error("The program has no standard output");
    createInterface({ input: this.#child.stdout }).on("line", (line) => {
      this.#lines.push(line);
      this.#wake?.();
    });
  }

  say(line: string): void {
    this.#child.stdin?.write(`${line}\n`);
  }

  /** The next line that it prints. */
  async line(): Promise<string> {
    for (;;) {
      const line = this.#lines.shift();
      if (line !== undefined) return line;
      if (this.#child.exitCode !== null) throw new Error(`The program ended with ${this.#child.exitCode}`);
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  async end(): Promise<void> {
    this.#child.stdin?.end();
    await this.#ended;
  }
}
