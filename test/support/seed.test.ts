import fc from "fast-check";
import { afterEach, describe, expect, test, vi } from "vitest";
import { chooseSeed, readSeed } from "./seed.js";

afterEach(() => vi.unstubAllEnvs());

describe("chooseSeed()", () => {
  test("chooseSeed() keeps the seed when the environment names one", () => {
    vi.stubEnv("INTERCELL_SEED", "-17");
    chooseSeed();
    expect(readSeed()).toBe(-17);
  });

  test("chooseSeed() picks a readable seed when the environment names none", () => {
    vi.stubEnv("INTERCELL_SEED", "");
    chooseSeed();
    expect(process.env["INTERCELL_SEED"]).toBe(String(readSeed()));
  });
});

describe("readSeed()", () => {
  test("readSeed() gives fast-check the seed of the run when a test file starts", () => {
    expect(fc.readConfigureGlobal().seed).toBe(readSeed());
  });

  test.each(["", "x", "1.5", "2147483648", "-2147483649"])(
    "readSeed() throws RangeError when the seed is '%s'",
    (text) => {
      vi.stubEnv("INTERCELL_SEED", text);
      expect(() => readSeed()).toThrow(RangeError);
    },
  );
});
