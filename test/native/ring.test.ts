import { describe, expect, test } from "vitest";
import { type RecordsOptions, writeRecords } from "../../src/native.js";

const SECTION_BYTES = 256;

function options(change: Partial<RecordsOptions> = {}): RecordsOptions {
  const section = new Uint8Array(SECTION_BYTES).fill(0xee);
  const payloads = Uint8Array.from({ length: 60 }, (_, index) => index);
  return {
    section,
    offset: 8,
    payloads,
    first: 12,
    payloadBytes: 12,
    count: 3,
    fields: Int32Array.of(0x50001, -1, 9),
    ...change,
  };
}

describe("writeRecords()", () => {
  test("writes headers whose sequences count up and wrap, payloads, and nothing else", () => {
    const given = options();
    writeRecords(given);
    const view = new DataView(given.section.buffer);
    for (let index = 0; index < 3; index += 1) {
      const at = 8 + index * 32;
      const header = [0, 4, 8, 12].map((word) => view.getUint32(at + word, true));
      expect(header).toEqual([28, 0x50001, (0xffff_ffff + index) >>> 0, 9]);
      const first = 12 + index * 12;
      expect(given.section.slice(at + 16, at + 28)).toEqual(given.payloads.slice(first, first + 12));
      expect(given.section.slice(at + 28, at + 32)).toEqual(new Uint8Array(4).fill(0xee));
    }
    expect(given.section.subarray(0, 8).every((byte) => byte === 0xee)).toBe(true);
    expect(given.section.subarray(8 + 96).every((byte) => byte === 0xee)).toBe(true);
  });

  test("takes records that end with the section, and payloads that end with their bytes", () => {
    expect(() => writeRecords(options({ offset: SECTION_BYTES - 96, first: 24 }))).not.toThrow();
  });

  test.each<[string, Partial<RecordsOptions>]>([
    ["records run beyond the section", { offset: SECTION_BYTES - 88 }],
    ["there are more records than the section holds", { offset: 0, first: 0, count: 11, payloadBytes: 1 }],
    ["payloads run beyond their bytes", { first: 25 }],
    ["there are more payloads than bytes", { payloadBytes: 31 }],
    ["the offset is not aligned", { offset: 4 }],
    ["there are too few fields", { fields: new Int32Array(2) }],
    ["the section is enormous in the arguments alone", { count: 0x7fff_ffff, payloadBytes: 0x7fff_ffff }],
  ])("throws EINVAL and writes nothing when %s", (_, change) => {
    const given = options(change);
    expect(() => writeRecords(given)).toThrow(expect.objectContaining({ code: "EINVAL" }));
    expect(given.section.every((byte) => byte === 0xee)).toBe(true);
  });

  test.each<[string, object]>([
    ["a count of 0", { count: 0 }],
    ["a payload of no bytes", { payloadBytes: 0 }],
    ["a negative offset", { offset: -8 }],
    ["payloads that are no bytes", { payloads: new Uint16Array(40) }],
    ["fields that are none", { fields: undefined }],
  ])("throws and writes nothing for %s", (_, change) => {
    const given = options(change as Partial<RecordsOptions>);
    expect(() => writeRecords(given)).toThrow();
    expect(given.section.every((byte) => byte === 0xee)).toBe(true);
  });
});
