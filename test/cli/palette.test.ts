import { expect, test } from "vitest";
import { createPalette } from "../../src/cli/palette.js";

const terminal = { isTTY: true };

test("createPalette() colours when the output is a terminal", () => {
  const palette = createPalette(terminal, {}, true);
  expect(palette.good("done")).toBe("\u001b[32mdone\u001b[39m");
  expect(palette.bad("lost")).toBe("\u001b[31mlost\u001b[39m");
});

test.each<[string, { isTTY?: boolean }, NodeJS.ProcessEnv, boolean]>([
  ["the output is no terminal", {}, {}, true],
  ["NO_COLOR is set", terminal, { NO_COLOR: "1" }, true],
  ["the terminal is dumb", terminal, { TERM: "dumb" }, true],
  ["they are not wanted", terminal, {}, false],
])("createPalette() leaves texts as they are when %s", (_, target, env, wanted) => {
  const { title, faint, good, bad, note } = createPalette(target, env, wanted);
  expect([title, faint, good, bad, note].map((mark) => mark("text"))).toEqual(Array(5).fill("text"));
});

test("createPalette() colours when NO_COLOR is empty", () => {
  expect(createPalette(terminal, { NO_COLOR: "" }, true).title("text")).not.toBe("text");
});
