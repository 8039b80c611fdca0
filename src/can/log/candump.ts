import { ErrorCode, IntercellError, requireKnownKeys } from "../../errors.js";
import { formatFrame, tryParseFrame } from "../text.js";
import { type FractionDigits, formatTimestamp, parseTimestamp } from "../timestamp.js";
import { type LogLine, type LogParser, LogReader, type LogReadOptions, type LogSource } from "./reader.js";
import type { LogDirection, LogRecord } from "./record.js";

/*
 * A line of `candump -l`, `-L` and canplayer (can-utils; candump.c and lib.c, which read and write it):
 *
 *   (1436509052.249713) vcan0 044#2A366C2BBA      with -N nine digits instead of six
 *   (1436509052.249713) vcan0 044#2A366C2BBA T    with -x, and T for sent by this machine or R for received
 *
 * Names of interfaces may be padded on the left. A line that does not begin with a parenthesis is no frame; of those,
 * candump -d writes one that tells of frames it lost.
 */
const lineForm = /^\((\d{1,15})\.(\d{6}|\d{9})\)\s+(\S+)\s+(\S+)(?:\s+([TR]))?\s*$/;
const dropForm = /^DROPCOUNT: dropped (\d{1,15}) CAN frame/;

const directions: Readonly<Record<string, LogDirection>> = { R: "received", T: "sent" };

export interface CandumpLogOptions {
  /** 6 as all versions read it, or 9 as `candump -N` writes. @defaultValue 6 */
  readonly timestampDigits?: FractionDigits;
  /** Whether to say which way a frame went, as `candump -x` does, where that is known. @defaultValue false */
  readonly direction?: boolean;
}

/** The frames of a log as `candump -l` or `-L` wrote it. Lines of other kinds are skipped and counted. */
export function readCandumpLog(source: LogSource, options: LogReadOptions = {}): LogReader {
  return new LogReader(source, candumpParser, options);
}

/**
 * The text of a log of these frames, a line each, as they come: for `stream.pipeline` with a file, or for a pipe.
 *
 * @throws as {@link formatCandumpLine}.
 */
export async function* writeCandumpLog(
  records: AsyncIterable<LogRecord> | Iterable<LogRecord>,
  options: CandumpLogOptions = {},
): AsyncGenerator<string, undefined, undefined> {
  checkOptions(options);
  for await (const record of records) yield formatCandumpLine(record, options);
  return undefined;
}

/**
 * One line of a log, its end included.
 *
 * @throws RangeError if the interface's name is empty or has a blank, or the moment lies before 1970.
 */
export function formatCandumpLine(record: LogRecord, options: CandumpLogOptions = {}): string {
  const { timestampDigits = 6, direction = false } = options;
  const { interfaceName, timestamp } = record;
  if (!/^\S+$/.test(interfaceName)) {
    throw new RangeError(
      `A log cannot name the interface ${JSON.stringify(interfaceName)}: it is empty or has a blank`,
    );
  }
  if (!(timestamp.seconds >= 0)) throw new RangeError(`A log begins in 1970 or later, not at ${timestamp.seconds} s`);
  // candump pads the seconds to ten digits (lib.c and candump.c).
  const moment = formatTimestamp(timestamp, timestampDigits).padStart(timestampDigits + 11, "0");
  const way = direction && record.direction !== undefined ? (record.direction === "sent" ? " T" : " R") : "";
  return `(${moment}) ${interfaceName} ${formatFrame(record.frame)}${way}\n`;
}

/**
 * Reads one line of a log; undefined if it begins with no parenthesis, so that it is none of a frame.
 *
 * @throws IntercellError `ERR_DECODE` if it begins as the line of a frame and is none.
 */
export function parseCandumpLine(line: string): LogRecord | undefined {
  return line.startsWith("(") ? parseRecord(line) : undefined;
}

const candumpParser: LogParser = {
  parse(line: string): LogLine | undefined {
    if (line.startsWith("(")) return { record: parseRecord(line) };
    const [, dropped] = dropForm.exec(line) ?? [];
    return dropped === undefined ? undefined : { droppedFrames: Number(dropped) };
  },
};

function parseRecord(line: string): LogRecord {
  const [whole, seconds = "", fraction = "", interfaceName = "", text = "", way] = lineForm.exec(line) ?? [];
  if (whole === undefined) {
    throw malformed(line, "is not written as (seconds.fraction) interface frame, the fraction with 6 or 9 digits");
  }
  const frame = tryParseFrame(text);
  if (frame === undefined) throw malformed(text, "is no frame");
  const direction = way === undefined ? undefined : directions[way];
  const record = { timestamp: parseTimestamp(seconds, fraction), interfaceName, frame };
  return direction === undefined ? record : { ...record, direction };
}

function malformed(text: string, fault: string): IntercellError {
  const shown = JSON.stringify(text.length > 80 ? `${text.slice(0, 77)}...` : text);
  return new IntercellError(ErrorCode.DECODE, `${shown} ${fault}`);
}

function checkOptions(options: CandumpLogOptions): void {
  requireKnownKeys("a candump log", options, ["timestampDigits", "direction"]);
  const { timestampDigits = 6 } = options;
  if (timestampDigits !== 6 && timestampDigits !== 9) {
    throw new RangeError(`timestampDigits of a candump log is 6 or 9, not ${timestampDigits}`);
  }
}
