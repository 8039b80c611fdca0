import { describe, expect, test } from "vitest";
import { Absence, isAllowedInCi, skipUnless } from "./skip.js";

describe("skipUnless()", () => {
  test("skipUnless() skips and keeps the reason when the condition does not hold", () => {
    expect(skipUnless(false, "gcc is missing")).toEqual({ skip: true, meta: { skipReason: "gcc is missing" } });
  });

  test("skipUnless() runs the test when the condition holds", () => {
    expect(skipUnless(true, "gcc is missing")).toEqual({});
  });

  test("skipUnless() throws TypeError when the reason is empty", () => {
    expect(() => skipUnless(false, " ")).toThrow(TypeError);
  });
});

describe("isAllowedInCi()", () => {
  test("isAllowedInCi() is true only for the reasons on the list", () => {
    expect(isAllowedInCi(Absence.ivshmemDevice)).toBe(true);
    expect(isAllowedInCi("gcc is missing")).toBe(false);
    expect(isAllowedInCi(undefined)).toBe(false);
  });
});
