import { describe, expect, test } from "vitest";
import { defineProtocol, type ProtocolDefinition } from "../../src/channel/index.js";
import { generateHeaders } from "../../src/gen/c-header.js";
import { enumOf, struct, u8, u32 } from "../../src/schema/index.js";

const One = struct("One", { a: u8 });

function generate(...definitions: readonly ProtocolDefinition[]): string {
  const protocols = definitions.map((definition, index) => defineProtocol(`p${index}`, definition));
  return generateHeaders(protocols)
    .map(({ text }) => text)
    .join("");
}

describe("names", () => {
  test.each<[string, ProtocolDefinition, string]>([
    ["two messages", { messages: { fooBar: One, foo_bar: One } }, 'message "fooBar" has that name'],
    ["two fields", { messages: { m: struct("S", { aB: u8, a_b: u8 }) } }, 'field "aB" has that name'],
    ["a field and padding", { messages: { m: struct("S", { padding_1: u8, b: u32 }) } }, 'field "padding_1"'],
    [
      "two structs",
      { messages: { a: struct("FooBar", { x: u8 }), b: struct("foo_bar", { x: u8 }) } },
      'struct "FooBar"',
    ],
    [
      "two enumerators",
      { messages: { m: struct("S", { a: enumOf("E", { aB: 0, A_b: 1 }, u8) }) } },
      'enum "E" has that name',
    ],
    [
      "an enumerator and a number",
      { messages: { go: struct("S", { a: enumOf("Message", { go: 0 }, u8) }) } },
      'message "go" has that name',
    ],
    [
      "a message and a request",
      { messages: { requestGo: One }, requests: { go: { request: One, reply: One } } },
      "has that name",
    ],
    [
      "a struct and the call of a request",
      { messages: { m: struct("GoCall", { x: u8 }) }, requests: { go: { request: One, reply: One } } },
      'struct "GoCall" has that name',
    ],
  ])("generateHeaders() refuses one C name when it is that of %s", (_, definition, found) => {
    expect(() => generate(definition)).toThrow(found);
  });

  test("generateHeaders() refuses two protocols when their headers would have one name", () => {
    const protocols = ["fooBar", "foo_bar"].map((name) => defineProtocol(name, {}));
    expect(() => generateHeaders(protocols)).toThrow(TypeError);
  });

  test("generateHeaders() refuses two protocols when a name of one is a name of the other", () => {
    const long = defineProtocol("a", { messages: { b_c: struct("B_c", { x: u8 }) } });
    const short = defineProtocol("a_b", { messages: { c: struct("C", { x: u8 }) } });
    expect(() => generateHeaders([long, short])).toThrow(/struct "B_c" has that name/);
  });

  test("generateHeaders() accepts types and functions of one name when C keeps them apart", () => {
    expect(generate({ messages: { go: struct("Open", { x: u8 }) } })).toContain("struct p0_open {");
  });
});
