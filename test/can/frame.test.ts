import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  type CanId,
  dataFrame,
  errorFrame,
  extendedId,
  fdDlcOfLength,
  fdFrame,
  fdLengthOfDlc,
  remoteFrame,
  standardId,
  xlFrame,
} from "../../src/can/index.js";

const id = standardId(0x123);

describe("dataFrame()", () => {
  test("dataFrame() copies its bytes when they are changed later", () => {
    const bytes = Uint8Array.of(1, 2);
    const frame = dataFrame(id, bytes);
    bytes[0] = 9;
    expect(frame).toEqual({ kind: "data", id, dlc: 2, data: Uint8Array.of(1, 2) });
  });

  test("dataFrame() takes a raw length code when there are 8 bytes", () => {
    expect(dataFrame(id, new Uint8Array(8), 15).dlc).toBe(15);
  });

  test.each<[string, () => unknown]>([
    ["9 bytes", () => dataFrame(id, new Uint8Array(9))],
    ["a byte above 255", () => dataFrame(id, [256])],
    ["a byte that is no integer", () => dataFrame(id, [0.5])],
    ["a length code below the number of bytes", () => dataFrame(id, [1, 2], 1)],
    ["a raw length code with 7 bytes", () => dataFrame(id, new Uint8Array(7), 9)],
    ["a length code of 16", () => dataFrame(id, new Uint8Array(8), 16)],
    ["an id that was made by hand", () => dataFrame(0x800 as CanId)],
    ["a remote length code of 16", () => remoteFrame(id, 16)],
    ["65 bytes of CAN FD", () => fdFrame(id, new Uint8Array(65))],
    ["no bytes of CAN XL", () => xlFrame(id, [])],
    ["2049 bytes of CAN XL", () => xlFrame(id, new Uint8Array(2049))],
    ["an extended priority", () => xlFrame(extendedId(1) as never, [1])],
    ["a virtual network of 256", () => xlFrame(id, [1], { virtualNetwork: 256 })],
    ["9 bytes of an error frame", () => errorFrame(1, new Uint8Array(9))],
    ["30 bits of error classes", () => errorFrame(0x2000_0000)],
  ])("makers of frames throw RangeError when there is %s", (_, make) => {
    expect(make).toThrow(RangeError);
  });

  test("fdFrame() throws TypeError when an option is unknown", () => {
    expect(() => fdFrame(id, [], { brs: true } as never)).toThrow(TypeError);
  });
});

describe("fdFrame()", () => {
  test("fdFrame() pads with zeros to the next length of the wire and no further", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => {
        const { data } = fdFrame(id, bytes);
        expect([0, 1, 2, 3, 4, 5, 6, 7, 8, 12, 16, 20, 24, 32, 48, 64]).toContain(data.length);
        expect(data.length - bytes.length).toBeLessThan(16);
        expect(data.subarray(0, bytes.length)).toEqual(bytes);
        expect(data.subarray(bytes.length).every((byte) => byte === 0)).toBe(true);
      }),
    );
  });

  test.each([
    [8, 8],
    [9, 12],
    [12, 12],
    [13, 16],
    [17, 20],
    [21, 24],
    [25, 32],
    [33, 48],
    [49, 64],
    [64, 64],
  ])("fdFrame() makes %i bytes %i long", (given, long) => {
    expect(fdFrame(id, new Uint8Array(given)).data.length).toBe(long);
  });
});

describe("length codes", () => {
  test("fdDlcOfLength() and fdLengthOfDlc() are each other's inverse when the length is one of the wire", () => {
    for (let dlc = 0; dlc <= 15; dlc++) expect(fdDlcOfLength(fdLengthOfDlc(dlc))).toBe(dlc);
  });

  test.each([-1, 16, 0.5])("fdLengthOfDlc() throws RangeError when the code is %s", (dlc) => {
    expect(() => fdLengthOfDlc(dlc)).toThrow(RangeError);
  });

  test.each([-1, 65, 0.5])("fdDlcOfLength() throws RangeError when the length is %s", (length) => {
    expect(() => fdDlcOfLength(length)).toThrow(RangeError);
  });
});
