import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { LineSplitter } from "../../../src/can/log/line-splitter.js";
import { pieces } from "./support.js";

function linesOf(text: string, sizeBytes: number, maxLength: number) {
  const splitter = new LineSplitter(maxLength);
  const lines = pieces(text, sizeBytes).flatMap((piece) => [...splitter.push(piece)]);
  const last = splitter.end();
  return last === undefined ? lines : [...lines, last];
}

describe("LineSplitter", () => {
  test("push() gives the lines of a text however it is cut", () => {
    fc.assert(
      fc.property(fc.array(fc.string({ unit: "grapheme" })), fc.integer({ min: 1, max: 9 }), (words, size) => {
        const clean = words.map((word) => word.replaceAll(/[\r\n]/g, "."));
        const lines = linesOf(clean.map((word) => `${word}\n`).join(""), size, 1000);
        expect(lines).toEqual(clean.map((text) => ({ text, tooLong: false })));
      }),
    );
  });

  test.each<[string, string, string[]]>([
    ["nothing", "", []],
    ["a last line without an end", "a\nb", ["a", "b"]],
    ["both ends of a line", "a\r\nb\n\r\n", ["a", "b", ""]],
    ["a carriage return within a line", "a\rb\n", ["a\rb"]],
  ])("push() reads %s", (_, text, wanted) => {
    expect(linesOf(text, 2, 10).map((line) => line.text)).toEqual(wanted);
  });

  test("push() keeps nothing of a line that is too long and goes on after it", () => {
    const text = `short\n${"x".repeat(50)}\nafter\n${"y".repeat(11)}`;
    for (const size of [1, 3, 100]) {
      expect(linesOf(text, size, 10)).toEqual([
        { text: "short", tooLong: false },
        { text: "", tooLong: true },
        { text: "after", tooLong: false },
        { text: "", tooLong: true },
      ]);
    }
  });
});
