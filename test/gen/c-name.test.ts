import { describe, expect, test } from "vitest";
import { memberName, protocolPrefix, snakeCase, upperSnakeCase } from "../../src/gen/c-name.js";

describe("snakeCase()", () => {
  test.each([
    ["tick", "tick"],
    ["jitterNs", "jitter_ns"],
    ["Measurement", "measurement"],
    ["HTTPServer", "http_server"],
    ["getURL", "get_url"],
    ["u8Data", "u8_data"],
    ["x2", "x2"],
    ["already_snake", "already_snake"],
    ["two__lines_", "two_lines"],
    ["A", "a"],
    ["ABC", "abc"],
  ])("snakeCase() of %s gives %s", (name, wanted) => {
    expect(snakeCase(name)).toBe(wanted);
    expect(upperSnakeCase(name)).toBe(wanted.toUpperCase());
  });
});

describe("memberName()", () => {
  test.each(["class", "Int", "new", "errno", "and", "nullptr", "Default"])(
    "memberName() puts an underscore behind %s when C or C++ keeps it",
    (name) => {
      expect(memberName(name)).toBe(`${snakeCase(name)}_`);
    },
  );
});

describe("protocolPrefix()", () => {
  test.each(["stdint", "time", "Signal", "intercell", "intercellLink"])(
    "protocolPrefix() refuses %s when C has that name already",
    (name) => {
      expect(() => protocolPrefix(name)).toThrow(TypeError);
    },
  );

  test("protocolPrefix() gives the name in snake case when it is free", () => {
    expect(protocolPrefix("motorControl")).toBe("motor_control");
  });
});
