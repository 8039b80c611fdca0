import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { netGeometry, slotBytes } from "../../src/ivshmem-net/geometry.js";

/** Section size, queue length, avail, used_event, used, avail_event, frames at, bytes of frames, default and highest MTU. */
const rows = [
  [0x1000, 32, 0x200, 0x244, 0x280, 0x384, 0x700, 0x900, 144, 576],
  [0x2000, 32, 0x200, 0x244, 0x280, 0x384, 0x700, 0x1900, 400, 1600],
  [0x4000, 64, 0x400, 0x484, 0x4c0, 0x6c4, 0x700, 0x3900, 912, 3648],
  [0x8000, 128, 0x800, 0x904, 0x940, 0xd44, 0xd80, 0x7280, 1832, 7328],
  [0x10000, 256, 0x1000, 0x1204, 0x1240, 0x1a44, 0x1a80, 0xe580, 3672, 14688],
  [0x20000, 512, 0x2000, 0x2404, 0x2440, 0x3444, 0x3480, 0x1cb80, 7352, 29408],
  [0x40000, 1024, 0x4000, 0x4804, 0x4840, 0x6844, 0x6880, 0x39780, 14712, 58848],
  [0x7f000, 2048, 0x8000, 0x9004, 0x9040, 0xd044, 0xd080, 0x71f80, 16384, 65535],
  [0x100000, 4096, 0x10000, 0x12004, 0x12040, 0x1a044, 0x1a080, 0xe5f80, 16384, 65535],
] as const;

describe("netGeometry()", () => {
  test.each(rows)("netGeometry(%i) divides the section as the drivers do", (...row) => {
    const geometry = netGeometry(row[0]);
    expect(Object.values(geometry)).toEqual(row);
  });

  test("netGeometry() keeps the frames where a vring of 64 would end when the queue length falls through to 32", () => {
    const { queueLength, availEventOffset, dataOffset } = netGeometry(0x2000);
    expect(queueLength).toBe(32);
    expect(availEventOffset + 2).toBeLessThan(0x3c0);
    expect(dataOffset).toBe(0x700);
  });

  test.each([0, 64, 0x700, 0x80f])("netGeometry(%i) throws when there is no room for four packets", (sectionBytes) => {
    expect(() => netGeometry(sectionBytes)).toThrow(/too small for ivshmem-net/);
  });

  test("netGeometry() accepts the smallest section that holds four packets", () => {
    expect(netGeometry(0x700 + 4 * 68)).toMatchObject({ queueLength: 32, dataBytes: 272 });
  });

  test("netGeometry() keeps all parts apart and aligned when the section is any number of pages", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 0x4000 }), (pages) => {
        const geometry = netGeometry(pages * 0x1000);
        const ends = [
          ...[0, geometry.availOffset, geometry.usedEventOffset, geometry.usedOffset],
          ...[geometry.availEventOffset, geometry.dataOffset, geometry.sectionBytes],
        ];
        expect(ends).toEqual([...ends].sort((a, b) => a - b));
        expect([geometry.usedOffset % 64, geometry.dataOffset % 64]).toEqual([0, 0]);
        expect(Math.log2(geometry.queueLength) % 1).toBe(0);
        expect(slotBytes(geometry.maxMtu)).toBeLessThanOrEqual(geometry.dataBytes);
      }),
    );
  });
});

describe("slotBytes()", () => {
  test.each([
    [14, 64],
    [46, 64],
    [47, 128],
    [1514, 1536],
    [16398, 16448],
  ])("slotBytes(%i) is %i", (frameBytes, expected) => {
    expect(slotBytes(frameBytes)).toBe(expected);
  });
});
