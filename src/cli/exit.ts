import { isIntercellError } from "../errors.js";

/** Exit codes of the command. A signal that ends it gives 128 and the signal's number, as in a shell. */
export const ExitCode = {
  DONE: 0,
  /** What was asked for could not be done, or not all of it. */
  FAILED: 1,
  /** The command line is wrong. */
  USAGE: 2,
} as const;

/** The command did its work and found that something is wrong: printed as one line, without a stack. */
export class CommandFailure extends Error {
  constructor(message: string) {
    super(message);
    this.name = "CommandFailure";
  }
}

/** What to print of an error that ended the command, and the exit code. Only an error nobody foresaw shows its stack. */
export function describeFailure(error: unknown): { readonly text: string; readonly exitCode: number } {
  if (error instanceof CommandFailure || isIntercellError(error)) {
    return { text: `intercell: ${error.message}`, exitCode: ExitCode.FAILED };
  }
  if (error instanceof TypeError || error instanceof RangeError) {
    return { text: `intercell: ${error.message}`, exitCode: ExitCode.USAGE };
  }
  const shown = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return { text: `intercell: ${shown}`, exitCode: ExitCode.FAILED };
}
