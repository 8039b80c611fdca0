import { type FileHandle, open } from "node:fs/promises";
import { pipeline } from "node:stream/promises";
import type { AscWriteOptions, CandumpLogOptions, LogReader } from "../can/index.js";
import { ascOptionsOf, describeLeftOut, formatOf, type LogInputOptions, openLog } from "./can-log.js";
import { CommandFailure } from "./exit.js";
import { withInterruption } from "./interruption.js";

export interface ConvertOptions extends LogInputOptions {
  readonly toFormat?: string;
  readonly digits?: string;
  readonly direction?: boolean;
}

/** Reads one log and writes another; a line on the standard error says what was left out. */
export async function runConvert(from: string, to: string, options: ConvertOptions): Promise<void> {
  await withInterruption(async (signal) => {
    const reader = await openLog(from, options);
    const text = await textOf(reader, to, options);
    try {
      // The standard output stays open for what others write.
      if (to === "-") await pipeline(text, process.stdout, { signal, end: false });
      else await pipeline(text, (await openOutput(to)).createWriteStream(), { signal });
    } catch (error) {
      throw signal.aborted ? signal.reason : error;
    }
    process.stderr.write(describeLeftOut(reader));
  });
}

async function textOf(reader: LogReader, to: string, options: ConvertOptions): Promise<AsyncIterable<string>> {
  const { writeAscLog, writeCandumpLog } = await import("../can/index.js");
  const timestampDigits = parseDigits(options.digits);
  if (formatOf(to, options.toFormat) === "asc") {
    // Channels name the interfaces of the log that is read; those of the one that is written follow from its frames.
    const { timeZone } = ascOptionsOf(options);
    const channels = options.channels?.split(",");
    const written: AscWriteOptions = { timestampDigits, ...(timeZone && { timeZone }), ...(channels && { channels }) };
    return writeAscLog(reader, written);
  }
  const written = { timestampDigits, direction: options.direction ?? false } as CandumpLogOptions;
  return writeCandumpLog(reader, written);
}

function parseDigits(text = "6"): number {
  if (/^[4-9]$/.test(text)) return Number(text);
  throw new RangeError(`The digits of a fraction are 4 to 9, not ${JSON.stringify(text)}`);
}

async function openOutput(path: string): Promise<FileHandle> {
  try {
    return await open(path, "w");
  } catch (error) {
    throw new CommandFailure(`Cannot write the log: ${error instanceof Error ? error.message : String(error)}`);
  }
}
