import { describe, expect, test } from "vitest";
import { defineProtocol, openChannel } from "../../src/channel/index.js";
import { struct, text, u8 } from "../../src/schema/index.js";
import { Jitter } from "./jitter.js";
import { createPair, openPair, openRaw } from "./open-pair.js";

const Words = defineProtocol("words", {
  topics: { word: struct("Word", { text: text(30) }), digit: struct("Digit", { value: u8 }) },
});

describe("latest()", () => {
  test("gives each topic its own newest value and count", async () => {
    const { left, right } = await openPair(Words);
    left.publish("word", { text: "a long one" });
    left.publish("word", { text: "b" });
    left.publish("digit", { value: 3 });
    right.publish("digit", { value: 4 });
    expect(right.latest("word")).toEqual({ value: { text: "b" }, count: 2 });
    expect(right.latest("digit")).toEqual({ value: { value: 3 }, count: 1 });
    expect(left.latest("digit")).toEqual({ value: { value: 4 }, count: 1 });
    expect(left.latest("word")).toBeUndefined();
    expect(left.statistics.published).toBe(3);
  });

  test("gives what was published before the peer came", async () => {
    const pair = createPair();
    const left = openChannel(pair.left, Words);
    left.publish("digit", { value: 9 });
    const right = openChannel(pair.right, Words);
    expect(right.latest("digit")).toBeUndefined();
    await right.ready();
    expect(right.latest("digit")?.value).toEqual({ value: 9 });
  });

  test("gives undefined, counts and reports when the value does not decode", async () => {
    const { channel, port } = await openRaw(Words);
    const errors: unknown[] = [];
    channel.events.on("error", (error) => errors.push(error));
    port.publish(0, Uint8Array.of(9, 0, 0x61));
    port.publish(1, new Uint8Array());
    expect([channel.latest("word"), channel.latest("digit")]).toEqual([undefined, undefined]);
    expect(channel.statistics.undecodable).toBe(2);
    expect(errors).toMatchObject([{ code: "ERR_DECODE" }, { code: "ERR_DECODE" }]);
    port.publish(0, Uint8Array.of(1, 0, 0x61));
    expect(channel.latest("word")?.value).toEqual({ text: "a" });
  });

  test("gives undefined when the channel is closed", async () => {
    const { left, right } = await openPair(Words);
    left.publish("digit", { value: 1 });
    right.close();
    expect(right.latest("digit")).toBeUndefined();
  });
});

describe("publish()", () => {
  test("throws and keeps the value of before when the value or the name is wrong", async () => {
    const { left, right } = await openPair(Words);
    left.publish("word", { text: "good" });
    expect(() => left.publish("word", { text: "x".repeat(31) })).toThrow(RangeError);
    expect(() => left.publish("no" as never, {} as never)).toThrow(/no topic "no"/);
    expect(right.latest("word")).toEqual({ value: { text: "good" }, count: 1 });
    left.close();
    expect(() => left.publish("word", { text: "late" })).toThrow(expect.objectContaining({ code: "ERR_CLOSED" }));
  });

  test("is counted apart from messages", async () => {
    const { left } = await openPair(Jitter);
    left.publish("stats", { count: 1, worstNs: 0 });
    expect(left.statistics).toMatchObject({ published: 1, sent: 0 });
  });
});
