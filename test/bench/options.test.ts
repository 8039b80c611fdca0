import { describe, expect, test } from "vitest";
import { parseBenchOptions } from "../../bench/options.js";

describe("parseBenchOptions()", () => {
  test("runs everything at length when there are no arguments", () => {
    expect(parseBenchOptions([])).toEqual({ quick: false, only: undefined, json: undefined, svg: undefined });
  });

  test("takes each option when it is given", () => {
    const options = parseBenchOptions(["--quick", "--only", "^codec$", "--json", "a.json", "--svg", "b.svg"]);
    expect(options).toEqual({ quick: true, only: /^codec$/, json: "a.json", svg: "b.svg" });
  });

  test.each([[["--fast"]], [["codec"]], [["--json"]]])("throws TypeError when the arguments are %j", (args) => {
    expect(() => parseBenchOptions(args)).toThrow(TypeError);
  });

  test("throws SyntaxError when --only is no regular expression", () => {
    expect(() => parseBenchOptions(["--only", "("])).toThrow(SyntaxError);
  });
});
