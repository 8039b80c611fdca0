import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const include = join(import.meta.dirname, "../../native/include");
const harness = join(import.meta.dirname, "../c");

/** What generated headers must be clean of, with every compiler. */
const strict = ["-Wall", "-Wextra", "-Wconversion", "-Werror", `-I${include}`];

/** Whether a tool can be run. */
export function hasTool(tool: string): boolean {
  try {
    execFileSync(tool, ["--version"], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}

/** A folder of sources, what is compiled from them, and headers; gone at the end of the block. */
export class Workshop implements Disposable {
  readonly path = mkdtempSync(join(tmpdir(), "intercell-gen-"));

  [Symbol.dispose](): void {
    rmSync(this.path, { recursive: true, force: true });
  }

  write(name: string, text: string): string {
    const path = join(this.path, name);
    writeFileSync(path, text);
    return path;
  }

  /** Compiles a source, or fails with what the compiler says; gives the path of what it made. */
  compile(compiler: string, options: readonly string[], source: string, output: string): string {
    const path = join(this.path, output);
    const command = [...strict, `-I${this.path}`, `-I${harness}`, ...options, source, "-o", path];
    try {
      execFileSync(compiler, command, { stdio: ["ignore", "ignore", "pipe"], encoding: "utf8" });
    } catch (error) {
      const { stderr } = error as { readonly stderr: string };
      throw new Error(`${compiler} ${options.join(" ")} refuses ${source}:\n${stderr.slice(0, 4000)}`);
    }
    return path;
  }

  /** The symbols that an object leaves to others. */
  undefinedSymbols(object: string): string {
    return execFileSync("nm", ["-u", object], { encoding: "utf8" });
  }

  /** Runs a command on a program that was compiled here and gives what it prints. */
  run([command = "", ...options]: readonly string[], input: string): string {
    return execFileSync(command, options, { input, encoding: "utf8", maxBuffer: 1 << 28 });
  }
}

/** Undefined behaviour and accesses out of bounds end the program. */
export const sanitizers: readonly string[] = [
  "-fsanitize=address,undefined",
  "-fno-sanitize-recover=all",
  "-g",
  "-O1",
  "-std=c11",
];
