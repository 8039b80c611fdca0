import { spawnSync } from "node:child_process";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import fc from "fast-check";
import type { LogReader, LogRecord, LogSource } from "../../../src/can/index.js";
import { canFrames } from "../arbitrary.js";

/** All that a reader gives. */
export async function collect(reader: AsyncIterable<LogRecord>): Promise<LogRecord[]> {
  const records: LogRecord[] = [];
  for await (const record of reader) records.push(record);
  return records;
}

/** The text that a writer gives. */
export async function textOf(pieces: AsyncIterable<string>): Promise<string> {
  let text = "";
  for await (const piece of pieces) text += piece;
  return text;
}

/** The text cut into pieces of that many bytes. */
export function pieces(text: string, sizeBytes: number): Uint8Array[] {
  const bytes = Buffer.from(text);
  return Array.from({ length: Math.ceil(bytes.length / sizeBytes) }, (_, index) =>
    bytes.subarray(index * sizeBytes, (index + 1) * sizeBytes),
  );
}

/** Reads a log to its end and gives the records with what the reader counted. */
export async function readAll(read: (source: LogSource) => LogReader, source: LogSource) {
  const reader = read(source);
  const records = await collect(reader);
  return { records, statistics: reader.statistics };
}

/** Records of any kind of frame, of a few interfaces, whole nanoseconds. */
export const logRecords: fc.Arbitrary<LogRecord> = fc
  .tuple(
    fc.integer({ min: 0, max: 4_000_000_000 }),
    fc.integer({ min: 0, max: 999_999_999 }),
    fc.constantFrom("can0", "vcan1", "slcan12", "a-long_name.0"),
    canFrames,
    fc.constantFrom(undefined, "sent" as const, "received" as const),
  )
  .map(([seconds, nanoseconds, interfaceName, frame, direction]) => {
    const record = { timestamp: { seconds, nanoseconds }, interfaceName, frame };
    return direction === undefined ? record : { ...record, direction };
  });

/** Bytes of this process's heap that are in use, after a collection. */
export function usedHeapBytes(): number {
  setFlagsFromString("--expose-gc");
  runInNewContext("gc")();
  return process.memoryUsage().heapUsed;
}

/** Whether a program, such as one of can-utils, can be run here. */
export function hasProgram(name: string): boolean {
  return spawnSync("sh", ["-c", `command -v ${name}`]).status === 0;
}
