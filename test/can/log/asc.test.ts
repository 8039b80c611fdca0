import { execFileSync } from "node:child_process";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  type AscReadOptions,
  formatFrame,
  type LogRecord,
  parseFrame,
  readAscLog,
  readCandumpLog,
  writeAscLog,
  writeCandumpLog,
} from "../../../src/can/index.js";
import { skipUnless } from "../../support/skip.js";
import { collect, hasProgram, logRecords, pieces, readAll, textOf } from "./support.js";

const head = "date Fri Jul 10 06:17:32 2015\nbase hex  timestamps absolute\nno internal events logged\n";
const utc: AscReadOptions = { timeZone: "utc" };

/** The one frame of a log with this line, as candump writes it. */
async function frameOf(line: string, options: AscReadOptions = utc, before = head): Promise<string> {
  const [record, ...others] = await collect(readAscLog([`${before}${line}\n`], options));
  expect(others).toEqual([]);
  if (record === undefined) return "none";
  const { interfaceName, frame, direction = "" } = record;
  return `${interfaceName} ${formatFrame(frame)} ${direction}`;
}

describe("ASC log", () => {
  test("readAscLog() reads what writeAscLog() gives, however it is cut", async () => {
    const names = ["can0", "vcan1", "slcan12", "a-long_name.0"];
    await fc.assert(
      fc.asyncProperty(fc.array(logRecords, { maxLength: 8 }), fc.integer({ min: 1, max: 500 }), async (made, size) => {
        // The format has no times before its start, and of an error frame nothing but that there was one.
        const records = made
          .map((record) => ({ direction: "received" as const, ...record }))
          .sort((one, other) => one.timestamp.seconds - other.timestamp.seconds)
          .map((record, index) => ({
            ...record,
            timestamp: { ...record.timestamp, seconds: record.timestamp.seconds + index },
          }));
        const options = { channels: names, timeZone: "utc" as const };
        const text = await textOf(writeAscLog(records, { ...options, timestampDigits: 9 }));
        const read = await collect(readAscLog(pieces(text, size), options));
        expect(read).toEqual(
          records.map(({ direction, ...record }) =>
            record.frame.kind === "error"
              ? { ...record, frame: parseFrame("20000080#0000000000000000") }
              : { ...record, direction },
          ),
        );
      }),
    );
  });

  // Lines of log2asc (can-utils 2025.01), plain, -r, -f and -x, and of the examples in asc2log.c.
  test.each([
    ["   0.000000 1  44              Rx   d 5 2A 36 6C 2B BA", "can0 044#2A366C2BBA received"],
    ["   0.200134 2  F6              Tx   d 5 7A DF E0 7B D2", "can1 0F6#7ADFE07BD2 sent"],
    ["   0.200135 1  123             Rx   r 0", "can0 123#R received"],
    ["   0.200135 1  123             Rx   r 5", "can0 123#R5 received"],
    ["   0.2001 1  123             Rx   r", "can0 123#R received"],
    ["   0.200136 1  12345678x       Rx   d E 11 22 33 44 55 66 77 88", "can0 12345678#1122334455667788_E received"],
    ["   0.200137 1  123x            Rx   d 1 11", "can0 00000123#11 received"],
    ["   0.002367 1  390x Rx d 8 17 00 14 00 C0 00 08 00", "can0 00000390#17001400C0000800 received"],
    ["  20.305233 2  200             Tx   r Length = 1704000 BitCount = 145 ID = 88888888x", "can1 200#R sent"],
    ["   3.297743 1  390  Rx d 1 17 Length = 0 BitCount = 64 ID = 912", "can0 390#17 received"],
    ["   0.750289 1  ErrorFrame", "can0 20000080#0000000000000000 "],
    ["   2.501010 2  ErrorFrame	ECC: 10100010", "can1 20000080#0000000000000000 "],
    [
      "   0.750287 CANFD   1 Rx          123                                   1 0 9 12 11 22 33 44 55 66 77 88 99 AA BB CC   130000  130     3000 0 0 0 0 0",
      "can0 123##5112233445566778899AABBCC received",
    ],
    [
      "   0.750288 CANFD   1 Tx     1ABCDEF0x                                  1 1 0  0   130000  130     7000 0 0 0 0 0",
      "can0 1ABCDEF0##7 sent",
    ],
    [
      "21.671796 CANFD   1 Tx         11  msgCanFdFr1                      1 0 a 16 00 00 00 00 00 00 00 00 00 00 00 00 00 00 59 c0 100000  214   223040 80000000 46500250 460a0250 20011736 20010205",
      "can0 011##50000000000000000000000000000" + "59C0 sent",
    ],
    [
      "   0.200135 CANFD   1 Rx          123                                   0 0 5  0   130000  130       10 0 0 0 0 0",
      "can0 123#R5 received",
    ],
    [
      "   0.200136 CANFD   1 Rx     12345678x                                  0 0 e  8 11 22 33 44 55 66 77 88   130000  130        0 0 0 0 0 0",
      "can0 12345678#1122334455667788_E received",
    ],
    [
      "   0.750000 CANFD   3 Rx ErrorFrame     Not Acknowledge error, dominant error flag  fffe c7 31ca",
      "can2 20000080#0000000000000000 ",
    ],
    [
      "   0.750290 CANXL   1 Rx   XLFF   984438   4656       123                                  07 1 6 7 1 1f96 45 12345678 11 22 33 44 55 66 77 123123 01403000 00000000 000000050005000e",
      "can0 45123#81:07:12345678#11223344556677 received",
    ],
    [
      "   0.200135 CANXL   1 Rx   CBFF   984438   4656       123                                  5 0 123123 00000010 00000000",
      "can0 123#R5 received",
    ],
    [
      "59.171614 CANXL   2 Rx   CBFF   243215   176      432  msgCanCCTest1 f 8 e1 89 e8 c2 b9 6d 5a f1 174 00000000 00000000",
      "can1 432#E189E8C2B96D5AF1_F received",
    ],
    [
      "59.171614 CANXL   2 Rx   FBFF   243215   176      432  msgCanFDTest2 9 12 e1 89 e8 c2 b9 6d 5a f1 11 22 33 44 a 12345 00001240 00000000",
      "can1 432##4E189E8C2B96D5AF111223344 received",
    ],
    [
      "   0.750288 CANXL   1 Tx   FEFF   984438   4656 1ABCDEF0x                                  0 0 8 123123 00007000 00000000",
      "can0 1ABCDEF0##7 sent",
    ],
  ])("readAscLog() reads %.60s", async (line, wanted) => {
    expect(await frameOf(line)).toBe(wanted);
    expect(await frameOf(`${line}\r`)).toBe(wanted);
  });

  test.each([
    "// version 9.0.0",
    "Begin Triggerblock Fri Jul 10 06:17:32 2015",
    "   0.000000 Start of measurement",
    "   1.015991 1  Statistic: D 0 R 0 XD 0 XR 0 E 0 O 0 B 0.00%",
    "   2.501000 1  123 TxRq d 1 11",
    "   2.501000 CAN 1 Status:chip status error active",
    "   2.501000 SV: 2 0 1 ::Counter = 5",
    "   2.501000 CANFD 1 TxRq 123 0 0 1 1 11",
    "End TriggerBlock",
    "",
  ])("readAscLog() skips %j and counts it", async (line) => {
    const { records, statistics } = await readAll((source) => readAscLog(source, utc), [`${head}${line}\n`]);
    expect(records).toEqual([]);
    expect(statistics).toMatchObject({ lines: 4, skippedLines: 4, malformedLines: 0 });
  });

  test.each([
    "0.1 1 800 Rx d 1 11",
    "0.1 1 20000000x Rx d 1 11",
    "0.1 1 12G Rx d 1 11",
    "0.1 1 EngineData Rx d 1 11",
    "0.1 1 123 Rx q 1 11",
    "0.1 1 123 Rx d 11",
    "0.1 1 123 Rx d 2 11",
    "0.1 1 123 Rx d 1 111",
    "0.1 0 123 Rx d 1 11",
    "0.1 CANFD 1 Rx 123 1 0 9 13 11 22 33 44 55 66 77 88 99 AA BB CC DD 0 0 3000",
    "0.1 CANFD 1 Rx 123 1 0 9 12 11 22 0 0 3000",
    "0.1 CANFD 1 Rx 123 name other 1 0 0 0 0 0 3000",
    "0.1 CANFD 1 Rx 123",
    "0.1 CANFD x Rx 123 1 0 0 0 0 0 3000",
    "0.1 CANFD 1 Rx 123 0 0 3 8 11 22 33 44 55 66 77 88 0 0 0",
    "0.1 CANXL 1 Rx XXFF 0 0 123 1 1 11",
    "0.1 CANXL 1 Rx XLFF 0 0 123x 07 1 0 1 1 0 45 12345678 11 0 01403000",
    "0.1 CANXL 1 Rx XLFF 0 0 123 07 1 0 0 1 0 45 12345678 0 01403000",
    "0.1 CANXL 1 Rx XLFF 0 0 123 07 1 0 9999 1 0 45 12345678 0 01403000",
    "base oct timestamps absolute",
    "date of birth",
  ])("readAscLog() throws ERR_DECODE with the number of the line when it is %j", async (line) => {
    const failure = expect.objectContaining({
      code: "ERR_DECODE",
      message: expect.stringContaining("line 4 of the log"),
    });
    await expect(frameOf(line)).rejects.toEqual(failure);
    expect(await frameOf(line, { ...utc, skipMalformed: true })).toBe("none");
  });

  test("readAscLog() reads decimal numbers where the head says so", async () => {
    const decimal = head.replace("hex", "dec");
    expect(await frameOf("0.1 1 100 Rx d 2 255 10", utc, decimal)).toBe("can0 064#FF0A received");
    expect(await frameOf("0.1 1 536870911x Rx d 1 7", utc, decimal)).toBe("can0 1FFFFFFF#07 received");
    expect(await frameOf("0.1 CANFD 1 Rx 10 0 0 1 1 ff 0 0 1000", utc, decimal)).toBe("can0 010##4FF received");
    await expect(frameOf("0.1 1 100 Rx d 1 256", utc, decimal)).rejects.toThrow("byte 0 of 1");
  });

  test("readAscLog() counts absolute times from the date, relative ones from the event before", async () => {
    const lines = "0.5 1 1 Rx d 0\n0.25 1 Statistic: D 0\n1.000000001 1 2 Rx d 0\n";
    const start = Date.UTC(2015, 6, 10, 6, 17, 32) / 1000;
    const momentsOf = async (text: string) =>
      (await collect(readAscLog([text], utc))).map(({ timestamp }) => timestamp);
    expect(await momentsOf(head + lines)).toEqual([
      { seconds: start, nanoseconds: 500_000_000 },
      { seconds: start + 1, nanoseconds: 1 },
    ]);
    expect(await momentsOf(head.replace("absolute", "relative") + lines)).toEqual([
      { seconds: start, nanoseconds: 500_000_000 },
      { seconds: start + 1, nanoseconds: 750_000_001 },
    ]);
  });

  test("writeAscLog() gives each interface a channel: its number plus 1, or the lowest that is free", async () => {
    const frame = parseFrame("123#");
    const names = ["can1", "vcan1", "can0", "can1", "can300", "x"];
    const timestamp = { seconds: 1, nanoseconds: 0 };
    const records = names.map((interfaceName): LogRecord => ({ timestamp, interfaceName, frame }));
    const text = await textOf(writeAscLog(records, utc));
    expect([...text.matchAll(/^ *0\.000000 (\d+) +123 /gm)].map(([, channel]) => channel)).toEqual([
      "2",
      "1",
      "3",
      "2",
      "4",
      "5",
    ]);
    await expect(textOf(writeAscLog(records, { channels: ["can1"] }))).rejects.toThrow(
      "The interface vcan1 has no channel",
    );
  });

  test("writeAscLog() writes a head even if there is no frame, and times from the first frame on", async () => {
    expect(await textOf(writeAscLog([], utc))).toMatch(
      /^date Thu Jan 01 12:00:00\.000 am 1970\nbase hex {2}timestamps absolute\n/,
    );
    const frame = parseFrame("7FF#R");
    const at = (nanoseconds: number): LogRecord => ({
      timestamp: { seconds: 5, nanoseconds },
      interfaceName: "can0",
      frame,
    });
    const text = await textOf(writeAscLog([at(1_234_567), at(900_000_001), at(0)], { ...utc, timestampDigits: 9 }));
    // What the date does not show is in the times; a frame of before the first has the time of the start.
    expect([...text.matchAll(/(\S+) 1 {2}7FF/g)].map(([, time]) => time)).toEqual([
      "0.000234567",
      "0.899000001",
      "0.000000000",
    ]);
  });

  test("options that do not exist or make no sense are refused", async () => {
    expect(() => readAscLog([], { zone: "utc" } as never)).toThrow(TypeError);
    expect(() => readAscLog([], { timeZone: "CET" as never })).toThrow(RangeError);
    await expect(textOf(writeAscLog([], { timestampDigits: 3 }))).rejects.toThrow(RangeError);
    await expect(textOf(writeAscLog([], { decimals: 3 } as never))).rejects.toThrow(TypeError);
  });

  const lacking = "can-utils is missing";
  test("asc2log reads what writeAscLog() gives", skipUnless(hasProgram("asc2log"), lacking), async () => {
    const frames = [
      "044#2A366C2BBA",
      "12345678#1122334455667788",
      "7FF#",
      "123##5112233445566778899AABBCC",
      "1ABCDEF0##7",
      "00000001##4AB",
    ];
    const records = frames.map(
      (text, index): LogRecord => ({
        timestamp: { seconds: 1_500_000_000 + index, nanoseconds: 250_000_000 + index * 1_000 },
        interfaceName: `can${index % 3}`,
        frame: parseFrame(text),
        direction: index % 2 === 0 ? "sent" : "received",
      }),
    );
    const asc = await textOf(writeAscLog(records));
    const text = execFileSync("asc2log", [], { input: asc, stdio: ["pipe", "pipe", "ignore"] }).toString();
    const read = await collect(readCandumpLog([text]));
    const plain = ({ interfaceName, frame, direction }: LogRecord) => ({ interfaceName, frame, direction });
    expect(read.map(plain)).toEqual(records.map(plain));
  });

  test("readAscLog() reads what log2asc gives", skipUnless(hasProgram("log2asc"), lacking), async () => {
    const frames = [
      "044#2A366C2BBA",
      "12345678#1122334455667788",
      "7FF#",
      "123#R",
      "123##5112233445566778899AABBCC",
      "1ABCDEF0##7",
    ];
    const records = frames.map(
      (text, index): LogRecord => ({
        timestamp: { seconds: 1_500_000_000 + index, nanoseconds: index * 1_000 },
        interfaceName: `can${index % 2}`,
        frame: parseFrame(text),
        direction: index % 3 === 0 ? "sent" : "received",
      }),
    );
    const input = await textOf(writeCandumpLog(records, { direction: true }));
    const env = { ...process.env, TZ: "UTC" };
    for (const switches of [[], ["-n"], ["-f"]]) {
      const asc = execFileSync("log2asc", [...switches, "can0", "can1"], { input, env }).toString();
      expect(await collect(readAscLog([asc], utc))).toEqual(records);
    }
  });
});
