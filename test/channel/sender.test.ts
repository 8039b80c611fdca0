import { describe, expect, test } from "vitest";
import { defineProtocol, openChannel } from "../../src/channel/index.js";
import { bytes, struct, u32 } from "../../src/schema/index.js";
import { Jitter } from "./jitter.js";
import { createPair, openPair, openRaw } from "./open-pair.js";
import { turns, until } from "./until.js";

const Big = defineProtocol("big", { messages: { blob: struct("Blob", { id: u32, data: bytes(60_000) }) } });

describe("trySend()", () => {
  test("returns false and sends nothing when the peer is absent", async () => {
    const pair = createPair();
    const channel = openChannel(pair.left, Jitter);
    expect(channel.trySend("measurement", { tick: 1, lastNs: 1 })).toBe(false);
    await pair.left.ready();
    expect(channel.trySend("measurement", { tick: 1, lastNs: 1 })).toBe(false);
    expect(channel.statistics.sent).toBe(0);
  });

  test("returns false when the link is full and true when there is room again", async () => {
    const { left, right } = await openPair(Jitter);
    const ticks: number[] = [];
    let tick = 0;
    while (left.trySend("measurement", { tick, lastNs: 0 })) tick++;
    expect(tick).toBeGreaterThan(10);
    right.messages.on("measurement", (value) => ticks.push(value.tick));
    await until(() => left.trySend("measurement", { tick, lastNs: 0 }), "there is room");
    await until(() => ticks.length === tick + 1, "all are there");
    expect(ticks).toEqual(Array.from({ length: tick + 1 }, (_, index) => index));
  });

  test("sends nothing when the value does not fit the type", async () => {
    const { left, right } = await openPair(Jitter);
    const ticks: number[] = [];
    right.messages.on("measurement", (value) => ticks.push(value.tick));
    expect(() => left.trySend("measurement", { tick: -1, lastNs: 0 })).toThrow(RangeError);
    expect(() => left.trySend("measurement", { tick: 1 } as never)).toThrow(TypeError);
    expect(left.trySend("measurement", { tick: 2, lastNs: 0 })).toBe(true);
    await turns();
    expect([ticks, left.statistics.sent]).toEqual([[2], 1]);
  });

  test("throws TypeError when there is no such message", async () => {
    const { left } = await openPair(Jitter);
    expect(() => left.trySend("alarm" as never, {} as never)).toThrow(/no message "alarm"/);
  });

  test("throws ERR_CLOSED when the channel is closed", async () => {
    const { left } = await openPair(Jitter);
    const sender = left.sender("measurement");
    left.close();
    expect(() => sender.trySend({ tick: 1, lastNs: 1 })).toThrow(expect.objectContaining({ code: "ERR_CLOSED" }));
  });

  test("throws and sends nothing wrong when encoding a value sends another", async () => {
    const { left, right } = await openPair(Jitter);
    const ticks: number[] = [];
    right.messages.on("measurement", (value) => ticks.push(value.tick));
    const sly = {
      get tick(): number {
        left.trySend("measurement", { tick: 7, lastNs: 7 });
        return 1;
      },
      lastNs: 0,
    };
    expect(() => left.trySend("measurement", sly)).toThrow(Error);
    await turns();
    expect(ticks.every((tick) => tick === 7)).toBe(true);
    expect(right.statistics.undecodable).toBe(0);
  });
});

describe("send()", () => {
  test("keeps the order and takes the value as it was when it has to wait", async () => {
    const pair = createPair();
    const left = openChannel(pair.left, Jitter);
    const value = { tick: 0, lastNs: 0 };
    const sends: Promise<void>[] = [];
    for (let tick = 0; tick < 5; tick++) {
      value.tick = tick;
      sends.push(left.send("measurement", value));
    }
    expect(left.statistics.waitingSends).toBe(5);
    const right = openChannel(pair.right, Jitter);
    const ticks: number[] = [];
    right.messages.on("measurement", ({ tick }) => ticks.push(tick));
    await Promise.all(sends);
    await until(() => ticks.length === 5, "all are there");
    expect(ticks).toEqual([0, 1, 2, 3, 4]);
    expect(left.statistics).toMatchObject({ waitingSends: 0, sent: 5 });
  });

  test("does not let trySend() by when it waits", async () => {
    const { left, right } = await openPair(Jitter);
    let filled = 0;
    while (left.trySend("note", { level: filled, line: "x".repeat(80) })) filled++;
    const waiting = left.send("note", { level: 9999, line: "x".repeat(80) });
    expect(left.trySend("measurement", { tick: 1, lastNs: 1 })).toBe(false);
    const reader = right.receive("note");
    await waiting;
    const levels: number[] = [];
    for await (const { level } of reader) {
      levels.push(level);
      if (level === 9999) break;
    }
    expect(levels).toEqual([...Array.from({ length: filled }, (_, index) => index), 9999]);
  });

  test("rejects with ERR_QUEUE_FULL at once when too many wait", async () => {
    const left = openChannel(createPair().left, Jitter, { maxWaitingSends: 2 });
    const send = (): Promise<void> => left.send("measurement", { tick: 1, lastNs: 1 });
    const waiting = [send(), send()].map((sending) => expect(sending).rejects.toMatchObject({ code: "ERR_CLOSED" }));
    await expect(send()).rejects.toMatchObject({ code: "ERR_QUEUE_FULL" });
    left.close();
    await Promise.all(waiting);
    await expect(send()).rejects.toMatchObject({ code: "ERR_CLOSED" });
  });

  test("leaves the line when it gives up, and the others go on", async () => {
    const pair = createPair();
    const left = openChannel(pair.left, Jitter);
    const controller = new AbortController();
    const first = left.send("measurement", { tick: 1, lastNs: 1 }, { signal: controller.signal });
    const second = left.send("measurement", { tick: 2, lastNs: 1 }, { timeoutMs: 1 });
    const third = left.send("measurement", { tick: 3, lastNs: 1 });
    const reason = new Error("enough");
    controller.abort(reason);
    await expect(first).rejects.toBe(reason);
    await expect(second).rejects.toMatchObject({ code: "ERR_TIMEOUT", message: expect.stringContaining("not open") });
    expect(left.statistics.waitingSends).toBe(1);
    const right = openChannel(pair.right, Jitter);
    const ticks: number[] = [];
    right.messages.on("measurement", ({ tick }) => ticks.push(tick));
    await third;
    await turns();
    expect(ticks).toEqual([3]);
  });

  test("rejects for the value or the options before it waits", async () => {
    const left = openChannel(createPair().left, Jitter);
    await expect(left.send("measurement", { tick: 2 ** 32, lastNs: 0 })).rejects.toBeInstanceOf(RangeError);
    const good = { tick: 1, lastNs: 0 };
    await expect(left.send("measurement", good, { timeout: 1 } as never)).rejects.toBeInstanceOf(TypeError);
    await expect(left.send("measurement", good, { signal: AbortSignal.abort("no") })).rejects.toBe("no");
    expect(left.statistics.waitingSends).toBe(0);
  });

  test("rejects with ERR_TYPE_MISMATCH when the peer has another protocol", async () => {
    const pair = createPair();
    const left = openChannel(pair.left, Jitter, { name: "shared" });
    const sending = expect(left.send("measurement", { tick: 1, lastNs: 1 })).rejects;
    openChannel(pair.right, Big, { name: "shared" });
    await sending.toMatchObject({ code: "ERR_TYPE_MISMATCH" });
    const later = expect(left.send("measurement", { tick: 1, lastNs: 1 })).rejects;
    await later.toMatchObject({ code: "ERR_TYPE_MISMATCH" });
    pair.restartRight();
    await until(() => left.status === "connecting", "the mismatch is over");
    const right = openChannel(pair.right, Jitter, { name: "shared" });
    await left.ready();
    expect(left.trySend("measurement", { tick: 1, lastNs: 1 })).toBe(true);
    right.close();
  });

  test("rejects with ERR_TOO_LARGE and both numbers when a long value does not fit a record", async () => {
    const { left, right } = await openPair(Big);
    const lengths: number[] = [];
    right.messages.on("blob", ({ data }) => lengths.push(data.length));
    const message = expect.stringMatching(/3006 bytes and a record of the link holds 2032/);
    const blob = (length: number) => ({ id: 1, data: new Uint8Array(length) });
    await expect(left.send("blob", blob(3000))).rejects.toMatchObject({ code: "ERR_TOO_LARGE", message });
    await left.send("blob", blob(2026));
    await until(() => lengths.length === 1, "the one that fits is there");
    expect(lengths).toEqual([2026]);
  });
});

describe("tryWrite()", () => {
  test("sends the fields that were set, the others as zero", async () => {
    const { left, right } = await openPair(Jitter);
    const values: unknown[] = [];
    right.messages.on("measurement", (value) => values.push(value));
    const sender = left.sender("measurement");
    expect(sender.trySend({ tick: 0xffff_ffff, lastNs: -1 })).toBe(true);
    expect(sender.tryWrite((fields) => (fields.tick = 5))).toBe(true);
    expect(sender.tryWrite((fields) => (fields.lastNs = 6))).toBe(true);
    await turns();
    expect(values.slice(1)).toEqual([
      { tick: 5, lastNs: 0 },
      { tick: 0, lastNs: 6 },
    ]);
    expect(left.statistics.sent).toBe(3);
  });

  test("sends nothing when the function throws", async () => {
    const { left, right } = await openPair(Jitter);
    let received = 0;
    right.messages.on("measurement", () => received++);
    const sender = left.sender("measurement");
    const fault = new Error("no");
    const failing = (): void => {
      throw fault;
    };
    expect(() => sender.tryWrite(failing)).toThrow(fault);
    expect(() => sender.tryWrite((fields) => (fields.tick = -1))).toThrow(RangeError);
    await turns();
    expect([received, left.statistics.sent]).toEqual([0, 0]);
  });

  test("works by way of a buffer when the longest message does not fit a record", async () => {
    const { left, right } = await openPair(Big);
    const values: unknown[] = [];
    right.messages.on("blob", (value) => values.push(value));
    const sender = left.sender("blob");
    const write = (length: number) => (fields: { id: number; data: Uint8Array }) => {
      fields.id = 3;
      fields.data = new Uint8Array(length).fill(1);
    };
    expect(sender.tryWrite(write(2))).toBe(true);
    expect(() => sender.tryWrite(write(3000))).toThrow(expect.objectContaining({ code: "ERR_TOO_LARGE" }));
    await turns();
    expect(values).toEqual([{ id: 3, data: Uint8Array.of(1, 1) }]);
  });
});

describe("trySendRun()", () => {
  test("sends each message by itself when the link has no way for a run", async () => {
    const { channel, seen } = await openRaw(Jitter);
    const raw = Uint8Array.from({ length: 48 }, (_, index) => index);
    expect(channel.sender("measurement").trySendRun(raw)).toBe(3);
    await turns();
    expect(seen.records.map(({ bytes }) => bytes)).toEqual([0, 16, 32].map((at) => [...raw.subarray(at, at + 16)]));
    expect(channel.statistics.sent).toBe(3);
  });

  test("sends nothing when there are no messages", async () => {
    const { left } = await openPair(Jitter);
    expect(left.sender("measurement").trySendRun(new Uint8Array(0))).toBe(0);
  });

  test("throws when the bytes are no whole messages, or messages of the type differ in size", async () => {
    const { left } = await openPair(Jitter);
    const sender = left.sender("measurement");
    expect(() => sender.trySendRun(new Uint8Array(17))).toThrow(/wanted a multiple of 16 bytes, found 17/);
    expect(() => sender.trySendRun(new Uint16Array(16) as never)).toThrow(TypeError);
    expect(() => left.sender("note").trySendRun(new Uint8Array(32))).toThrow(TypeError);
  });

  test("throws ERR_CLOSED when the channel is closed", async () => {
    const { left } = await openPair(Jitter);
    const sender = left.sender("measurement");
    left.close();
    expect(() => sender.trySendRun(new Uint8Array(16))).toThrow(expect.objectContaining({ code: "ERR_CLOSED" }));
  });
});

describe("trySendBytes()", () => {
  test("sends the bytes as they are", async () => {
    const { channel, seen } = await openRaw(Jitter);
    const raw = Uint8Array.from({ length: 16 }, (_, index) => index);
    expect(channel.sender("measurement").trySendBytes(raw)).toBe(true);
    await turns();
    expect(seen.records).toMatchObject([{ kind: 1, message: 0, bytes: [...raw] }]);
  });

  test("throws when no message of the type has so many bytes", async () => {
    const { left } = await openPair(Jitter);
    const sender = left.sender("measurement");
    for (const length of [0, 15, 17]) {
      expect(() => sender.trySendBytes(new Uint8Array(length))).toThrow(new RegExp(`wanted 16 bytes, found ${length}`));
    }
    expect(() => left.sender("note").trySendBytes(new Uint8Array(3))).toThrow(RangeError);
    expect(() => sender.trySendBytes(new Uint16Array(16) as never)).toThrow(TypeError);
  });
});
