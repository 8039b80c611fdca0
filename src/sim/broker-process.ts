import { type ChildProcess, type ChildProcessByStdio, spawn } from "node:child_process";
import type { Socket } from "node:net";
import type { Readable, Writable } from "node:stream";
import { ErrorCode, IntercellError } from "../errors.js";
import { ownProgram } from "../native.js";
import type { BrokerOptions } from "./broker.js";
import type { WaitOptions } from "./client.js";

/** Time that a broker has to end by itself before it is killed. */
const END_TIMEOUT_MS = 2_000;

type Child = ChildProcessByStdio<Writable, Readable, Readable>;

/** The broker of a machine as its starter holds it: on a leash that the kernel lets go when the starter ends. */
export class BrokerProcess {
  /** Fulfilled when the process is gone, whatever the reason. */
  readonly ended: Promise<void>;
  readonly #child: Child;

  /** @internal Use {@link startBroker}. */
  constructor(child: Child) {
    this.#child = child;
    this.ended = whenEnded(child);
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  /** Lets the broker go and waits until it is gone. */
  async end(): Promise<void> {
    this.#child.ref();
    this.#child.stdin.end();
    const timer = setTimeout(() => this.#child.kill("SIGKILL"), END_TIMEOUT_MS);
    await this.ended;
    clearTimeout(timer);
  }
}

/**
 * Starts a broker and waits until it can be connected to.
 *
 * @throws IntercellError such as `EADDRINUSE` if the name is taken.
 */
export async function startBroker(options: Omit<BrokerOptions, "ownerPid">, wait: WaitOptions): Promise<BrokerProcess> {
  const program = await ownProgram("sim/broker-main");
  wait.signal?.throwIfAborted();
  // The broker is no place for the starter's debugger or loaders.
  const { NODE_OPTIONS: _, ...env } = process.env;
  const child = spawn(process.execPath, [program, JSON.stringify(options)], { env, stdio: ["pipe", "pipe", "pipe"] });
  const broker = new BrokerProcess(child);
  child.stdin.on("error", () => undefined);
  try {
    await ready(child, wait);
  } catch (error) {
    child.kill("SIGKILL");
    await broker.ended;
    throw error;
  }
  release(child);
  return broker;
}

/** Takes the broker out of the reasons for which the event loop goes on. */
function release(child: Child): void {
  child.stdout.destroy();
  child.stderr.resume();
  child.unref();
  (child.stdin as Socket).unref();
  (child.stderr as Socket).unref();
}

/** Waits for the one line that the broker writes. */
async function ready(child: Child, { signal, timeoutMs = 10_000 }: WaitOptions): Promise<void> {
  let printed = "";
  let complaints = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    complaints = (complaints + text).slice(-2_000);
  });
  await new Promise<void>((resolve, reject) => {
    const onAbort = () => finish(signal?.reason);
    const timer = setTimeout(
      () => finish(noBroker(ErrorCode.TIMEOUT, `it was not ready within ${timeoutMs} ms`)),
      timeoutMs,
    );
    const finish = (error?: unknown) => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", onAbort);
      if (error === undefined) resolve();
      else reject(error);
    };
    signal?.addEventListener("abort", onAbort);
    child.once("error", (cause) => finish(noBroker(ErrorCode.UNSUPPORTED, cause.message, cause)));
    child.once("close", () => finish(noBroker(ErrorCode.UNSUPPORTED, complaints.trim() || "it ended at once")));
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      printed += text;
      if (printed.includes("\n")) finish(faultIn(printed));
    });
  });
  child.removeAllListeners("close");
}

function faultIn(line: string): IntercellError | undefined {
  const { error } = JSON.parse(line) as { error?: { code: string; message: string } };
  return error && cannotStart(error);
}

function cannotStart({ code, message }: { code: string; message: string }): IntercellError {
  const advice = "a machine of that name runs already: stop it, choose another name, or see: intercell sim list";
  const reason = code === "EADDRINUSE" ? advice : message;
  return new IntercellError(code, `The simulated machine cannot start: ${reason}`);
}

function noBroker(code: ErrorCode, reason: string, cause?: unknown): IntercellError {
  return new IntercellError(code, `Cannot start the broker of a simulated machine: ${reason}`, { cause });
}

async function whenEnded(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  await new Promise<void>((resolve) => {
    child.once("exit", () => resolve()).once("error", () => resolve());
  });
}
