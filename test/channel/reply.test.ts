import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { FAULT_HEADER_BYTES, MAX_FAULT_TEXT_BYTES, readFault, writeFault } from "../../src/channel/reply.js";

const viewOf = (bytes: Uint8Array): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.length);

describe("writeFault()", () => {
  test("lays out sequence, code, length and text as the wire says", () => {
    expect([...writeFault(0x0403_0201, 5, "né", 1000)]).toEqual([1, 2, 3, 4, 5, 0, 0, 0, 3, 0, 0x6e, 0xc3, 0xa9]);
  });

  test("cuts a text at a whole character when it is longer than the record or 200 bytes", () => {
    expect(writeFault(1, 1, "é".repeat(500), 1000)).toHaveLength(FAULT_HEADER_BYTES + MAX_FAULT_TEXT_BYTES);
    expect(writeFault(1, 1, "é".repeat(500), 15)).toHaveLength(FAULT_HEADER_BYTES + 4);
    expect(writeFault(1, 1, "text", 10)).toHaveLength(FAULT_HEADER_BYTES);
  });
});

describe("readFault()", () => {
  test("gives what was written", () => {
    const text = fc.string({ unit: "binary", maxLength: 40 }).filter((said) => !/\p{Cc}|\ufeff|\p{Cs}/u.test(said));
    fc.assert(
      fc.property(fc.nat(0xffff_ffff), fc.nat(0xffff_ffff), text, (sequence, code, said) => {
        const bytes = writeFault(sequence, code, said, 1000);
        expect(readFault(viewOf(bytes), 0, bytes.length)).toEqual({ code, text: said });
      }),
    );
  });

  test("gives a bounded text without control characters when the peer wrote anything", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 400 }), (bytes) => {
        const { text } = readFault(viewOf(bytes), 0, bytes.length);
        expect(text.length).toBeLessThanOrEqual(MAX_FAULT_TEXT_BYTES);
        expect(text).not.toMatch(/\p{Cc}/u);
      }),
    );
  });

  test("replaces what would command a terminal", () => {
    const bytes = writeFault(1, 1, "a\u001b[2Jb", 1000);
    expect(readFault(viewOf(bytes), 0, bytes.length).text).toBe("a\ufffd[2Jb");
  });
});
