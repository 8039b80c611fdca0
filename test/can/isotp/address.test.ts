import { describe, expect, test } from "vitest";
import { extendedId, standardId } from "../../../src/can/index.js";
import {
  extendedAddress,
  mixedAddress,
  mixedFixedAddress,
  normalAddress,
  normalFixedAddress,
} from "../../../src/can/isotp/address.js";

const ids = { tx: standardId(0x7e0), rx: standardId(0x7e8) };

describe("normalAddress()", () => {
  test("takes the ids", () => {
    expect(normalAddress({ ...ids, functionalTx: standardId(0x7df) })).toEqual({
      ...{ txId: 0x7e0, rxId: 0x7e8, functionalTxId: 0x7df },
    });
  });

  test.each([
    ["one id twice", { tx: ids.tx, rx: ids.tx }, RangeError],
    ["a number that is no id", { tx: 0x800 as typeof ids.tx, rx: ids.rx }, RangeError],
    ["an option that does not exist", { ...ids, target: 1 } as typeof ids, TypeError],
  ])("refuses %s", (_, pair, type) => {
    expect(() => normalAddress(pair)).toThrow(type);
  });
});

describe("extendedAddress() and mixedAddress()", () => {
  test("put a byte of their own in each direction", () => {
    expect(extendedAddress({ ...ids, target: 0xf1, own: 0x10 })).toMatchObject({ txByte: 0xf1, rxByte: 0x10 });
    expect(mixedAddress({ ...ids, extension: 5 })).toMatchObject({ txByte: 5, rxByte: 5 });
    expect(mixedAddress({ ...ids, extension: 5, rxExtension: 6 })).toMatchObject({ txByte: 5, rxByte: 6 });
  });

  test.each([-1, 256, 1.5])("refuse the byte %d", (byte) => {
    expect(() => extendedAddress({ ...ids, target: byte, own: 0 })).toThrow(RangeError);
    expect(() => mixedAddress({ ...ids, extension: byte })).toThrow(RangeError);
  });
});

describe("normalFixedAddress() and mixedFixedAddress()", () => {
  test("make the ids of 29 bits", () => {
    expect(normalFixedAddress({ target: 0x10, source: 0xf1, functional: 0x33 })).toEqual({
      txId: extendedId(0x18da10f1),
      rxId: extendedId(0x18daf110),
      functionalTxId: extendedId(0x18db33f1),
      functionalRxId: extendedId(0x18db3310),
    });
    expect(mixedFixedAddress({ target: 1, source: 2, functional: 3, extension: 4 })).toMatchObject({
      txId: extendedId(0x18ce0102),
      functionalTxId: extendedId(0x18cd0302),
      txByte: 4,
      functionalRxByte: 4,
    });
    expect(normalFixedAddress({ target: 1, source: 2, priority: 7 }).txId).toBe(extendedId(0x1cda0102));
  });

  test.each([
    ["a priority of 8", { target: 1, source: 2, priority: 8 }],
    ["an address of 256", { target: 256, source: 2 }],
    ["one address twice", { target: 2, source: 2 }],
  ])("refuse %s", (_, pair) => {
    expect(() => normalFixedAddress(pair)).toThrow(RangeError);
  });
});
