/** Decodes or encodes a message of three signals over and over, or parses a file. */
import { createDatabase, parseDbc } from "intercell/can/dbc";
import { programOptions, report } from "../child.js";
import { MOTOHAWK, makeDbc } from "../dbc-file.js";
import { median } from "../statistics.js";

export interface DbcOptions {
  readonly task: "decode" | "encode" | "parse" | "first-parse";
  readonly warmupMs: number;
  readonly windowMs: number;
}

/** Payloads in turn, so that no result can be known beforehand. */
const PAYLOADS = 1024;

/** Messages of the file that is parsed. */
const FILE_MESSAGES = 200;

function decodeTrip(): (turn: number) => unknown {
  const codec = createDatabase(parseDbc(MOTOHAWK)).message("ExampleMessage");
  const payloads = Array.from({ length: PAYLOADS }, (_, turn) =>
    Uint8Array.of(turn, turn >> 2, turn << 5, 0, 0, 0, 0, 0),
  );
  return (turn) => codec.decode(payloads[turn % PAYLOADS] as Uint8Array);
}

function encodeTrip(): (turn: number) => unknown {
  const codec = createDatabase(parseDbc(MOTOHAWK)).message("ExampleMessage");
  const target = new Uint8Array(codec.lengthBytes);
  const values = Array.from({ length: PAYLOADS }, (_, turn) => {
    return { Enable: turn % 2, AverageRadius: (turn % 50) / 10, Temperature: 240 + (turn % 20) };
  });
  return (turn) => {
    codec.encodeInto(values[turn % PAYLOADS] as Record<string, number>, target);
    return target;
  };
}

/** Trips a second. */
function measure(trip: (turn: number) => unknown, durationMs: number): number {
  const begin = performance.now();
  let count = 0;
  let last: unknown;
  for (; performance.now() - begin < durationMs; count += PAYLOADS) {
    for (let turn = 0; turn < PAYLOADS; turn += 1) last = trip(turn);
  }
  if (typeof last !== "object") throw new TypeError("A message did not come back as an object");
  return count / ((performance.now() - begin) / 1000);
}

/** Milliseconds of one parsing. */
function parseOnce(bytes: Uint8Array): number {
  const begin = performance.now();
  const { messages } = parseDbc(bytes);
  const elapsedMs = performance.now() - begin;
  if (messages.length !== FILE_MESSAGES) throw new Error(`The file has ${messages.length} messages`);
  return elapsedMs;
}

/** The median of the parsings in a window, after those of the warm-up. */
function measureParse(bytes: Uint8Array, warmupMs: number, windowMs: number): number {
  const begin = performance.now();
  const found: number[] = [];
  while (performance.now() - begin < warmupMs + windowMs || found.length === 0) {
    const elapsedMs = parseOnce(bytes);
    if (performance.now() - begin > warmupMs) found.push(elapsedMs);
  }
  return median(found);
}

function run({ task, warmupMs, windowMs }: DbcOptions): number {
  if (task === "parse" || task === "first-parse") {
    const bytes = new TextEncoder().encode(makeDbc(FILE_MESSAGES));
    return task === "parse" ? measureParse(bytes, warmupMs, windowMs) : parseOnce(bytes);
  }
  const trip = task === "decode" ? decodeTrip() : encodeTrip();
  measure(trip, warmupMs);
  return measure(trip, windowMs);
}

report({ value: run(programOptions<DbcOptions>()) });
