import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import { createInterface } from "node:readline";
import { bundleSource } from "../../scripts/bundle-source.mjs";

/** What a program printed: the name of an event, then what belongs to it. */
export type Report = readonly [event: string, ...values: readonly unknown[]];

/** Longest wait for a line of a program, in milliseconds: reached only if something hangs. */
const REPORT_TIMEOUT_MS = 20_000;

/**
 * A Node process that runs a program of the tests. Commands go to its standard input and reports come from its
 * standard output, one JSON array a line.
 */
export class Program {
  readonly child: ChildProcess;
  /** All that was reported so far. */
  readonly reports: Report[] = [];
  readonly exited: Promise<void>;
  #next = 0;
  #ended = false;
  #wake: (() => void) | undefined;

  /** @param prefix of the command, such as `ip netns exec name`. */
  constructor(bundle: string, parameters: readonly string[] = [], prefix: readonly string[] = []) {
    const [command = "", ...rest] = [...prefix, process.execPath, bundle, ...parameters];
    this.child = spawn(command, rest, { stdio: ["pipe", "pipe", "inherit"] });
    const { stdin, stdout } = this.child;
    if (stdin === null || stdout === null) throw new TypeError("The program's input and output must be pipes");
    // A program that is killed does not read what was written to it.
    stdin.on("error", () => undefined);
    this.exited = once(this.child, "exit").then(() => undefined);
    createInterface({ input: stdout })
      .on("line", (line) => this.#add(JSON.parse(line) as Report))
      .on("close", () => {
        this.#ended = true;
        this.#wake?.();
      });
  }

  get pid(): number {
    return this.child.pid ?? 0;
  }

  /** Gives a command. It is in the program's pipe when this returns, even if this event loop does not run for a while. */
  tell(...command: readonly unknown[]): void {
    this.child.stdin?.write(`${JSON.stringify(command)}\n`);
  }

  /** Waits for the next report of that name, those before it left out; gives its values. */
  async next(event: string, timeoutMs = REPORT_TIMEOUT_MS): Promise<readonly unknown[]> {
    const lateAtMs = performance.now() + timeoutMs;
    for (;;) {
      while (this.#next < this.reports.length) {
        const [name, ...values] = this.reports[this.#next++] as Report;
        if (name === event) return values;
      }
      if (this.#ended) throw new Error(`Program ${this.pid} ended without reporting ${event}: ${this.#printed}`);
      const leftMs = lateAtMs - performance.now();
      if (leftMs <= 0)
        throw new Error(`Program ${this.pid} did not report ${event} in ${timeoutMs} ms: ${this.#printed}`);
      await this.#line(leftMs);
    }
  }

  /** Kills the process with SIGKILL. It is dying when this returns; {@link exited} tells when it is gone. */
  kill(): void {
    this.child.kill("SIGKILL");
  }

  get #printed(): string {
    return JSON.stringify(this.reports.slice(-10));
  }

  #add(report: Report): void {
    this.reports.push(report);
    this.#wake?.();
  }

  async #line(timeoutMs: number): Promise<void> {
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, timeoutMs);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}

/** Processes of one program that have started up and wait for their first command, so that a restart takes no time. */
export class WarmPool {
  readonly #bundle: string;
  readonly #ready: Promise<Program>[] = [];
  readonly #all = new Set<Program>();

  private constructor(bundle: string) {
    this.#bundle = bundle;
  }

  /** `source` is the path of a program that reports `ready`; `size` of them are kept waiting. */
  static async open(source: string, size: number): Promise<WarmPool> {
    const pool = new WarmPool(await bundleSource(source));
    for (let count = 0; count < size; count += 1) pool.#refill();
    return pool;
  }

  /** A process that is ready; unless told otherwise another one starts in its place. */
  async take({ refill = true } = {}): Promise<Program> {
    const program = await this.#ready.shift();
    if (program === undefined) throw new RangeError("The pool has no process left to give");
    if (refill) this.#refill();
    return program;
  }

  /** Kills all processes that the pool ever made and waits until they are gone. Gives what they reported as `fault`. */
  async close(): Promise<readonly Report[]> {
    const programs = [...this.#all];
    for (const program of programs) program.kill();
    await Promise.all(programs.map((program) => program.exited));
    await Promise.allSettled(this.#ready);
    return programs.flatMap(({ reports }) => reports.filter(([event]) => event === "fault"));
  }

  #refill(): void {
    const program = new Program(this.#bundle);
    this.#all.add(program);
    const ready = program.next("ready").then(() => program);
    ready.catch(() => undefined);
    this.#ready.push(ready);
  }
}

/**
 * Where a name still shows on this computer: in command lines, environments, mappings and descriptors of processes, as
 * a socket, as a file in the folders for what does not last.
 */
export function tracesOf(name: string): readonly string[] {
  const traces: string[] = [];
  for (const entry of readdirSync("/proc")) {
    if (!/^\d+$/.test(entry)) continue;
    for (const part of ["cmdline", "environ", "maps"]) {
      if (quietly("", () => readFileSync(`/proc/${entry}/${part}`, "latin1")).includes(name)) {
        traces.push(`/proc/${entry}/${part}`);
      }
    }
    for (const descriptor of quietly<readonly string[]>([], () => readdirSync(`/proc/${entry}/fd`))) {
      const path = `/proc/${entry}/fd/${descriptor}`;
      if (quietly("", () => readlinkSync(path)).includes(name)) traces.push(path);
    }
  }
  if (readFileSync("/proc/net/unix", "latin1").includes(name)) traces.push("/proc/net/unix");
  for (const folder of ["/dev/shm", "/tmp", "/run", "/var/tmp"]) {
    const files = quietly<readonly string[]>([], () => readdirSync(folder));
    traces.push(...files.filter((file) => file.includes(name)).map((file) => `${folder}/${file}`));
  }
  return traces;
}

/** Processor time that the threads of a process which are alive have used, in milliseconds. */
export function cpuTimeMs(pid: number): number {
  // The first field is nanoseconds on the processor (Documentation/scheduler/sched-stats.rst of Linux).
  return readdirSync(`/proc/${pid}/task`)
    .map((thread) => Number(readFileSync(`/proc/${pid}/task/${thread}/schedstat`, "latin1").split(" ")[0]) / 1e6)
    .reduce((sum, each) => sum + each, 0);
}

/** A process or descriptor may be gone by the time it is looked at. */
function quietly<T>(otherwise: T, look: () => T): T {
  try {
    return look();
  } catch {
    return otherwise;
  }
}
