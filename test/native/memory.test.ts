import { readFileSync } from "node:fs";
import { afterEach, describe, expect, test } from "vitest";
import {
  closeDescriptor,
  createEventfd,
  createMemfd,
  type Descriptor,
  mapMemory,
  reopenReadOnly,
  unmapMemory,
} from "../../src/native.js";
import { runFixture } from "./child.js";

const PAGE_BYTES = 4096;
const open: Descriptor[] = [];

function kept(fd: Descriptor): Descriptor {
  open.push(fd);
  return fd;
}

function countMappings(name: string): number {
  return readFileSync("/proc/self/maps", "utf8")
    .split("\n")
    .filter((line) => line.includes(`memfd:${name}`)).length;
}

afterEach(() => {
  for (const fd of open.splice(0)) closeDescriptor(fd);
});

describe("mapMemory()", () => {
  test("mapMemory() shares stores between mappings when both map one descriptor", () => {
    const fd = kept(createMemfd("share", 2 * PAGE_BYTES));
    const writer = mapMemory(fd, { sizeBytes: 2 * PAGE_BYTES, writable: true });
    const reader = mapMemory(fd, { sizeBytes: PAGE_BYTES, offsetBytes: PAGE_BYTES });
    Atomics.store(new Uint32Array(writer), PAGE_BYTES / 4, 0xcafe_f00d);
    expect(Atomics.load(new Uint32Array(reader), 0)).toBe(0xcafe_f00d);
    expect([writer.byteLength, reader.byteLength]).toEqual([2 * PAGE_BYTES, PAGE_BYTES]);
    unmapMemory(writer);
    unmapMemory(reader);
  });

  test("mapMemory() keeps the memory when the descriptor is closed", () => {
    const fd = createMemfd("outlive", PAGE_BYTES);
    const buffer = mapMemory(fd, { sizeBytes: PAGE_BYTES, writable: true });
    closeDescriptor(fd);
    new Uint8Array(buffer)[0] = 7;
    expect(new Uint8Array(buffer)[0]).toBe(7);
    unmapMemory(buffer);
  });

  test("mapMemory() throws EACCES when a read-only descriptor is mapped for writing", () => {
    const readOnly = kept(reopenReadOnly(kept(createMemfd("guard", PAGE_BYTES))));
    expect(() => mapMemory(readOnly, { sizeBytes: PAGE_BYTES, writable: true })).toThrow(
      expect.objectContaining({ name: "IntercellError", code: "EACCES", syscall: "mmap" }),
    );
    unmapMemory(mapMemory(readOnly, { sizeBytes: PAGE_BYTES }));
  });

  test.each([
    { sizeBytes: PAGE_BYTES + 1, offsetBytes: 0 },
    { sizeBytes: PAGE_BYTES, offsetBytes: PAGE_BYTES },
    { sizeBytes: 1, offsetBytes: 2 ** 40 },
  ])("mapMemory() throws ENXIO when $sizeBytes bytes at $offsetBytes lie beyond the end", (range) => {
    const fd = kept(createMemfd("short", PAGE_BYTES));
    expect(() => mapMemory(fd, range)).toThrow(expect.objectContaining({ code: "ENXIO" }));
  });

  test("mapMemory() throws EINVAL when the offset is inside a page", () => {
    const fd = kept(createMemfd("inside", 2 * PAGE_BYTES));
    expect(() => mapMemory(fd, { sizeBytes: 16, offsetBytes: 8 })).toThrow(expect.objectContaining({ code: "EINVAL" }));
  });

  test("mapMemory() throws when the descriptor cannot be mapped", () => {
    expect(() => mapMemory(kept(createEventfd()), { sizeBytes: 8 })).toThrow(
      expect.objectContaining({ code: "ENODEV" }),
    );
    expect(() => mapMemory(1_000_000, { sizeBytes: 8 })).toThrow(expect.objectContaining({ code: "EBADF" }));
  });

  test.each<[object, ErrorConstructor]>([
    [{ sizeBytes: 0 }, RangeError],
    [{ sizeBytes: -1 }, RangeError],
    [{ sizeBytes: 1.5 }, RangeError],
    [{ sizeBytes: "1" }, TypeError],
    [{}, TypeError],
    [{ sizeBytes: 1, offsetBytes: -4096 }, RangeError],
    [{ sizeBytes: 1, writable: 1 }, TypeError],
    [{ sizeBytes: 1, size: 1 }, TypeError],
  ])("mapMemory() refuses the options %j", (options, type) => {
    const fd = kept(createMemfd("options", PAGE_BYTES));
    expect(() => mapMemory(fd, options as never)).toThrow(type);
    expect(countMappings("options")).toBe(0);
  });

  test("mapMemory() dies by SIGSEGV when a read-only mapping is stored to", () => {
    const child = runFixture("store-read-only.mjs");
    expect(child.stdout).toBe("read 0\n");
    expect(child.signal).toBe("SIGSEGV");
  });

  test("mapMemory() is undone by the garbage collector when forgotten", () => {
    const child = runFixture("collect.mjs");
    expect(child.stderr).toBe("");
    expect(JSON.parse(child.stdout)).toEqual({ forgotten: 32, remaining: 0 });
  });
});

describe("unmapMemory()", () => {
  test("unmapMemory() detaches the buffer and its views when it unmaps", () => {
    const buffer = mapMemory(kept(createMemfd("detach", PAGE_BYTES)), { sizeBytes: PAGE_BYTES, writable: true });
    const view = new Uint32Array(buffer);
    expect(countMappings("detach")).toBe(1);
    unmapMemory(buffer);
    expect([buffer.byteLength, view.length, view[0]]).toEqual([0, 0, undefined]);
    expect(countMappings("detach")).toBe(0);
  });

  test("unmapMemory() does nothing when the buffer is already unmapped", () => {
    const fd = kept(createMemfd("twice", PAGE_BYTES));
    const first = mapMemory(fd, { sizeBytes: PAGE_BYTES });
    unmapMemory(first);
    const second = mapMemory(fd, { sizeBytes: PAGE_BYTES });
    unmapMemory(first);
    expect(second.byteLength).toBe(PAGE_BYTES);
    expect(countMappings("twice")).toBe(1);
    unmapMemory(second);
  });

  test.each<[string, unknown]>([
    ["a buffer of its own", new ArrayBuffer(8)],
    ["an empty buffer", new ArrayBuffer(0)],
    ["a view", new Uint8Array(8)],
    ["nothing", undefined],
  ])("unmapMemory() refuses %s", (_, value) => {
    expect(() => unmapMemory(value as ArrayBuffer)).toThrow(TypeError);
  });

  test("unmapMemory() still has the memory when someone tried to transfer it to another thread", () => {
    const buffer = mapMemory(kept(createMemfd("transfer", PAGE_BYTES)), { sizeBytes: PAGE_BYTES, writable: true });
    try {
      // Node 20 copies what may not be transferred, later versions throw.
      expect(structuredClone(buffer, { transfer: [buffer] })).not.toBe(buffer);
    } catch (error) {
      expect(error).toHaveProperty("name", "DataCloneError");
    }
    expect(buffer.byteLength).toBe(PAGE_BYTES);
    unmapMemory(buffer);
    expect(countMappings("transfer")).toBe(0);
  });
});
