import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { BitStream } from "../../src/can/bit-stream.js";

/** Bit stuffing by the letter of the specification, on text. */
function stuff(bits: string): string {
  let sent = "";
  for (const bit of bits) {
    sent += bit;
    if (/0{5}$/.test(sent)) sent += "1";
    else if (/1{5}$/.test(sent)) sent += "0";
  }
  return sent;
}

describe("BitStream", () => {
  test("crc15() gives the check value of CRC-15/CAN when the bytes are 123456789", () => {
    // Source: the catalogue of parametrised CRC algorithms (reveng), CRC-15/CAN: check 0x059e.
    expect(new BitStream().appendBytes(Buffer.from("123456789")).crc15()).toBe(0x059e);
  });

  test("crc15() is 0 when the CRC follows its own bits", () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1, maxLength: 20 }), (bytes) => {
        const stream = new BitStream().appendBytes(bytes);
        expect(stream.append(stream.crc15(), 15).crc15()).toBe(0);
      }),
    );
  });

  test("stuffPositions() puts in as many bits as the specification says", () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom("0", "1"), { maxLength: 120 }), fc.boolean(), (bits, atEnd) => {
        const text = bits.join("");
        const stream = new BitStream();
        for (const bit of text) stream.append(Number(bit), 1);
        const all = stuff(text);
        const atTheEnd = /(0{5}1|1{5}0)$/.test(all) && stuff(text.slice(0, -1)) + text.slice(-1) !== all;
        const wanted = all.length - text.length - (atTheEnd && !atEnd ? 1 : 0);
        expect(stream.stuffPositions(atEnd).length).toBe(wanted);
      }),
    );
  });
});
