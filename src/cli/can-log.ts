import { open } from "node:fs/promises";
import type { Readable } from "node:stream";
import type { Command } from "commander";
import type { AscOptions, LogReader } from "../can/index.js";
import { CommandFailure } from "./exit.js";

/** Options of the commands that read a log. */
export interface LogInputOptions {
  readonly format?: string;
  readonly channels?: string;
  readonly utc?: boolean;
  readonly skipMalformed?: boolean;
}

export type LogFormat = "candump" | "asc";

export function addLogOptions(command: Command): Command {
  return command
    .option("--format <format>", "of the log that is read: candump or asc (default: by its name: *.asc is asc)")
    .option("--channels <names>", "interfaces of the channels of an asc log, from channel 1 on (default: can0,can1,…)")
    .option("--utc", "take the date of an asc log for UTC instead of local time")
    .option("--skip-malformed", "count lines that cannot be read instead of ending there");
}

/** @throws TypeError if the name of a format is given and none. */
export function formatOf(path: string, wanted: string | undefined): LogFormat {
  if (wanted === undefined) return /\.asc$/i.test(path) ? "asc" : "candump";
  if (wanted === "candump" || wanted === "asc") return wanted;
  throw new TypeError(`The format of a log is candump or asc, not ${JSON.stringify(wanted)}`);
}

export function ascOptionsOf({ channels, utc = false }: LogInputOptions): AscOptions {
  const timeZone = utc ? "utc" : "local";
  return channels === undefined ? { timeZone } : { timeZone, channels: channels.split(",") };
}

/** A log to be read from a file, or from the standard input if the path is `-`. */
export async function openLog(path: string, options: LogInputOptions): Promise<LogReader> {
  const { readAscLog, readCandumpLog } = await import("../can/index.js");
  const { skipMalformed = false } = options;
  const format = formatOf(path, options.format);
  const source: Readable = path === "-" ? process.stdin : await openFile(path);
  return format === "asc"
    ? readAscLog(source, { ...ascOptionsOf(options), skipMalformed })
    : readCandumpLog(source, { skipMalformed });
}

async function openFile(path: string): Promise<Readable> {
  try {
    return (await open(path)).createReadStream();
  } catch (error) {
    throw new CommandFailure(`Cannot read the log: ${error instanceof Error ? error.message : String(error)}`);
  }
}

/** What reading left out, as a sentence for people; empty if nothing. */
export function describeLeftOut({ statistics }: LogReader): string {
  const { malformedLines, droppedFrames } = statistics;
  const parts = [
    ...(malformedLines > 0 ? [`${malformedLines} lines could not be read`] : []),
    ...(droppedFrames > 0 ? [`${droppedFrames} frames were lost when the log was written`] : []),
  ];
  return parts.length === 0 ? "" : `${parts.join(", ")}\n`;
}
