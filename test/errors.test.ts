import { constants } from "node:os";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  ErrorCode,
  errnoName,
  IntercellError,
  isIntercellError,
  requireKnownKeys,
  systemError,
} from "../src/errors.js";

describe("IntercellError", () => {
  test("IntercellError carries its details when they are given", () => {
    const cause = new Error("before");
    const error = new IntercellError(ErrorCode.CLOSED, "Gone", { errno: 5, syscall: "read", path: "/dev/uio0", cause });
    expect(error).toMatchObject({ name: "IntercellError", code: "ERR_CLOSED", message: "Gone" });
    expect(error).toMatchObject({ errno: 5, syscall: "read", path: "/dev/uio0", cause });
  });

  test("IntercellError has no keys for details when none are given", () => {
    const error = new IntercellError(ErrorCode.FULL, "Full");
    for (const key of ["errno", "syscall", "path", "cause"]) expect(Object.hasOwn(error, key)).toBe(false);
  });

  test("ErrorCode lists each code once under its own name when all are read", () => {
    for (const [key, code] of Object.entries(ErrorCode)) expect(code).toBe(`ERR_${key}`);
  });
});

describe("isIntercellError()", () => {
  test("isIntercellError() accepts the class and another copy of it when the code fits", () => {
    const copy = Object.assign(new Error("x"), { name: "IntercellError", code: "ERR_CLOSED" });
    for (const error of [new IntercellError("ERR_CLOSED", "x"), copy]) {
      expect(isIntercellError(error)).toBe(true);
      expect(isIntercellError(error, "ERR_CLOSED")).toBe(true);
      expect(isIntercellError(error, "ERR_FULL")).toBe(false);
    }
  });

  test.each([
    undefined,
    null,
    "ERR_CLOSED",
    new Error("x"),
    Object.assign(new Error("x"), { code: "EACCES" }),
    { name: "IntercellError", code: "ERR_CLOSED" },
  ])("isIntercellError() refuses %s", (value) => {
    expect(isIntercellError(value)).toBe(false);
  });
});

describe("systemError()", () => {
  test("systemError() says what was wanted, what was found and what to do when all is known", () => {
    const error = systemError({ errno: -13, syscall: "open", path: "/dev/uio0", wanted: "open the device" });
    expect(error.message).toBe(
      "Cannot open the device as open failed with EACCES (permission denied): /dev/uio0. " +
        "Run as root, or give this user access.",
    );
    expect(error).toMatchObject({ code: "EACCES", errno: 13, syscall: "open", path: "/dev/uio0" });
  });

  test("systemError() takes the caller's advice when it is given", () => {
    const error = systemError({ errno: 2, syscall: "open", wanted: "open the device", advice: "Load the driver." });
    expect(error.message).toMatch(/ENOENT \(no such file or directory\)\. Load the driver\.$/);
  });

  test("errnoName() agrees with the system when the system has a name", () => {
    const names = Object.entries(constants.errno);
    expect(names.length).toBeGreaterThan(50);
    for (const [, errno] of names) expect(constants.errno).toHaveProperty(errnoName(errno), errno);
    expect(errnoName(constants.errno.EAGAIN)).toBe("EAGAIN");
  });

  test("errnoName() is the same for both signs and never empty when given any number", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 4095 }), (errno) => {
        expect(errnoName(-errno)).toBe(errnoName(errno));
        expect(errnoName(errno)).toMatch(/^E[A-Z0-9_]+$/);
      }),
    );
    expect(errnoName(4095)).toBe("ERRNO_4095");
  });
});

describe("requireKnownKeys()", () => {
  test("requireKnownKeys() names the key when it is unknown", () => {
    expect(() => requireKnownKeys("openX", { size: 1 }, ["sizeBytes"])).toThrow(
      new TypeError('Unknown option "size" of openX: the options are sizeBytes'),
    );
    expect(() => requireKnownKeys("openX", null as never, [])).toThrow(TypeError);
    expect(() => requireKnownKeys("openX", { sizeBytes: 1 }, ["sizeBytes"])).not.toThrow();
  });
});
