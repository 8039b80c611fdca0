import { describe, expect, test } from "vitest";
import { openChannel, type Receiver } from "../../src/channel/index.js";
import { Jitter } from "./jitter.js";
import { openPair } from "./open-pair.js";
import { turns, until } from "./until.js";

async function take<T>(reader: Receiver<T>, count: number): Promise<T[]> {
  const values: T[] = [];
  while (values.length < count) {
    const { value, done } = await reader.next();
    if (done === true) break;
    values.push(value);
  }
  return values;
}

const tick = ({ tick: number }: { tick: number }): number => number;

describe("receive()", () => {
  test("gives all messages to each of several readers", async () => {
    const { left, right } = await openPair(Jitter);
    const readers = [right.receive("measurement", { capacity: 1 }), right.receive("measurement", { capacity: 7 })];
    for (let index = 0; index < 20; index++) await left.send("measurement", { tick: index, lastNs: 0 });
    const taken = await Promise.all(readers.map((reader) => take(reader, 20)));
    const wanted = Array.from({ length: 20 }, (_, index) => index);
    expect(taken.map((values) => values.map(tick))).toEqual([wanted, wanted]);
  });

  test("makes the link wait when a reader with overflow wait is full", async () => {
    const { left, right } = await openPair(Jitter);
    const reader = right.receive("measurement", { capacity: 3 });
    for (let index = 0; index < 10; index++) left.trySend("measurement", { tick: index, lastNs: 0 });
    await turns();
    expect([reader.length, reader.capacity, reader.dropped]).toEqual([3, 3, 0]);
    expect(right.obstacle).toBe('a reader of message "measurement" is full');
    expect(right.statistics.received).toBe(3);
    expect((await take(reader, 10)).map(tick)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    expect(right.obstacle).toBeUndefined();
  });

  test.each([
    ["drop-oldest", [7, 8, 9]],
    ["drop-newest", [0, 1, 2]],
  ] as const)("counts what it drops when overflow is %s", async (overflow, kept) => {
    const { left, right } = await openPair(Jitter);
    const reader = right.receive("measurement", { capacity: 3, overflow });
    for (let index = 0; index < 10; index++) left.trySend("measurement", { tick: index, lastNs: 0 });
    await turns();
    expect((await take(reader, 3)).map(tick)).toEqual(kept);
    expect([reader.dropped, right.statistics.dropped, right.statistics.received]).toEqual([7, 7, 10]);
  });

  test("answers several next() in the order of their calls", async () => {
    const { left, right } = await openPair(Jitter);
    const reader = right.receive("measurement");
    const pending = [reader.next(), reader.next(), reader.next()];
    for (let index = 0; index < 2; index++) left.trySend("measurement", { tick: index, lastNs: 0 });
    await turns();
    right.close();
    const results = await Promise.all(pending);
    expect(results.map(({ value, done }) => [value?.tick, done])).toEqual([
      [0, false],
      [1, false],
      [undefined, true],
    ]);
  });

  test("ends after what it holds when the channel closes", async () => {
    const { left, right } = await openPair(Jitter);
    const reader = right.receive("measurement");
    left.trySend("measurement", { tick: 1, lastNs: 0 });
    await turns();
    right.close();
    const ticks: number[] = [];
    for await (const value of reader) ticks.push(value.tick);
    expect(ticks).toEqual([1]);
    expect(() => right.receive("measurement")).toThrow(expect.objectContaining({ code: "ERR_CLOSED" }));
  });

  test("throws after what it holds when the peer breaks the protocol", async () => {
    const { pair, left, right } = await openPair(Jitter);
    const reader = left.receive("measurement");
    right.trySend("measurement", { tick: 1, lastNs: 0 });
    await turns();
    pair.breakRight();
    await turns();
    expect((await reader.next()).value).toEqual({ tick: 1, lastNs: 0 });
    const message = expect.stringContaining("broke the wire protocol");
    await expect(reader.next()).rejects.toMatchObject({ code: "ERR_PROTOCOL", message });
    expect(await reader.next()).toEqual({ value: undefined, done: true });
  });

  test("throws to whoever waits when the peer breaks the protocol", async () => {
    const { pair, left } = await openPair(Jitter);
    const pending = expect(left.receive("measurement").next()).rejects.toMatchObject({ code: "ERR_PROTOCOL" });
    pair.breakRight();
    await pending;
  });

  test("goes on when the peer restarts", async () => {
    const { pair, left, right } = await openPair(Jitter);
    const reader = left.receive("measurement");
    right.trySend("measurement", { tick: 1, lastNs: 0 });
    await turns();
    pair.restartRight();
    const again = openChannel(pair.right, Jitter);
    await again.send("measurement", { tick: 2, lastNs: 0 });
    expect((await take(reader, 2)).map(tick)).toEqual([1, 2]);
  });

  test("frees the reader and nothing else when the loop is left", async () => {
    const { left, right } = await openPair(Jitter);
    const reader = right.receive("measurement", { capacity: 1 });
    for (let index = 0; index < 5; index++) left.trySend("measurement", { tick: index, lastNs: 0 });
    for await (const _ of reader) break;
    await turns();
    expect(right.obstacle).toBeUndefined();
    expect(right.statistics.unheard).toBeGreaterThan(0);
    const second = right.receive("measurement");
    left.trySend("measurement", { tick: 9, lastNs: 0 });
    expect((await take(second, 1)).map(tick)).toEqual([9]);
    await second[Symbol.asyncDispose]();
    expect(await second.next()).toEqual({ value: undefined, done: true });
    expect(right.status).toBe("open");
  });

  test("reads broadcasts and drops the oldest when it is slow", async () => {
    const { left, right } = await openPair(Jitter, {}, { broadcastRecords: 100 });
    const reader = right.receive("alarm", { capacity: 2 });
    for (let code = 0; code < 5; code++) left.broadcast("alarm", { code });
    await until(() => right.statistics.broadcastsReceived === 5, "all are there");
    expect(await take(reader, 2)).toEqual([{ code: 3 }, { code: 4 }]);
    expect(reader.dropped).toBe(3);
  });

  test.each([
    [{ capacity: 0 }, RangeError],
    [{ capacity: 1.5 }, RangeError],
    [{ capacity: 2 ** 20 + 1 }, RangeError],
    [{ capacity: "1" }, TypeError],
    [{ overflow: "drop" }, TypeError],
    [{ size: 1 }, TypeError],
  ])("throws when the options are %j", async (options, kind) => {
    const { left } = await openPair(Jitter);
    expect(() => left.receive("measurement", options as never)).toThrow(kind);
  });

  test("throws when a broadcast is to wait or there is no such message", async () => {
    const { left } = await openPair(Jitter);
    expect(() => left.receive("alarm", { overflow: "wait" })).toThrow(TypeError);
    expect(() => left.receive("reset" as never)).toThrow(/no message or broadcast "reset"/);
  });
});
