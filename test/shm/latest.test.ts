import fc from "fast-check";
import { afterEach, describe, expect, test, vi } from "vitest";
import { LatestRegion, NO_VALUE, SlotReader, SlotWriter, slotOffsets } from "../../src/shm/latest.js";
import { sectionMemory } from "../../src/shm/memory.js";
import { setAtomicHook } from "./hooked-atomic.js";

vi.mock("../../src/uio/atomic.js", () => import("./hooked-atomic.js"));

const MOST = 48;

afterEach(() => {
  setAtomicHook(undefined);
});

function openSlot() {
  const memory = sectionMemory(new Uint8Array(256));
  const session = { stands: true };
  const reader = new SlotReader(memory, 64, MOST, () => session.stands);
  return { memory, writer: new SlotWriter(memory, 64), reader, session };
}

describe("a slot", () => {
  test("read() gives the newest value and NO_VALUE before the first", () => {
    const { writer, reader } = openSlot();
    const target = new Uint8Array(MOST);
    expect(reader.read(target)).toBe(NO_VALUE);
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: MOST }), { minLength: 1 }), (values) => {
        for (const value of values) writer.write(value);
        const length = reader.read(target);
        expect(target.subarray(0, length)).toEqual(values.at(-1));
      }),
    );
  });

  test("read() never gives a torn value when the writer writes between any two reads", () => {
    for (let at = 0; at < 12; at += 1) {
      for (let writes = 1; writes < 4; writes += 1) {
        const { memory, writer, reader } = openSlot();
        const target = new Uint8Array(MOST);
        writer.write(new Uint8Array(8).fill(1));
        let accesses = 0;
        setAtomicHook({
          before: (kind, words) => {
            if (kind === "publish" || (kind === "observe" && words !== memory.words) || accesses++ !== at) return;
            for (let count = 2; count <= 1 + writes; count += 1) writer.write(new Uint8Array(8 * count).fill(count));
          },
        });
        const length = reader.read(target);
        setAtomicHook(undefined);
        expect(new Set(target.subarray(0, length)).size).toBe(1);
        expect(length).toBe(8 * (target[0] as number));
        reader.read(target);
        expect(target[0]).toBe(accesses > at ? 1 + writes : 1);
      }
    }
  });

  test("read() keeps the value of before when the writer never comes to rest", () => {
    const { memory, writer, reader } = openSlot();
    const target = new Uint8Array(MOST);
    writer.write(new Uint8Array(8).fill(1));
    expect(reader.read(target)).toBe(8);
    memory.words[16] = 3;
    target.fill(0);
    expect(reader.read(target)).toBe(8);
    expect(target[7]).toBe(1);
  });

  test("read() keeps the value of before when the session does not stand any more", () => {
    const { writer, reader, session } = openSlot();
    const target = new Uint8Array(MOST);
    writer.write(new Uint8Array(8).fill(1));
    reader.read(target);
    writer.write(new Uint8Array(8).fill(2));
    session.stands = false;
    expect(reader.read(target)).toBe(8);
    expect([target[0], reader.count]).toEqual([1, 1]);
  });

  test.each([MOST + 1, 0xffffffff, 0x80000000])("read() keeps the value of before when the length is %d", (length) => {
    const { memory, writer, reader } = openSlot();
    const target = new Uint8Array(MOST);
    writer.write(new Uint8Array(8).fill(1));
    reader.read(target);
    writer.write(new Uint8Array(8).fill(2));
    memory.words[17] = length;
    expect(reader.read(target)).toBe(8);
    expect(target[0]).toBe(1);
  });
});

describe("LatestRegion", () => {
  test("allocate() gives parts that are aligned, inside, and do not overlap, and finds what was freed", () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.boolean(), fc.integer({ min: 1, max: 6 }))), (script) => {
        const region = new LatestRegion(256, 1024);
        const parts = new Map<number, number>();
        for (const [isFree, units] of script) {
          const [first] = parts.keys();
          if (isFree && first !== undefined) {
            region.free(first, () => true);
            parts.delete(first);
            continue;
          }
          const size = units * 64;
          const offset = region.allocate(size);
          if (offset === undefined) continue;
          expect(offset % 64).toBe(0);
          expect(offset >= 256 && offset + size <= 256 + 1024).toBe(true);
          for (const [start, length] of parts) expect(offset + size <= start || start + length <= offset).toBe(true);
          parts.set(offset, size);
        }
        const rest = region.allocate(64);
        if (rest !== undefined) parts.set(rest, 64);
        const used = [...parts.values()].reduce((sum, size) => sum + size, 0);
        expect(region.usage).toEqual({ used, size: 1024 });
      }),
    );
  });

  test("allocate() leaves a part alone until nobody reads it any more", () => {
    const region = new LatestRegion(0, 128);
    let isUnread = false;
    expect(region.allocate(128)).toBe(0);
    region.free(0, () => isUnread);
    expect(region.allocate(64)).toBeUndefined();
    isUnread = true;
    expect(region.allocate(64)).toBe(0);
    expect(region.usage).toEqual({ used: 64, size: 128 });
  });

  test("slotOffsets() gives each topic its header and a multiple of 64", () => {
    expect(slotOffsets([])).toEqual({ offsets: [], size: 0 });
    expect(slotOffsets([0, 48, 49])).toEqual({ offsets: [0, 64, 128], size: 256 });
  });
});
