import { constants, fstatSync, ftruncateSync, readFileSync, readlinkSync, writeSync } from "node:fs";
import { afterEach, describe, expect, test } from "vitest";
import { isIntercellError } from "../../src/errors.js";
import {
  closeDescriptor,
  closePoller,
  createEventfd,
  createMemfd,
  createPoller,
  type Descriptor,
  openDescriptor,
  reopenReadOnly,
  writeEventfd,
} from "../../src/native.js";

const FD_CLOEXEC_FLAG = 0o2000000;
const open: Descriptor[] = [];

function kept(fd: Descriptor): Descriptor {
  open.push(fd);
  return fd;
}

/** The flags of open(2) as the kernel holds them. */
function flagsOf(fd: Descriptor): number {
  const [, flags = ""] = /flags:\s*(\d+)/.exec(readFileSync(`/proc/self/fdinfo/${fd}`, "utf8")) ?? [];
  return Number.parseInt(flags, 8);
}

afterEach(() => {
  for (const fd of open.splice(0)) closeDescriptor(fd);
});

describe("openDescriptor()", () => {
  test("openDescriptor() sets O_CLOEXEC when the caller does not", () => {
    const fd = kept(openDescriptor("/dev/null", constants.O_RDWR));
    expect(readlinkSync(`/proc/self/fd/${fd}`)).toBe("/dev/null");
    expect(flagsOf(fd) & FD_CLOEXEC_FLAG).toBe(FD_CLOEXEC_FLAG);
    expect(flagsOf(fd) & 3).toBe(constants.O_RDWR);
  });

  test("openDescriptor() throws with the path when there is no such file", () => {
    expect(() => openDescriptor("/nonexistent", 0)).toThrow(
      expect.objectContaining({ name: "IntercellError", code: "ENOENT", syscall: "open", path: "/nonexistent" }),
    );
  });

  test.each<[string, unknown, unknown, ErrorConstructor]>([
    ["the path is no string", 1, 0, TypeError],
    ["the path is empty", "", 0, RangeError],
    ["the path holds a NUL", "/dev/null\0x", 0, TypeError],
    ["the path is too long", "x".repeat(5000), 0, RangeError],
    ["the flags are no number", "/dev/null", "r", TypeError],
    ["the flags are negative", "/dev/null", -1, RangeError],
    ["the flags are a fraction", "/dev/null", 0.5, RangeError],
    ["the flags are not a number's value", "/dev/null", Number.NaN, RangeError],
  ])("openDescriptor() refuses when %s", (_, path, flags, type) => {
    expect(() => openDescriptor(path as string, flags as number)).toThrow(type);
  });
});

describe("closeDescriptor()", () => {
  test("closeDescriptor() throws EBADF when it is closed twice", () => {
    const fd = createEventfd();
    closeDescriptor(fd);
    expect(() => closeDescriptor(fd)).toThrow(expect.objectContaining({ code: "EBADF" }));
  });

  test("closeDescriptor() throws EBUSY when a poller watches it", () => {
    const fd = kept(createEventfd());
    const poller = createPoller(fd, { countBytes: 8 }, () => {});
    expect(() => closeDescriptor(fd)).toThrow(expect.objectContaining({ code: "EBUSY" }));
    closePoller(poller);
  });

  test.each([-1, 2 ** 31, 0.5, Number.POSITIVE_INFINITY])("closeDescriptor() refuses %d", (fd) => {
    expect(() => closeDescriptor(fd)).toThrow(RangeError);
  });
});

describe("createMemfd()", () => {
  test("createMemfd() is of the given size and sealed when made", () => {
    const fd = kept(createMemfd("section", 8192));
    expect(fstatSync(fd).size).toBe(8192);
    expect(readlinkSync(`/proc/self/fd/${fd}`)).toMatch(/^\/memfd:section/);
    expect(() => writeSync(fd, new Uint8Array(1), 0, 1, 8192)).toThrow(/EPERM/);
    expect(() => ftruncateSync(fd, 4096)).toThrow(/EPERM/);
    expect(flagsOf(fd) & FD_CLOEXEC_FLAG).toBe(FD_CLOEXEC_FLAG);
  });

  test.each<[unknown, unknown, ErrorConstructor]>([
    ["", 1, RangeError],
    ["x".repeat(250), 1, RangeError],
    ["x", 0, RangeError],
    ["x", -1, RangeError],
    ["x", 2 ** 40, RangeError],
    ["x", "1", TypeError],
  ])("createMemfd() refuses name %j and size %j", (name, sizeBytes, type) => {
    expect(() => createMemfd(name as string, sizeBytes as number)).toThrow(type);
  });

  test("createMemfd() takes the longest name that the kernel does", () => {
    kept(createMemfd("x".repeat(249), 1));
  });
});

describe("reopenReadOnly()", () => {
  test("reopenReadOnly() gives the same file when it is reopened, for reading only", () => {
    const fd = kept(createMemfd("section", 4096));
    const readOnly = kept(reopenReadOnly(fd));
    expect(fstatSync(readOnly).ino).toBe(fstatSync(fd).ino);
    expect(flagsOf(readOnly) & 3).toBe(constants.O_RDONLY);
    expect(() => writeSync(readOnly, "x")).toThrow(/EBADF/);
  });

  test("reopenReadOnly() throws ENOENT when the descriptor is not open", () => {
    expect(() => reopenReadOnly(1_000_000)).toThrow(expect.objectContaining({ code: "ENOENT" }));
  });
});

describe("writeEventfd()", () => {
  test("writeEventfd() returns the fault when the descriptor is not an eventfd", () => {
    const fd = kept(openDescriptor("/dev/null", constants.O_RDONLY));
    expect(writeEventfd(fd)).toBe(-9);
    expect(() => writeEventfd(-1)).toThrow(RangeError);
    expect(() => writeEventfd("1" as never)).toThrow(TypeError);
  });

  test("writeEventfd() returns -EAGAIN when the count is full", () => {
    const fd = kept(createEventfd());
    writeSync(fd, new BigUint64Array([0xffff_ffff_ffff_fffen]));
    expect(writeEventfd(fd)).toBe(-11);
  });

  test("writeEventfd() returns 0 when it adds 1", () => {
    const fd = kept(createEventfd());
    expect([writeEventfd(fd), writeEventfd(fd)]).toEqual([0, 0]);
    expect(readFileSync(`/proc/self/fdinfo/${fd}`, "utf8")).toMatch(/eventfd-count:\s*2\n/);
  });
});

test("isIntercellError() holds when native code failed", () => {
  try {
    openDescriptor("/nonexistent", 0);
    expect.unreachable();
  } catch (error) {
    expect(isIntercellError(error, "ENOENT")).toBe(true);
  }
});
