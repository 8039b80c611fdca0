import { execFileSync } from "node:child_process";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  formatCandumpLine,
  type LogRecord,
  logRecordOf,
  parseCandumpLine,
  parseFrame,
  readCandumpLog,
  standardId,
  writeCandumpLog,
} from "../../../src/can/index.js";
import { MAX_LOG_LINE } from "../../../src/can/log/reader.js";
import { skipUnless } from "../../support/skip.js";
import { collect, hasProgram, logRecords, pieces, readAll, textOf, usedHeapBytes } from "./support.js";

const moment = { seconds: 1_436_509_052, nanoseconds: 249_713_000 };
const record: LogRecord = { timestamp: moment, interfaceName: "vcan0", frame: parseFrame("044#2A366C2BBA") };

describe("candump log", () => {
  test("readCandumpLog() reads what writeCandumpLog() gives, however it is cut", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(logRecords, { maxLength: 8 }),
        fc.integer({ min: 1, max: 500 }),
        async (records, size) => {
          const text = await textOf(writeCandumpLog(records, { timestampDigits: 9, direction: true }));
          const { records: read, statistics } = await readAll(readCandumpLog, pieces(text, size));
          expect(read).toEqual(records);
          expect(statistics).toMatchObject({ lines: records.length, records: records.length, skippedLines: 0 });
        },
      ),
    );
  });

  // What candump -L of can-utils 2020.11 printed of a vcan on Linux 6.1, with what cansend was told.
  const printed = `(1795612355.837395) vcan8 123#DEADBEEF
(1795612355.992148) vcan8 000#
(1795612356.692828) vcan8 1FFFFFFF#1122334455667788
(1795612357.624525) vcan8 00000123#11
(1795612358.558904) vcan8 123#R
(1795612359.448860) vcan8 123#R5
(1795612359.788291) vcan8 12345678#R8
(1795612360.131674) vcan8 123##4
(1795612360.883855) vcan8 1ABCDEF0##5112233445566778899AABBCC
(1795612361.531925) vcan8 7FF##75A5A
(1795612361.719367) vcan8 20000004#0004000000000000
(1795612362.294921) vcan9 321#01
`;

  test("what candump printed is read, and written again as it was", async () => {
    expect(await textOf(writeCandumpLog(readCandumpLog([printed])))).toBe(printed);
  });

  // As the sources of can-utils write lines with -x, with -N, and for two interfaces of unequal names.
  test.each<[string, LogRecord]>([
    ["(1436509052.249713) vcan0 044#2A366C2BBA", record],
    ["(1436509052.249713)  vcan0 044#2A366C2BBA", record],
    ["(1436509052.249713) vcan0 044#2A366C2BBA T", { ...record, direction: "sent" }],
    ["(1436509052.249713) vcan0 044#2A366C2BBA R", { ...record, direction: "received" }],
    ["(1436509052.249713001) vcan0 044#2A366C2BBA", { ...record, timestamp: { ...moment, nanoseconds: 249_713_001 } }],
    ["(0000000000.000000) vcan0 123#R8_9", { ...record, timestamp: zero(), frame: parseFrame("123#R8_9") }],
    ["(000.000000) vcan0 123##5001122", { ...record, timestamp: zero(), frame: parseFrame("123##5001122") }],
    ["(1436509052.249713) can1 20000004#0004000000000000", { ...record, ...error() }],
  ])("parseCandumpLine() reads %s", (line, wanted) => {
    expect(parseCandumpLine(line)).toEqual(wanted);
    expect(parseCandumpLine(`${line}\r`)).toEqual(wanted);
  });

  test("formatCandumpLine() writes as candump does, seconds with ten digits", () => {
    expect(formatCandumpLine(record)).toBe("(1436509052.249713) vcan0 044#2A366C2BBA\n");
    expect(formatCandumpLine({ ...record, timestamp: { seconds: 7, nanoseconds: 8_999 } })).toBe(
      "(0000000007.000008) vcan0 044#2A366C2BBA\n",
    );
    const sent: LogRecord = { ...record, direction: "sent" };
    expect(formatCandumpLine(sent)).not.toContain("T");
    expect(formatCandumpLine(sent, { direction: true, timestampDigits: 9 })).toBe(
      "(1436509052.249713000) vcan0 044#2A366C2BBA T\n",
    );
    expect(formatCandumpLine(record, { direction: true })).toBe(formatCandumpLine(record));
  });

  test("logRecordOf() takes a frame of this machine for sent, whoever here sent it", () => {
    const received = { ...record, origin: "remote" as const };
    expect(logRecordOf(received)).toEqual({ ...record, direction: "received" });
    expect(logRecordOf({ ...received, origin: "local" })).toEqual({ ...record, direction: "sent" });
    expect(logRecordOf({ ...received, origin: "own" })).toEqual({ ...record, direction: "sent" });
  });

  test("readCandumpLog() skips and counts lines that do not begin with a parenthesis, and sums up lost frames", async () => {
    const text = [
      "# a comment",
      "",
      "(1.000000) can0 123#11",
      "DROPCOUNT: dropped 12 CAN frames on 'can0' socket (total drops 12)",
      "DROPCOUNT: dropped 1 CAN frame on 'can0' socket (total drops 13)",
      "(1.000001) can0 123#12",
    ].join("\n");
    const { records, statistics } = await readAll(readCandumpLog, [text]);
    expect(records).toHaveLength(2);
    expect(statistics).toEqual({ lines: 6, records: 2, skippedLines: 4, malformedLines: 0, droppedFrames: 13 });
  });

  test.each([
    "(",
    "(1.000000)",
    "(1.000000) can0",
    "(1) can0 123#11",
    "(1.5) can0 123#11",
    "(1.1234567) can0 123#11",
    "(-1.000000) can0 123#11",
    "(2026-01-02 03:04:05.000000) can0 123#11",
    "(1.000000) can0 123#1",
    "(1.000000) can0 123#11 X",
    "(1.000000) can0 123#11 T R",
    "(1.000000) can0 123##",
    `(1.000000) can0 123#${"1".repeat(MAX_LOG_LINE)}`,
  ])("readCandumpLog() throws ERR_DECODE with the number of the line for %.50s, or leaves it out", async (line) => {
    const source = [`# head\n(1.000000) can0 123#11\n${line}\n(1.000001) can0 123#12\n`];
    const reader = readCandumpLog(source);
    expect((await reader.next()).value).toMatchObject({ interfaceName: "can0" });
    const failure = expect.objectContaining({
      code: "ERR_DECODE",
      message: expect.stringContaining("line 3 of the log"),
    });
    await expect(reader.next()).rejects.toEqual(failure);
    expect(await reader.next()).toEqual({ done: true, value: undefined });
    const { records, statistics } = await readAll((text) => readCandumpLog(text, { skipMalformed: true }), source);
    expect(records).toHaveLength(2);
    expect(statistics).toMatchObject({ lines: 4, malformedLines: 1, skippedLines: 1 });
  });

  test.each<[string, LogRecord]>([
    ["an empty name", { ...record, interfaceName: "" }],
    ["a name with a blank", { ...record, interfaceName: "my can" }],
    ["a moment before 1970", { ...record, timestamp: { seconds: -1, nanoseconds: 0 } }],
  ])("formatCandumpLine() throws a RangeError for %s", (_, wrong) => {
    expect(() => formatCandumpLine(wrong)).toThrow(RangeError);
  });

  test("options that do not exist are refused", async () => {
    expect(() => readCandumpLog([], { skip: true } as never)).toThrow(TypeError);
    await expect(textOf(writeCandumpLog([], { digits: 6 } as never))).rejects.toThrow(TypeError);
    await expect(textOf(writeCandumpLog([], { timestampDigits: 3 as never }))).rejects.toThrow(RangeError);
  });

  test("readCandumpLog() ends the source when its reader stops early, and passes on what the source throws", async () => {
    let ended = false;
    function* source(): Generator<string> {
      try {
        for (;;) yield "(1.000000) can0 123#11\n";
      } finally {
        ended = true;
      }
    }
    for await (const { frame } of readCandumpLog(source())) {
      expect(frame).toMatchObject({ id: standardId(0x123) });
      break;
    }
    expect(ended).toBe(true);
    function* failing(): Generator<string> {
      yield "(1.000000) can0 123#11\n";
      throw new Error("disk gone");
    }
    await expect(collect(readCandumpLog(failing()))).rejects.toThrow("disk gone");
  });

  test("reading and writing take no more memory for a log of 64 MiB than for a small one", async () => {
    const piece = Buffer.from("(1436509052.249713) vcan0 12345678#1122334455667788\n".repeat(1260));
    let given = 0;
    function* source(): Generator<Uint8Array> {
      for (; given < 64 * 1024 * 1024; given += piece.length) yield piece;
    }
    let written = 0;
    const samples: number[] = [];
    for await (const line of writeCandumpLog(readCandumpLog(source()))) {
      written += line.length;
      if (written % (4 * 1024 * 1024) < line.length) samples.push(usedHeapBytes());
    }
    expect(written).toBe(given);
    expect(samples.length).toBeGreaterThan(10);
    // All records at once would be some 500 MiB.
    expect(Math.max(...samples) - Math.min(...samples)).toBeLessThan(4 * 1024 * 1024);
  }, 120_000);

  test(
    "log2asc and asc2log read a log as it was written",
    skipUnless(hasProgram("log2asc"), "can-utils is missing"),
    async () => {
      const kinds = ["data", "remote", "fd"];
      const sample = fc
        .sample(logRecords, 200)
        .filter(({ frame }) => kinds.includes(frame.kind) && !("dlc" in frame && frame.dlc > 8));
      const records = sample.map((each, index) => ({
        ...each,
        timestamp: { seconds: 1_500_000_000 + index, nanoseconds: 123_456_000 },
        interfaceName: "can0",
        direction: each.direction ?? ("received" as const),
      }));
      const text = await textOf(writeCandumpLog(records, { direction: true }));
      const asc = execFileSync("log2asc", ["can0"], { input: text });
      const back = execFileSync("asc2log", [], { input: asc, stdio: ["pipe", "pipe", "ignore"] }).toString();
      const { records: read } = await readAll(readCandumpLog, [back]);
      // asc2log cannot read the date where there is no German locale, and begins now.
      expect(read.map(({ frame, direction }) => ({ frame, direction }))).toEqual(
        records.map(({ frame, direction }) => ({ frame, direction })),
      );
    },
  );
});

function zero() {
  return { seconds: 0, nanoseconds: 0 };
}

function error() {
  return { interfaceName: "can1", frame: parseFrame("20000004#0004000000000000") };
}
