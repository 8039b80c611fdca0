import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  type CanFrame,
  dataFrame,
  errorFrame,
  extendedId,
  fdFrame,
  formatFrame,
  MAX_FRAME_TEXT,
  parseFrame,
  remoteFrame,
  standardId,
  xlFrame,
} from "../../src/can/index.js";
import { canFrames } from "./arbitrary.js";

const s = standardId(0x123);
const e = extendedId(0x12345678);
const eight = [0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77, 0x88];

describe("formatFrame()", () => {
  test("parseFrame() reads what formatFrame() gives, in small letters and with dots too", () => {
    fc.assert(
      fc.property(canFrames, (frame) => {
        const text = formatFrame(frame);
        expect(parseFrame(text)).toEqual(frame);
        expect(parseFrame(text.toLowerCase())).toEqual(frame);
        const [, head = "", bytes = ""] = /^(.*#(?:#.)?)((?:[0-9A-F]{2})*)$/.exec(text) ?? [];
        if (head !== "" && !text.includes("#R")) {
          expect(parseFrame(head + (bytes.match(/../g) ?? []).join("."))).toEqual(frame);
        }
      }),
    );
  });

  // The first column is what lib.h of can-utils documents; the flags of CAN FD are shown with FDF.
  test.each<[string, CanFrame, string?]>([
    ["123#", dataFrame(s)],
    ["12345678#", dataFrame(e)],
    ["123#00", dataFrame(s, [0])],
    ["123#R", remoteFrame(s)],
    ["123#R0", remoteFrame(s), "123#R"],
    ["123#r", remoteFrame(s), "123#R"],
    ["123#R7", remoteFrame(s, 7)],
    ["123#R8_9", remoteFrame(s, 9)],
    ["12345678#R5", remoteFrame(e, 5)],
    ["123#1122334455667788", dataFrame(s, eight)],
    ["123#1122334455667788_E", dataFrame(s, eight, 14)],
    ["123#11.2233.44556677.88", dataFrame(s, eight), "123#1122334455667788"],
    ["32345678#112233", errorFrame(0x12345678, [0x11, 0x22, 0x33])],
    ["123##0112233", fdFrame(s, [0x11, 0x22, 0x33]), "123##4112233"],
    ["123##1112233", fdFrame(s, [0x11, 0x22, 0x33], { bitRateSwitch: true }), "123##5112233"],
    ["123##3", fdFrame(s, [], { bitRateSwitch: true, errorStateIndicator: true }), "123##7"],
    ["123##7.11.22", fdFrame(s, [0x11, 0x22], { bitRateSwitch: true, errorStateIndicator: true }), "123##71122"],
    [
      "45123#81:00:12345678#11223344.556677",
      xlFrame(s, eight.slice(0, 7), { virtualNetwork: 0x45, acceptance: 0x12345678, extendedContent: true }),
      "45123#81:00:12345678#11223344556677",
    ],
    ["00123#02:FF:00000000#AB", xlFrame(s, [0xab], { sduType: 255, remoteRequest: true }), "00123#82:FF:00000000#AB"],
    ["92345678#01", dataFrame(e, [1]), "12345678#01"],
  ])("parseFrame() reads %s", (text, frame, shown = text) => {
    expect(parseFrame(text)).toEqual(frame);
    expect(formatFrame(frame)).toBe(shown);
  });

  test("parseFrame() keeps CAN FD data of a length that the wire does not have", () => {
    const frame = parseFrame(`123##0${"AB".repeat(9)}`);
    expect(frame).toMatchObject({ kind: "fd", data: { length: 9 } });
    expect(formatFrame(frame)).toBe(`123##4${"AB".repeat(9)}`);
  });

  test.each([
    "",
    "#",
    "123",
    "12#",
    "1234#",
    "123456789#",
    "800#",
    "FFF#11",
    "123#1",
    "123#1g",
    "123#112233445566778899",
    "123#R9",
    "123#R7_9",
    "123#R8_8",
    "123#11_9",
    "123#1122334455667788_8",
    "20000001#R",
    "20000001##0",
    "123##",
    "123##G",
    `123##0${"00".repeat(65)}`,
    "00123#80:00:00000000#",
    "00800#80:00:00000000#11",
    "00123#80:00:0000000#11",
    `00123#80:00:00000000#${"00".repeat(2049)}`,
    "123#11 ",
    "123#11\n",
  ])("parseFrame() throws ERR_DECODE when it is %j", (text) => {
    expect(() => parseFrame(text)).toThrow(expect.objectContaining({ code: "ERR_DECODE" }));
  });

  test("MAX_FRAME_TEXT is long enough for the longest frame with dots", () => {
    const text = formatFrame(xlFrame(s, new Uint8Array(2048)));
    expect(text.length + 2047).toBeLessThanOrEqual(MAX_FRAME_TEXT);
  });
});
