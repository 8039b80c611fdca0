import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  carriedBytes,
  decodeNetworkPdu,
  encodeConsecutive,
  encodeFirst,
  encodeFlow,
  encodeSingle,
  FlowStatus,
  type Layout,
  maxSingleBytes,
} from "../../../src/can/isotp/pci.js";
import { hex, pattern, shown } from "./bytes.js";

const classic: Layout = { prefix: undefined, txDl: 8, padding: undefined };
const padded: Layout = { ...classic, padding: 0xcc };
const fd: Layout = { ...classic, txDl: 64 };
const extended: Layout = { ...classic, prefix: 0xf1 };
const widths = [8, 12, 16, 20, 24, 32, 48, 64];
const layouts: fc.Arbitrary<Layout> = fc.record({
  prefix: fc.option(fc.nat(0xff), { nil: undefined }),
  txDl: fc.constantFrom(...widths),
  padding: fc.option(fc.nat(0xff), { nil: undefined }),
});

describe("encodeSingle()", () => {
  test.each<[string, Layout, string, string]>([
    ["3 bytes", classic, "22 F1 90", "03 22 F1 90"],
    ["3 bytes, padded", padded, "22 F1 90", "03 22 F1 90 CC CC CC CC"],
    ["3 bytes behind an address", extended, "22 F1 90", "F1 03 22 F1 90"],
    ["7 bytes in a frame of 64", fd, "00 01 02 03 04 05 06", "07 00 01 02 03 04 05 06"],
    ["20 bytes in a frame of 64", fd, shown(pattern(20)), `00 14 ${shown(pattern(20))} CC CC`],
  ])("gives the frame for %s", (_, layout, pdu, frame) => {
    expect(shown(encodeSingle(layout, hex(pdu)))).toBe(frame);
  });
});

describe("encodeFirst() and encodeConsecutive()", () => {
  test("give the frames for 10 bytes", () => {
    expect(shown(encodeFirst(classic, pattern(10)))).toBe("10 0A 00 01 02 03 04 05");
    expect(shown(encodeConsecutive(classic, pattern(10), 6, 1))).toBe("21 06 07 08 09");
  });

  test("give the frames for 10 bytes behind an address", () => {
    expect(shown(encodeFirst(extended, pattern(10)))).toBe("F1 10 0A 00 01 02 03 04");
    expect(shown(encodeConsecutive(extended, pattern(10), 5, 1))).toBe("F1 21 05 06 07 08 09");
  });

  test("give the frames for 63 bytes in frames of 64", () => {
    expect(shown(encodeFirst(fd, pattern(63)))).toBe(`10 3F ${shown(pattern(62))}`);
    expect(shown(encodeConsecutive(fd, pattern(63), 62, 1))).toBe("21 3E");
  });

  test("give a length of 32 bits beyond 4095", () => {
    expect(shown(encodeFirst(classic, pattern(4095)))).toBe("1F FF 00 01 02 03 04 05");
    expect(shown(encodeFirst(classic, pattern(5000)))).toBe("10 00 00 00 13 88 00 01");
  });
});

describe("encodeFlow()", () => {
  test.each<[string, Layout, FlowStatus, number, number, string]>([
    ["go on", classic, FlowStatus.continue, 0, 0, "30 00 00"],
    ["go on behind an address", { ...classic, prefix: 0x10 }, FlowStatus.continue, 1, 0xf5, "10 30 01 F5"],
    ["wait", padded, FlowStatus.wait, 0, 0, "31 00 00 CC CC CC CC CC"],
    ["too large", classic, FlowStatus.overflow, 0, 0, "32 00 00"],
  ])("says %s", (_, layout, status, blockSize, stMin, frame) => {
    const bytes = encodeFlow(layout, status, blockSize, stMin);
    expect(shown(bytes)).toBe(frame);
    const start = layout.prefix === undefined ? 0 : 1;
    expect(decodeNetworkPdu(bytes, start)).toEqual({ type: "flow", status, blockSize, stMin });
  });
});

describe("decodeNetworkPdu()", () => {
  test("reads what is written", () => {
    fc.assert(
      fc.property(layouts, fc.uint8Array({ minLength: 1, maxLength: 6000 }), (layout, pdu) => {
        const start = layout.prefix === undefined ? 0 : 1;
        if (pdu.length <= maxSingleBytes(layout.txDl, layout.prefix)) {
          expect(decodeNetworkPdu(encodeSingle(layout, pdu), start)).toEqual({ type: "single", data: pdu });
          return;
        }
        const carried = carriedBytes(layout, pdu.length, 0);
        expect(decodeNetworkPdu(encodeFirst(layout, pdu), start)).toEqual({
          type: "first",
          lengthBytes: pdu.length,
          data: pdu.slice(0, carried),
        });
        const next = encodeConsecutive(layout, pdu, carried, 1);
        const decoded = decodeNetworkPdu(next, start);
        expect(decoded).toMatchObject({ type: "consecutive", sequence: 1 });
        const data = decoded?.type === "consecutive" ? decoded.data : new Uint8Array();
        const length = carriedBytes(layout, pdu.length, carried);
        expect(data.slice(0, length)).toEqual(pdu.slice(carried, carried + length));
      }),
    );
  });

  test.each([
    ["nothing", "", 0],
    ["an address alone", "F1", 1],
    ["a single frame of no bytes", "00 01 02 03", 0],
    ["a single frame shorter than it says", "04 01 02 03", 0],
    ["a single frame of 8 bytes in 8", "08 01 02 03 04 05 06 07", 0],
    ["a single frame of 7 bytes behind an address", "F1 07 01 02 03 04 05 06", 1],
    ["a plain single frame in 12 bytes", "05 01 02 03 04 05 06 07 08 09 0A 0B", 0],
    ["a long single frame of no bytes", "00 00 02 03 04 05 06 07 08 09 0A 0B", 0],
    ["a long single frame longer than its frame", "00 0B 02 03 04 05 06 07 08 09 0A 0B", 0],
    ["a first frame that is not full", "10 0A 00 01 02 03 04", 0],
    ["a first frame of a length that does not exist", "10 FF 00 01 02 03 04 05 06", 0],
    ["a first frame for what fits a single one", "10 07 00 01 02 03 04 05", 0],
    ["a first frame behind an address for what fits a single one", "F1 10 06 00 01 02 03 04", 1],
    ["a first frame of 12 bytes for what fits a single one", "10 0A 00 01 02 03 04 05 06 07 08 09", 0],
    ["a long length that is short", "10 00 00 00 0F FF 00 01", 0],
    ["a flow control of two bytes", "30 00", 0],
    ["a flow control of three bytes with its address", "F1 30 00", 1],
    ["a type that does not exist", "40 00 00", 0],
    ["the last type", "F0 00 00", 0],
  ])("ignores %s", (_, frame, start) => {
    expect(decodeNetworkPdu(hex(frame), start)).toBeUndefined();
  });

  test("takes any bytes", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), fc.nat(1), (bytes, start) => {
        decodeNetworkPdu(bytes, start);
      }),
    );
  });
});
