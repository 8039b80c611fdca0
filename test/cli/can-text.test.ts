import { expect, test } from "vitest";
import {
  type CanFrame,
  dataFrame,
  encodeErrorFrame,
  extendedId,
  fdFrame,
  formatFrame,
  remoteFrame,
  standardId,
  xlFrame,
} from "../../src/can/index.js";
import { colourLine, createLongFormat, createTimeFormat, formatJson } from "../../src/cli/can-text.js";
import { createPalette } from "../../src/cli/palette.js";

test.each<[string, CanFrame]>([
  ["123   [3]  01 02 FF", dataFrame(standardId(0x123), [1, 2, 255])],
  ["00000123   [0] ", dataFrame(extendedId(0x123))],
  ["7FF   [8]  00 00 00 00 00 00 00 00", dataFrame(standardId(0x7ff), new Uint8Array(8), 15)],
  ["005   [2]  remote request", remoteFrame(standardId(5), 2)],
  ["123  [12]  00 00 00 00 00 00 00 00 00 00 00 00", fdFrame(standardId(0x123), new Uint8Array(12))],
  ["123  [01]  07", fdFrame(standardId(0x123), [7])],
  ["20000040   [8]  00 00 00 00 00 00 00 00   ERRORFRAME", encodeErrorFrame({ busOff: true })],
  ["00123#80:00:00000000#AA", xlFrame(standardId(0x123), [0xaa])],
])("createLongFormat() gives %j", (text, frame) => {
  expect(createLongFormat(formatFrame)(frame)).toBe(text);
});

test("createLongFormat() brings standard ids in line with extended ones once there were any", () => {
  const frames = [dataFrame(standardId(1)), dataFrame(extendedId(1)), dataFrame(standardId(1))];
  expect(frames.map(createLongFormat(formatFrame))).toEqual(["001   [0] ", "00000001   [0] ", "     001   [0] "]);
});

test("createTimeFormat() gives moments as candump's -t does", () => {
  const times = [
    { seconds: 1_700_000_000, nanoseconds: 999_999_000 },
    { seconds: 1_700_000_001, nanoseconds: 1_500 },
    { seconds: 1_700_000_003, nanoseconds: 0 },
  ];
  const shown = (style: "a" | "d" | "z") => times.map(createTimeFormat(style));
  expect(shown("a")).toEqual([" (1700000000.999999) ", " (1700000001.000001) ", " (1700000003.000000) "]);
  expect(shown("d")).toEqual([" (000.000000) ", " (000.000002) ", " (001.999998) "]);
  expect(shown("z")).toEqual([" (000.000000) ", " (000.000002) ", " (002.000001) "]);
  expect(createTimeFormat("A")(times[1] as (typeof times)[0])).toMatch(/^ \(2023-11-1[45] \d\d:\d3:21\.000001\) $/);
});

test("formatJson() gives all of a frame, exact to the nanosecond", () => {
  const received = {
    frame: fdFrame(standardId(0x12), [1, 0xab], { bitRateSwitch: true }),
    timestamp: { seconds: 1_700_000_000, nanoseconds: 42 },
    origin: "local",
    interfaceName: "can0",
  } as const;
  expect(JSON.parse(formatJson(received))).toEqual({
    interface: "can0",
    timestamp: "1700000000.000000042",
    origin: "local",
    kind: "fd",
    id: "012",
    bitRateSwitch: true,
    errorStateIndicator: false,
    data: "01ab",
  });
});

test("colourLine() marks error frames on a terminal only", () => {
  const error = encodeErrorFrame({ busOff: true });
  expect(colourLine(createPalette({ isTTY: true }, {}, true), error, "x")).toBe("\u001b[31mx\u001b[39m");
  expect(colourLine(createPalette({ isTTY: false }, {}, true), error, "x")).toBe("x");
});
