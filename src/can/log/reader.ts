import { ErrorCode, IntercellError, isIntercellError, requireKnownKeys } from "../../errors.js";
import { MAX_FRAME_TEXT } from "../text.js";
import { LineSplitter } from "./line-splitter.js";
import type { LogRecord } from "./record.js";

/** The text of a log in pieces of any size, such as `createReadStream(path)` gives. */
export type LogSource = AsyncIterable<Uint8Array | string> | Iterable<Uint8Array | string>;

export interface LogReadOptions {
  /**
   * Whether a line that cannot be read is counted and left out. Otherwise it ends the iteration with an error that names
   * the line.
   * @defaultValue false
   */
  readonly skipMalformed?: boolean;
}

/** What a {@link LogReader} has met so far; all u53. */
export interface LogReadStatistics {
  /** Lines read, of any kind. */
  readonly lines: number;
  /** Frames given. */
  readonly records: number;
  /** Lines that hold something else than a frame: headers, comments, events of other kinds. */
  readonly skippedLines: number;
  /** Lines left out as `skipMalformed` asks. */
  readonly malformedLines: number;
  /** Frames that whoever logged lost, as the log itself says. */
  readonly droppedFrames: number;
}

/** What a line of a log is; undefined if it is nothing that concerns a bus. */
export type LogLine =
  | { readonly record: LogRecord; readonly droppedFrames?: never }
  | { readonly record?: never; readonly droppedFrames: number };

/** Reads one format, line by line. */
export interface LogParser {
  /** @throws IntercellError `ERR_DECODE` if the line should be a frame and is none. */
  parse(line: string): LogLine | undefined;
}

/** Longest line of a log in characters: a CAN XL frame with blanks between its bytes and 1 KiB of other fields. */
export const MAX_LOG_LINE = MAX_FRAME_TEXT + 1024;

/**
 * The frames of a log, read as they are asked for: of a stream of any size, one piece and one line are in memory. Made by
 * `readCandumpLog` and `readAscLog`.
 */
export class LogReader implements AsyncIterableIterator<LogRecord> {
  readonly #parser: LogParser;
  readonly #skipMalformed: boolean;
  readonly #records: AsyncGenerator<LogRecord, undefined, undefined>;
  readonly #counts = { lines: 0, records: 0, skippedLines: 0, malformedLines: 0, droppedFrames: 0 };

  /** @internal */
  constructor(source: LogSource, parser: LogParser, options: LogReadOptions) {
    requireKnownKeys("a log reader", options, ["skipMalformed"]);
    this.#parser = parser;
    this.#skipMalformed = options.skipMalformed ?? false;
    this.#records = this.#read(source);
  }

  get statistics(): LogReadStatistics {
    return { ...this.#counts };
  }

  /** @throws IntercellError `ERR_DECODE` that names the line, unless `skipMalformed`; or what the source throws. */
  next(): Promise<IteratorResult<LogRecord, undefined>> {
    return this.#records.next();
  }

  /** Ends the reading, and that of the source. */
  return(): Promise<IteratorResult<LogRecord, undefined>> {
    return this.#records.return(undefined);
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  async *#read(source: LogSource): AsyncGenerator<LogRecord, undefined, undefined> {
    const splitter = new LineSplitter(MAX_LOG_LINE);
    for await (const piece of source) {
      for (const line of splitter.push(piece)) {
        const record = this.#take(line.text, line.tooLong);
        if (record !== undefined) yield record;
      }
    }
    const last = splitter.end();
    const record = last && this.#take(last.text, last.tooLong);
    if (record !== undefined) yield record;
    return undefined;
  }

  #take(text: string, tooLong: boolean): LogRecord | undefined {
    this.#counts.lines += 1;
    try {
      if (tooLong) throw new IntercellError(ErrorCode.DECODE, `it has more than ${MAX_LOG_LINE} characters`);
      const line = this.#parser.parse(text);
      if (line?.record !== undefined) this.#counts.records += 1;
      else this.#counts.skippedLines += 1;
      if (line?.droppedFrames !== undefined) this.#counts.droppedFrames += line.droppedFrames;
      return line?.record;
    } catch (error) {
      if (!isIntercellError(error, ErrorCode.DECODE)) throw error;
      this.#counts.malformedLines += 1;
      if (this.#skipMalformed) return undefined;
      const wanted = `Cannot read line ${this.#counts.lines} of the log as ${error.message}`;
      throw new IntercellError(ErrorCode.DECODE, `${wanted}; mend it, or leave such lines out with skipMalformed`, {
        cause: error,
      });
    }
  }
}
