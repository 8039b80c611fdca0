import { expect, test } from "vitest";
import { CommandFailure, describeFailure } from "../../src/cli/exit.js";
import { IntercellError } from "../../src/errors.js";

test.each([
  ["a fault of the world", new IntercellError("EBUSY", "Peer 1 is in use"), 1, "intercell: Peer 1 is in use"],
  ["a failure of the command", new CommandFailure("2 messages lost"), 1, "intercell: 2 messages lost"],
  ["a mistake in the arguments", new RangeError("13 is too many"), 2, "intercell: 13 is too many"],
  ["what is no error at all", "plain", 1, "intercell: plain"],
])("describeFailure() gives one line when it is given %s", (_, error, exitCode, text) => {
  expect(describeFailure(error)).toEqual({ text, exitCode });
});

test("describeFailure() gives the stack when nobody foresaw the error", () => {
  expect(describeFailure(new Error("what?")).text).toMatch(/^intercell: Error: what\?\n +at /);
});
