import { spawn, spawnSync } from "node:child_process";
import { setMaxListeners } from "node:events";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A program that measures: it prints one line of JSON at its end, or nothing if it only takes part. */
export interface Program {
  readonly command: readonly string[];
  /** CPU to run on; ignored where there is no taskset or only one CPU. */
  readonly core?: number;
  /** Added to the environment. */
  readonly env?: Readonly<Record<string, string>>;
}

/** Longest time for one program in milliseconds. */
const MAX_RUN_MS = 120_000;

const canPin = spawnSync("taskset", ["-c", "1", "true"], { stdio: "ignore" }).status === 0;

/** The command of a bundled program with its options, to be run by this Node. */
export function nodeProgram(
  name: string,
  options: object,
  placing: { readonly core?: number; readonly flags?: readonly string[] } = {},
): Program {
  const { core, flags = [] } = placing;
  const path = new URL(`./program/${name}-main.mjs`, import.meta.url).pathname;
  const command = [process.execPath, ...flags, path, JSON.stringify(options)];
  return core === undefined ? { command } : { command, core };
}

let sockets = 0;

/** A path for a Unix socket that nothing else uses. */
export function socketPath(): string {
  sockets += 1;
  return join(tmpdir(), `intercell-bench-${process.pid}-${sockets}.sock`);
}

/** The options that {@link nodeProgram} gave to this program. */
export function programOptions<T>(): T {
  return JSON.parse(process.argv[2] ?? "{}") as T;
}

/** Tells the result to whoever started this program. */
export function report(result: object): void {
  process.stdout.write(`${JSON.stringify(result)}\n`);
}

/**
 * Runs programs that belong together, all at once, and gives the result of each; undefined for one that prints
 * nothing. If one fails the others are killed.
 */
export async function runPrograms(programs: readonly Program[]): Promise<unknown[]> {
  const abort = new AbortController();
  setMaxListeners(programs.length + 1, abort.signal);
  const runs = programs.map((program) => runProgram(program, abort.signal));
  try {
    return await Promise.all(runs);
  } catch (error) {
    abort.abort();
    await Promise.allSettled(runs);
    throw error;
  }
}

/** Runs one program and gives its result. */
export async function runAlone<T>(program: Program): Promise<T> {
  const [result] = await runPrograms([program]);
  return result as T;
}

function runProgram(program: Program, signal: AbortSignal): Promise<unknown> {
  const [file = "", ...args] = pinned(program);
  const child = spawn(file, args, {
    env: { ...process.env, ...program.env },
    stdio: ["ignore", "pipe", "pipe"],
    signal,
    killSignal: "SIGKILL",
    timeout: MAX_RUN_MS,
  });
  const output = { stdout: "", stderr: "" };
  child.stdout.on("data", (chunk: Buffer) => {
    output.stdout += chunk;
  });
  child.stderr.on("data", (chunk: Buffer) => {
    output.stderr += chunk;
  });
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code, killed) => {
      if (code === 0) {
        resolve(parseResult(output.stdout));
        return;
      }
      const why = killed === null ? `exit code ${code}` : `signal ${killed} (the limit is ${MAX_RUN_MS / 1000} s)`;
      reject(new Error(`"${program.command.join(" ")}" ended with ${why}: ${output.stderr.trim()}`));
    });
  });
}

function pinned({ command, core }: Program): readonly string[] {
  return core === undefined || !canPin ? command : ["taskset", "-c", String(core), ...command];
}

function parseResult(stdout: string): unknown {
  const line = stdout.trim().split("\n").at(-1) ?? "";
  return line === "" ? undefined : (JSON.parse(line) as unknown);
}
