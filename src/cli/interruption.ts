import { constants } from "node:os";

/** Signals that ask a command to end. */
const signals = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/** Why a command ended before its time: a signal, or `SIGPIPE` for an output that nobody reads any more. */
export class Interruption extends Error {
  readonly signal: NodeJS.Signals;

  constructor(signal: NodeJS.Signals) {
    super(`Interrupted by ${signal}`);
    this.name = "Interruption";
    this.signal = signal;
  }

  /** As a shell reports the end of a program by this signal. */
  get exitCode(): number {
    return 128 + constants.signals[this.signal];
  }
}

/** Whether somebody asked for the end, rather than that nobody reads the output any more. */
export function isWantedEnd(error: unknown): boolean {
  return error instanceof Interruption && error.signal !== "SIGPIPE";
}

/**
 * Runs `action` with a signal that aborts with an {@link Interruption} when the process is asked to end, so that the
 * action can clean up. Asked a second time, the process ends at once.
 */
export async function withInterruption<T>(action: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const controller = new AbortController();
  const interrupt = (signal: NodeJS.Signals) => {
    for (const each of signals) process.off(each, interrupt);
    controller.abort(new Interruption(signal));
  };
  const broken = (error: NodeJS.ErrnoException) => {
    if (error.code !== "EPIPE") throw error;
    controller.abort(new Interruption("SIGPIPE"));
  };
  for (const each of signals) process.on(each, interrupt);
  // Stays for what is written after the action: an output without a reader is no fault of the command.
  process.stdout.on("error", broken);
  try {
    return await action(controller.signal);
  } finally {
    for (const each of signals) process.off(each, interrupt);
  }
}
