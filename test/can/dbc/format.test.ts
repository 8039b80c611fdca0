import { readFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type Dbc, encodeDbc, formatDbc, parseDbc } from "../../../src/can/dbc/index.js";
import { emptyDbc, messages } from "./arbitrary.js";

const bytes = readFileSync(join(import.meta.dirname, "../../fixtures/dbc/everything.dbc"));

/** What a database says, without lines, and without the order in which attributes came. */
function contentOf(dbc: Dbc): unknown {
  const plain = (value: unknown): unknown => {
    if (value instanceof Map) return [...value].sort(([a], [b]) => (String(a) < String(b) ? -1 : 1));
    if (Array.isArray(value)) return value.map(plain);
    if (typeof value !== "object" || value === null) return value;
    const entries = Object.entries(value).filter(([key]) => key !== "line" && key !== "warnings");
    return Object.fromEntries(entries.map(([key, inner]) => [key, plain(inner)]));
  };
  return plain(dbc);
}

describe("formatDbc()", () => {
  test.each(["\n", "\r\n"] as const)(
    "parseDbc() gives back all that formatDbc() wrote with lines that end with %j",
    (newline) => {
      const dbc = parseDbc(bytes);
      const again = parseDbc(encodeDbc(dbc, { newline }));
      expect(again.warnings).toEqual([]);
      expect(contentOf(again)).toEqual(contentOf(dbc));
      expect(formatDbc(again, { newline })).toBe(formatDbc(dbc, { newline }));
    },
  );

  test("parseDbc() gives back the messages that formatDbc() wrote, whatever their signals", () => {
    fc.assert(
      fc.property(messages, (message) => {
        const dbc = { ...emptyDbc, messages: [message] };
        const again = parseDbc(formatDbc(dbc));
        // Floats have the sign that files mostly give them.
        expect(contentOf(again)).toEqual(contentOf(dbc));
        expect(again.warnings.filter(({ code }) => code !== "no-multiplexer")).toEqual([]);
      }),
    );
  });

  test("parseDbc() gives back any text that formatDbc() wrote unless it ends with a backslash", () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom("a", '"', "\\", "\n", "\r", ";", "é", " ") }), (version) => {
        const dbc = { ...emptyDbc, version };
        if (version.endsWith("\\")) expect(() => formatDbc(dbc)).toThrow(RangeError);
        else expect(parseDbc(formatDbc(dbc)).version).toBe(version);
      }),
    );
  });

  test("encodeDbc() writes the encoding of the database, and refuses what it does not have", () => {
    const dbc = { ...emptyDbc, version: "€ – ÿ" };
    expect(parseDbc(encodeDbc(dbc)).version).toBe("€ – ÿ");
    expect(encodeDbc(dbc)).toHaveLength(formatDbc(dbc).length);
    expect(parseDbc(encodeDbc({ ...dbc, encoding: "utf-8" }))).toMatchObject({ version: "€ – ÿ", encoding: "utf-8" });
    expect(() => encodeDbc({ ...dbc, version: "Ω" })).toThrow("(U+03a9)");
  });

  test("formatDbc() throws TypeError when the newline is no newline or an option is unknown", () => {
    expect(() => formatDbc(emptyDbc, { newline: "\r" as never })).toThrow(TypeError);
    expect(() => formatDbc(emptyDbc, { eol: "\n" } as never)).toThrow(TypeError);
  });
});
