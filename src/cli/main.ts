#!/usr/bin/env node
import { CommanderError } from "commander";
import { describeFailure, ExitCode } from "./exit.js";
import { Interruption } from "./interruption.js";
import { createProgram } from "./program.js";

try {
  await createProgram().parseAsync(process.argv);
} catch (error) {
  process.exitCode = report(error);
}

/** Says on the standard error what there is to say, and gives the exit code. */
function report(error: unknown): number {
  // Commander has printed its message, or the help or version that was asked for.
  if (error instanceof CommanderError) return error.exitCode === 0 ? ExitCode.DONE : ExitCode.USAGE;
  if (error instanceof Interruption) return error.exitCode;
  const { text, exitCode } = describeFailure(error);
  process.stderr.write(`${text}\n`);
  return exitCode;
}
