import fc from "fast-check";
import { expect, test } from "vitest";

test("seed is the one announced for the run when a property test starts", () => {
  expect(fc.readConfigureGlobal().seed).toBe(Number(process.env["INTERCELL_SEED"]));
});
