import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  dataFrame,
  decodeFrame,
  encodeFilters,
  encodeFrame,
  errorFrame,
  exactFilter,
  extendedId,
  type FdFrame,
  fdFrame,
  formatFrame,
  invertFilter,
  remoteFrame,
  standardId,
  xlFrame,
} from "../../src/can/index.js";
import { hasTool, Workshop } from "../gen/compiler.js";
import { skipUnless } from "../support/skip.js";
import { canFrames } from "./arbitrary.js";

const standard = standardId(0x123);
const extended = extendedId(0x12345678);
const eight = [1, 2, 3, 4, 5, 6, 7, 8];

describe("encodeFrame()", () => {
  test("decodeFrame() gives back what encodeFrame() was given", () => {
    fc.assert(
      fc.property(canFrames, (frame) => {
        expect(decodeFrame(encodeFrame(frame))).toEqual(frame);
      }),
    );
  });

  test("decodeFrame() reads frames that lie in the middle of a buffer and shares no memory with it", () => {
    fc.assert(
      fc.property(canFrames, (frame) => {
        const bytes = encodeFrame(frame);
        const buffer = new Uint8Array(bytes.length + 7);
        buffer.set(bytes, 3);
        const decoded = decodeFrame(buffer.subarray(3, 3 + bytes.length));
        buffer.fill(0xff);
        expect(decoded).toEqual(frame);
      }),
    );
  });

  test("encodeFrame() pads CAN FD data that software left at another length", () => {
    const frame: FdFrame = { ...fdFrame(standard), data: Uint8Array.of(...eight, 9) };
    expect(decodeFrame(encodeFrame(frame))).toEqual(fdFrame(standard, [...eight, 9]));
  });
});

describe("decodeFrame()", () => {
  const classic = encodeFrame(dataFrame(standard, eight));
  const flexible = encodeFrame(fdFrame(standard, eight));
  const long = encodeFrame(xlFrame(standard, eight));
  const changed = (bytes: Uint8Array, index: number, value: number) => {
    const copy = bytes.slice();
    copy[index] = value;
    return copy;
  };

  test.each<[string, Uint8Array]>([
    ["no bytes", new Uint8Array(0)],
    ["15 bytes", classic.subarray(0, 15)],
    ["17 bytes", new Uint8Array(17)],
    ["a classic length of 9", changed(classic, 4, 9)],
    ["a CAN FD length of 65", changed(flexible, 4, 65)],
    ["a remote CAN FD frame", changed(flexible, 3, 0x40)],
    ["an error frame of CAN FD", changed(flexible, 3, 0x20)],
    ["CAN XL without data", changed(long, 6, 0)],
    ["CAN XL with more data than bytes", changed(long, 6, 9)],
    ["CAN XL above 2048", changed(new Uint8Array([...long, ...new Uint8Array(2100)]), 7, 9)],
  ])("decodeFrame() throws ERR_DECODE when it finds %s", (_, bytes) => {
    expect(() => decodeFrame(bytes)).toThrow(expect.objectContaining({ code: "ERR_DECODE" }));
  });

  test("decodeFrame() never throws anything else when the bytes are at random", () => {
    const sizes = fc.constantFrom(16, 72, 12, 13, 100);
    const bytes = sizes.chain((size) => fc.uint8Array({ minLength: size, maxLength: size }));
    fc.assert(
      fc.property(bytes, (random) => {
        try {
          encodeFrame(decodeFrame(random));
        } catch (error) {
          expect(error).toMatchObject({ code: "ERR_DECODE" });
        }
      }),
    );
  });

  test("decodeFrame() ignores a raw length code when there are fewer than 8 bytes", () => {
    expect(decodeFrame(changed(encodeFrame(dataFrame(standard, [1])), 7, 12))).toEqual(dataFrame(standard, [1]));
  });

  test("decodeFrame() gives a standard id 11 bits when more are set", () => {
    expect(decodeFrame(changed(classic, 2, 0xff))).toEqual(dataFrame(standard, eight));
  });
});

/** C that fills each struct with the names of linux/can.h and prints its bytes, one line each. */
const program = `
#include <linux/can.h>
#include <linux/can/error.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

static void print(const void *bytes, unsigned int size)
{
	for (unsigned int i = 0; i < size; i++)
		printf("%02x", ((const unsigned char *)bytes)[i]);
	printf("\\n");
}

int main(void)
{
	static const unsigned char eight[8] = { 1, 2, 3, 4, 5, 6, 7, 8 };
	struct can_filter exact = { 0x123, CAN_EFF_FLAG | CAN_RTR_FLAG | CAN_SFF_MASK };
	struct can_filter inverted = { 0x12345678 | CAN_EFF_FLAG | CAN_INV_FILTER,
				       CAN_EFF_FLAG | CAN_RTR_FLAG | CAN_EFF_MASK };
	struct can_frame classic;
	struct canfd_frame flexible;
	struct canxl_frame extra;

	memset(&classic, 0, sizeof(classic));
	classic.can_id = 0x123;
	classic.len = 8;
	memcpy(classic.data, eight, 8);
	print(&classic, CAN_MTU);
	classic.can_id = 0x12345678 | CAN_EFF_FLAG;
	classic.len8_dlc = 0xe;
	print(&classic, CAN_MTU);
	memset(&classic, 0, sizeof(classic));
	classic.can_id = 0x123 | CAN_RTR_FLAG;
	classic.len = 5;
	print(&classic, CAN_MTU);
	classic.can_id = CAN_ERR_FLAG | CAN_ERR_BUSOFF | CAN_ERR_CRTL;
	classic.len = CAN_ERR_DLC;
	classic.data[1] = CAN_ERR_CRTL_TX_PASSIVE;
	print(&classic, CAN_MTU);
	memset(&flexible, 0, sizeof(flexible));
	flexible.can_id = 0x12345678 | CAN_EFF_FLAG;
	flexible.len = 8;
	flexible.flags = CANFD_BRS | CANFD_ESI | CANFD_FDF;
	memcpy(flexible.data, eight, 8);
	print(&flexible, CANFD_MTU);
	memset(&extra, 0, sizeof(extra));
	extra.prio = 0x123 | 0x45 << 16;
	extra.flags = CANXL_XLF | CANXL_SEC;
	extra.sdt = 6;
	extra.len = 8;
	extra.af = 0x89abcdef;
	memcpy(extra.data, eight, 8);
	print(&extra, CANXL_HDR_SIZE + 8);
	print(&exact, sizeof(exact));
	print(&inverted, sizeof(inverted));
	return 0;
}
`;

const hasHeaders = hasTool("gcc") && existsSync("/usr/include/linux/can.h");

describe("the kernel's headers", skipUnless(hasHeaders, "gcc or linux/can.h is missing"), () => {
  test("hold every frame and filter as encodeFrame() and encodeFilters() do", () => {
    using workshop = new Workshop();
    const binary = `${workshop.path}/frames`;
    execFileSync("gcc", ["-Wall", "-Werror", "-O1", workshop.write("frames.c", program), "-o", binary]);
    const printed = execFileSync(binary, { encoding: "utf8" }).trim().split("\n");
    const frames = [
      dataFrame(standard, eight),
      dataFrame(extended, eight, 0xe),
      remoteFrame(standard, 5),
      errorFrame(0x44, [0, 0x20, 0, 0, 0, 0, 0, 0]),
      fdFrame(extended, eight, { bitRateSwitch: true, errorStateIndicator: true }),
      xlFrame(standard, eight, {
        virtualNetwork: 0x45,
        sduType: 6,
        acceptance: 0x89abcdef,
        extendedContent: true,
      }),
    ];
    const filters = [exactFilter(standard), invertFilter(exactFilter(extended))];
    const encoded = [...frames.map(encodeFrame), ...filters.map((filter) => encodeFilters([filter]))];
    expect(encoded.map((bytes) => Buffer.from(bytes).toString("hex"))).toEqual(printed);
    for (const [index, frame] of frames.entries()) {
      expect(formatFrame(decodeFrame(Buffer.from(printed[index] ?? "", "hex")))).toBe(formatFrame(frame));
    }
  });
});
