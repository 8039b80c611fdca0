import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { defineProtocol, type ProtocolDefinition } from "../../src/channel/index.js";
import { array, enumOf, struct, typeHash, u8, u16, u32, u64, u64AsNumber } from "../../src/schema/index.js";
import { Alarm, Jitter, Measurement, Reset, Stats } from "./jitter.js";

describe("defineProtocol()", () => {
  test("numbers the entries in declared order, broadcasts on from the messages", () => {
    const numbers = (entries: readonly { name: string; number: number }[]) =>
      Object.fromEntries(entries.map(({ name, number }) => [name, number]));
    expect(numbers(Jitter.messages)).toEqual({ measurement: 0, note: 1 });
    expect(numbers(Jitter.broadcasts)).toEqual({ alarm: 2 });
    expect(numbers(Jitter.requests)).toEqual({ reset: 0, ask: 1 });
    expect(numbers(Jitter.topics)).toEqual({ stats: 0 });
  });

  test("describes itself in the documented grammar", () => {
    const protocol = defineProtocol("small", {
      broadcasts: { alarm: Alarm },
      topics: { stats: Stats },
      requests: { reset: { request: Reset, reply: Stats } },
      messages: { measurement: Measurement },
    });
    const stats = "struct Stats{count:u32;worstNs:i64;}";
    expect(protocol.description).toBe(
      "protocol small{message 0 measurement:struct Measurement{tick:u32;lastNs:i64;};" +
        `broadcast 1 alarm:struct Alarm{code:u16;};request 0 reset:struct Reset{hard:bool;}->${stats};topic 0 stats:${stats};}`,
    );
    expect(protocol.typeHash).toBe(typeHash(protocol.description));
    expect(BigInt(`0x${protocol.typeHashHex}`)).toBe(protocol.typeHash);
  });

  test("gives one hash when only the TypeScript side of a type differs", () => {
    const of = (field: typeof u64 | typeof u64AsNumber) =>
      defineProtocol("wide", { messages: { m: struct("M", { value: field }) } }).typeHash;
    expect(of(u64)).toBe(of(u64AsNumber));
  });

  test("gives different hashes when anything of the wire differs", () => {
    const M = struct("M", { a: u8 });
    const N = struct("N", { a: u8 });
    const definitions: ProtocolDefinition[] = [
      {},
      { messages: { m: M } },
      { messages: { n: M } },
      { messages: { m: N } },
      { messages: { m: struct("M", { a: u16 }) } },
      { messages: { m: M, n: N } },
      { messages: { n: N, m: M } },
      { broadcasts: { m: M } },
      { topics: { m: M } },
      { requests: { m: { request: M, reply: N } } },
      { requests: { m: { request: N, reply: M } } },
    ];
    const hashes = definitions.map((definition) => defineProtocol("p", definition).typeHash);
    hashes.push(defineProtocol("q", { messages: { m: M } }).typeHash);
    expect(new Set(hashes).size).toBe(hashes.length);
  });

  test("describes every set of names so that no two sets share a description", () => {
    const names = fc.uniqueArray(fc.stringMatching(/^[m-z][a-z0-9_]{0,5}$/), { maxLength: 6 });
    const M = struct("M", { a: u8 });
    const define = (list: readonly string[]) =>
      defineProtocol("p", { messages: Object.fromEntries(list.map((name) => [`m${name}`, M])) });
    fc.assert(
      fc.property(names, names, (some, others) => {
        const same = some.join() === others.join();
        expect(define(some).typeHash === define(others).typeHash).toBe(same);
      }),
    );
  });

  test.each<[string, string, unknown, RegExp]>([
    ["the name is empty", "", {}, /name of a protocol/],
    ["the name is no identifier", "a-b", {}, /letter/],
    ["the name is longer than the wire takes", "a".repeat(33), {}, /33 characters, more than 32/],
    ["a key is unknown", "p", { mesages: {} }, /mesages/],
    ["the definition is missing", "p", undefined, /object/],
    ["a part is no object", "p", { messages: 7 }, /messages of protocol p/],
    ["a name means something in JavaScript", "p", { messages: { constructor: Alarm } }, /reserved/],
    ["a name is one of Node's emitter events", "p", { messages: { newListener: Alarm } }, /newListener/],
    ["a type is missing", "p", { messages: { m: undefined } }, /message m of protocol p/],
    ["a type is no struct", "p", { messages: { m: u32 } }, /must be a struct, not scalar/],
    ["a type is a look-alike", "p", { messages: { m: { ...Alarm } } }, /message m of protocol p/],
    ["a request has no reply", "p", { requests: { r: { request: Alarm } } }, /reply type of request r/],
    ["a request has one key too many", "p", { requests: { r: { request: Alarm, reply: Alarm, x: 1 } } }, /"x"/],
    [
      "a message and a broadcast share a name",
      "p",
      { messages: { m: Alarm }, broadcasts: { m: Alarm } },
      /both named m/,
    ],
  ])("throws when %s", (_case, name, definition, message) => {
    expect(() => defineProtocol(name, definition as ProtocolDefinition)).toThrow(message);
  });

  test("throws when two different types share a name, however deep", () => {
    const inner = (base: typeof u8 | typeof u16) =>
      struct("Outer", { list: array(enumOf("Mode", { on: 1 }, base), 2) });
    const definition = { messages: { a: inner(u8) }, topics: { b: struct("B", { outer: inner(u16) }) } };
    expect(() => defineProtocol("p", definition)).toThrow(/two types named (Outer|Mode)/);
    expect(() => defineProtocol("p", { messages: { a: inner(u8), b: inner(u8) } })).not.toThrow();
  });
});
