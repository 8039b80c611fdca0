import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  classicBitBounds,
  dataFrame,
  extendedId,
  fdFrame,
  frameBits,
  remoteFrame,
  standardId,
  wireTimeNs,
} from "../../src/can/index.js";
import { dataFrames, fdFrames, remoteFrames } from "./arbitrary.js";

describe("frameBits()", () => {
  test("frameBits() of a classic frame stays within its bounds", () => {
    fc.assert(
      fc.property(fc.oneof(dataFrames, remoteFrames), (frame) => {
        const { nominal, data } = frameBits(frame);
        const { least, most } = classicBitBounds(frame);
        expect(data).toBe(0);
        expect(nominal).toBeGreaterThanOrEqual(least);
        expect(nominal).toBeLessThanOrEqual(most);
      }),
    );
  });

  // The lengths are those of Tindell's analysis: 47 and 67 bits and 8 for each byte, stuff bits (34 + 8n - 1) / 4 and
  // (54 + 8n - 1) / 4 at most, the intermission of three bits included.
  test.each([
    [dataFrame(standardId(0)), 47, 55],
    [dataFrame(standardId(0), new Uint8Array(8)), 111, 135],
    [dataFrame(extendedId(0)), 67, 80],
    [dataFrame(extendedId(0), new Uint8Array(8)), 131, 160],
    [remoteFrame(standardId(0), 8), 47, 55],
  ])("classicBitBounds() gives the known bounds of %o", (frame, least, most) => {
    expect(classicBitBounds(frame)).toEqual({ least, most });
  });

  // Worked by hand: the bits up to the CRC, the CRC, and what is put in after five equal ones.
  test.each([
    // 0 10101010101 000 0000: no run of five before the length code, then seven dominant bits and the CRC.
    [dataFrame(standardId(0x555)), "0101010101010000000"],
    [dataFrame(standardId(0x7ff), [0xff]), "011111111111000000111111111"],
  ])("frameBits() counts the stuff bits of %o", (frame, header) => {
    let crc = 0;
    for (const bit of header) {
      const feedback = Number(bit) !== crc >> 14;
      crc = (crc << 1) & 0x7fff;
      if (feedback) crc ^= 0x4599;
    }
    const bits = header + crc.toString(2).padStart(15, "0");
    let sent = "";
    for (const bit of bits) {
      sent += bit;
      if (/0{5}$/.test(sent)) sent += "1";
      else if (/1{5}$/.test(sent)) sent += "0";
    }
    expect(frameBits(frame).nominal).toBe(sent.length + 1 + 2 + 7 + 3);
  });

  test("frameBits() of CAN FD moves the data phase to the second bit rate when the frame switches", () => {
    fc.assert(
      fc.property(fdFrames, (frame) => {
        const fast = frameBits({ ...frame, bitRateSwitch: true });
        const slow = frameBits({ ...frame, bitRateSwitch: false });
        expect(slow.data).toBe(0);
        const { length } = frame.data;
        const fixed = 1 + 4 + 8 * length + (length <= 16 ? 27 : 32) + 1;
        expect(fast.data).toBeGreaterThanOrEqual(fixed);
        expect(fast.data).toBeLessThanOrEqual(fixed + Math.ceil((5 + 8 * length) / 4));
      }),
    );
  });

  test("frameBits() of CAN FD counts a frame without runs of five exactly", () => {
    // SOF 0, 0x555, RRS 0, IDE 0, FDF 1, res 0, BRS 1, ESI 0, DLC 0001, 0x55; no five equal bits in a row.
    const frame = fdFrame(standardId(0x555), [0x55], { bitRateSwitch: true });
    expect(frameBits(frame)).toEqual({ nominal: 17 + 12, data: 1 + 4 + 8 + 27 + 1 });
  });
});

describe("wireTimeNs()", () => {
  test("wireTimeNs() is the bits at their rates", () => {
    const classic = dataFrame(standardId(0x555), [0x55]);
    expect(wireTimeNs(classic, { bitRate: 500_000 })).toBe(frameBits(classic).nominal * 2000);
    const flexible = fdFrame(standardId(0x555), [0x55], { bitRateSwitch: true });
    const { nominal, data } = frameBits(flexible);
    expect(wireTimeNs(flexible, { bitRate: 500_000, dataBitRate: 2_000_000 })).toBe(nominal * 2000 + data * 500);
    expect(wireTimeNs(flexible, { bitRate: 500_000 })).toBe((nominal + data) * 2000);
  });
});
