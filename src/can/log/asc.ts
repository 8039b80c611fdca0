import { ErrorCode, IntercellError, requireKnownKeys } from "../../errors.js";
import type { Timestamp } from "../bus.js";
import { addNs, elapsedNs, parseTimestamp } from "../timestamp.js";
import { type AscTimeZone, formatAscDate, parseAscDate } from "./asc-date.js";
import { formatAscEvent, parseAscEvent } from "./asc-line.js";
import { type LogLine, type LogParser, LogReader, type LogReadOptions, type LogSource } from "./reader.js";
import type { LogRecord } from "./record.js";

/** Highest channel of an ASC log. */
const MAX_CHANNEL = 255;

const NS_PER_SECOND = 1_000_000_000;

export interface AscOptions {
  /** Names of the interfaces: the first is that of channel 1. @defaultValue can0, can1, and so on */
  readonly channels?: readonly string[];
  /** Whose clock the date in the head shows. @defaultValue "local" */
  readonly timeZone?: AscTimeZone;
}

export interface AscReadOptions extends AscOptions, LogReadOptions {}

export interface AscWriteOptions extends AscOptions {
  /** Digits of the fraction of a second, 4 to 9; what they do not show is cut off. @defaultValue 6 */
  readonly timestampDigits?: number;
}

/**
 * The frames of a log in Vector's ASC format, numbers hexadecimal or decimal, times absolute or relative, of classic CAN,
 * CAN FD and CAN XL. Events of other kinds are skipped and counted. An error frame has the class `BUS_ERROR`, as the format
 * says no more.
 */
export function readAscLog(source: LogSource, options: AscReadOptions = {}): LogReader {
  requireKnownKeys("an ASC log", options, ["channels", "timeZone", "skipMalformed"]);
  const { channels = [], timeZone = "local", ...reading } = options;
  return new LogReader(source, new AscParser(channels, timeZone), reading);
}

/**
 * The text of a log in Vector's ASC format, times absolute in seconds since the first frame, whose moment is the date in
 * the head. Details of error frames have no place in the format.
 *
 * @throws RangeError if a frame comes from an interface that `channels` does not have, or from more than 255.
 */
export async function* writeAscLog(
  records: AsyncIterable<LogRecord> | Iterable<LogRecord>,
  options: AscWriteOptions = {},
): AsyncGenerator<string, undefined, undefined> {
  const writer = new AscWriter(options);
  for await (const record of records) yield writer.format(record);
  yield writer.end();
  return undefined;
}

/** Reads an ASC log line by line: the head says how the rest is written. */
class AscParser implements LogParser {
  readonly #channels: readonly string[];
  readonly #timeZone: AscTimeZone;
  #base: 10 | 16 = 16;
  #relative = false;
  #start: Timestamp = { seconds: 0, nanoseconds: 0 };
  #previous: Timestamp | undefined;

  constructor(channels: readonly string[], timeZone: AscTimeZone) {
    this.#channels = channels;
    this.#timeZone = requireTimeZone(timeZone);
  }

  parse(line: string): LogLine | undefined {
    const [timeText = "", ...fields] = line.trim().split(/\s+/);
    const [, seconds, fraction = ""] = /^(\d{1,12})(?:\.(\d{1,12}))?$/.exec(timeText) ?? [];
    if (seconds === undefined || fields.length === 0) {
      this.#readHead(line, timeText);
      return undefined;
    }
    const timestamp = this.#momentOf(parseTimestamp(seconds, fraction));
    const event = parseAscEvent(fields, this.#base);
    if (event === undefined) return undefined;
    const { channel, ...rest } = event;
    return { record: { timestamp, interfaceName: this.#channels[channel - 1] ?? `can${channel - 1}`, ...rest } };
  }

  /** Relative times count from the event before, of whatever kind. */
  #momentOf({ seconds, nanoseconds }: Timestamp): Timestamp {
    const from = this.#relative ? (this.#previous ?? this.#start) : this.#start;
    const sum = from.nanoseconds + nanoseconds;
    const carry = sum >= NS_PER_SECOND ? 1 : 0;
    this.#previous = { seconds: from.seconds + seconds + carry, nanoseconds: sum - carry * NS_PER_SECOND };
    return this.#previous;
  }

  #readHead(line: string, first: string): void {
    if (first === "date") {
      this.#start = parseAscDate(line, this.#timeZone);
      return;
    }
    if (first !== "base") return;
    const [, base = "", timestamps = ""] =
      /^base\s+(hex|dec|dez)\s+timestamps\s+(absolute|relative)/.exec(line.trim()) ?? [];
    if (base === "") throw new IntercellError(ErrorCode.DECODE, `${JSON.stringify(line.slice(0, 80))} names no base`);
    this.#base = base === "hex" ? 16 : 10;
    this.#relative = timestamps === "relative";
  }
}

/** Makes the lines of one ASC log. */
class AscWriter {
  readonly #channels: (string | undefined)[];
  readonly #fixed: boolean;
  readonly #timeZone: AscTimeZone;
  readonly #digits: number;
  #start: Timestamp | undefined;

  constructor(options: AscWriteOptions) {
    requireKnownKeys("an ASC log", options, ["channels", "timeZone", "timestampDigits"]);
    const { channels, timeZone = "local", timestampDigits = 6 } = options;
    if (!Number.isInteger(timestampDigits) || timestampDigits < 4 || timestampDigits > 9) {
      throw new RangeError(`timestampDigits of an ASC log is 4 to 9, not ${timestampDigits}`);
    }
    this.#channels = [...(channels ?? [])];
    this.#fixed = channels !== undefined;
    this.#timeZone = requireTimeZone(timeZone);
    this.#digits = timestampDigits;
  }

  format({ timestamp, interfaceName, frame, direction }: LogRecord): string {
    const head = this.#start === undefined ? this.#head(timestamp) : "";
    const { seconds, nanoseconds } = this.#sinceStart(timestamp);
    const time = `${seconds}.${String(nanoseconds).padStart(9, "0").slice(0, this.#digits)}`;
    const channel = this.#channelOf(interfaceName);
    const event = formatAscEvent(direction === undefined ? { channel, frame } : { channel, frame, direction });
    return `${head}${time.padStart(this.#digits + 5)} ${event}\n`;
  }

  end(): string {
    return `${this.#start === undefined ? this.#head({ seconds: 0, nanoseconds: 0 }) : ""}End TriggerBlock\n`;
  }

  /** The date is exact to the millisecond; the rest of it goes into the times. */
  #head(timestamp: Timestamp): string {
    const nanoseconds = timestamp.nanoseconds - (timestamp.nanoseconds % 1_000_000);
    this.#start = { seconds: timestamp.seconds, nanoseconds };
    const date = formatAscDate(this.#start, this.#timeZone);
    const begin = `Begin Triggerblock ${date.slice("date ".length)}`;
    const start = `${(0).toFixed(this.#digits).padStart(this.#digits + 5)} Start of measurement`;
    return `${date}\nbase hex  timestamps absolute\nno internal events logged\n${begin}\n${start}\n`;
  }

  /** A frame of before the first one, as clocks are set back, is given its time: the format has no negative ones. */
  #sinceStart(timestamp: Timestamp): Timestamp {
    const start = this.#start ?? timestamp;
    if (elapsedNs(start, timestamp) < 0) return { seconds: 0, nanoseconds: 0 };
    return addNs(
      { seconds: timestamp.seconds - start.seconds, nanoseconds: timestamp.nanoseconds },
      -start.nanoseconds,
    );
  }

  /** The number that the name ends in, plus 1, so that can0 is channel 1; if that is taken, the lowest that is free. */
  #channelOf(name: string): number {
    const known = this.#channels.indexOf(name);
    if (known >= 0) return known + 1;
    if (this.#fixed) {
      throw new RangeError(`The interface ${name} has no channel: there are ${this.#channels.join(", ")}`);
    }
    const [, number = ""] = /(\d{1,3})$/.exec(name) ?? [];
    const wish = Number(number || "0");
    let index = wish < MAX_CHANNEL ? wish : 0;
    if (this.#channels[index] !== undefined) index = 0;
    while (this.#channels[index] !== undefined) index += 1;
    if (index >= MAX_CHANNEL) throw new RangeError(`An ASC log has at most ${MAX_CHANNEL} channels`);
    this.#channels[index] = name;
    return index + 1;
  }
}

function requireTimeZone(timeZone: AscTimeZone): AscTimeZone {
  if (timeZone === "local" || timeZone === "utc") return timeZone;
  throw new RangeError(`timeZone of an ASC log is "local" or "utc", not ${JSON.stringify(timeZone)}`);
}
