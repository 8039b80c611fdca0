import { describe, expect, test } from "vitest";
import { Inbox } from "../../src/channel/inbox.js";
import { defineProtocol, type MessageInfo, RecordKind } from "../../src/channel/index.js";
import { createCounters } from "../../src/channel/statistics.js";
import { enumOf, struct, u8 } from "../../src/schema/index.js";
import { Jitter } from "./jitter.js";
import { commitBytes } from "./link-pair.js";
import { openPair, openRaw } from "./open-pair.js";
import { uncaughtDuring } from "./uncaught.js";
import { turns, until } from "./until.js";

const Moody = defineProtocol("moody", {
  messages: { mood: struct("Mood", { value: enumOf("Face", { glad: 1, sad: 2 }, u8), weight: u8 }) },
  broadcasts: { cry: struct("Cry", { face: enumOf("Face", { glad: 1, sad: 2 }, u8) }) },
});

const measurement = (tick: number) => ({ tick, lastNs: -tick });

describe("messages", () => {
  test("wait for their first listener when it comes late", async () => {
    const { left, right } = await openPair(Jitter);
    for (let tick = 0; tick < 3; tick++) left.trySend("measurement", measurement(tick));
    await turns();
    expect(right.obstacle).toBe('nobody listens to message "measurement"');
    const ticks: number[] = [];
    right.messages.on("measurement", ({ tick }) => ticks.push(tick));
    expect(ticks).toEqual([]);
    await until(() => ticks.length === 3, "all are there");
    expect([ticks, right.obstacle, right.statistics.unheard]).toEqual([[0, 1, 2], undefined, 0]);
  });

  test("make those of other kinds wait behind them", async () => {
    const { left, right } = await openPair(Jitter);
    left.trySend("measurement", measurement(1));
    left.trySend("note", { level: 1, line: "behind" });
    const lines: string[] = [];
    right.messages.on("note", ({ line }) => lines.push(line));
    await turns();
    expect(lines).toEqual([]);
    right.onBytes("measurement", () => {});
    await until(() => lines.length === 1, "the other is there");
  });

  test("are counted as unheard when holdUntilListened is false", async () => {
    const { left, right } = await openPair(Jitter, { holdUntilListened: false });
    left.trySend("measurement", measurement(1));
    await until(() => right.statistics.unheard === 1, "it is counted");
    expect([right.obstacle, right.statistics.received]).toEqual([undefined, 0]);
  });

  test("are counted as unheard when the last listener has gone", async () => {
    const { left, right } = await openPair(Jitter);
    const removers = [
      right.onView("measurement", () => {}),
      right.onBytes("measurement", () => {}),
      right.onRaw("measurement", () => {}),
    ];
    const listener = (): void => {};
    right.messages.on("measurement", listener);
    right.messages.off("measurement", listener);
    for (const remove of removers) remove();
    left.trySend("measurement", measurement(1));
    await until(() => right.statistics.unheard === 1, "it is counted");
  });

  test("reach listeners, views, bytes and raw memory with one information", async () => {
    const { left, right } = await openPair(Jitter);
    const seen: unknown[] = [];
    const infos = new Set<MessageInfo>();
    right.messages.on("measurement", (value, info) => {
      infos.add(info);
      seen.push(value, { ...info });
    });
    right.onView("measurement", (fields, info) => {
      infos.add(info);
      seen.push([fields.tick, fields.lastNs]);
    });
    right.onBytes("measurement", (bytes, info) => {
      infos.add(info);
      seen.push(bytes.length);
    });
    right.onRaw("measurement", (memory, offset, length, info) => {
      infos.add(info);
      seen.push([memory.getUint32(offset, true), length]);
    });
    left.trySend("measurement", measurement(3));
    await turns();
    expect(seen).toEqual([
      ...[[3, 16], 16, [3, -3], { tick: 3, lastNs: -3 }],
      { sequence: expect.any(Number), missed: 0, lengthBytes: 16 },
    ]);
    expect([infos.size, right.statistics.received]).toEqual([1, 1]);
  });

  test("reach the others and go on when a listener throws, which is an uncaught exception", async () => {
    const { left, right } = await openPair(Jitter);
    const ticks: number[] = [];
    const fail = (how: string) => (): void => {
      throw new Error(how);
    };
    right.onRaw("measurement", fail("raw"));
    right.onBytes("measurement", fail("bytes"));
    right.onView("measurement", fail("view"));
    right.messages.once("measurement", fail("value"));
    right.messages.on("measurement", ({ tick }) => ticks.push(tick));
    const uncaught = await uncaughtDuring(() => {
      left.trySend("measurement", measurement(1));
      left.trySend("measurement", measurement(2));
    });
    expect(ticks).toEqual([1, 2]);
    expect(uncaught.map((error) => (error as Error).message)).toEqual([
      ...["raw", "bytes", "view", "value"],
      ...["raw", "bytes", "view"],
    ]);
  });

  test("may be answered, listened to and closed from within a listener", async () => {
    const { left, right } = await openPair(Jitter);
    const answers: number[] = [];
    left.messages.on("measurement", ({ tick }) => answers.push(tick));
    right.messages.on("measurement", ({ tick }) => {
      right.trySend("measurement", measurement(tick * 10));
      right.messages.once("measurement", () => {});
      if (tick === 2) right.close();
    });
    for (const tick of [1, 2, 3]) left.trySend("measurement", measurement(tick));
    await until(() => left.status === "connecting", "the channel is closed");
    expect(answers).toEqual([10, 20]);
  });
});

describe("a run of messages that one view takes", () => {
  const Mood = struct("Mood", { value: enumOf("Face", { glad: 1, sad: 2 }, u8), weight: u8 });

  /** An inbox, and a run of as many moods as there are values. */
  function prepare(values: readonly number[]) {
    const info = { sequence: 0, missed: 0, lengthBytes: 0 };
    const hooks = { counters: createCounters(), info, holding: false, closed: false };
    const reports: string[] = [];
    const report = (error: Error) => reports.push(error.message);
    const inbox = new Inbox(
      "mood",
      'message "mood"',
      Mood.codec,
      true,
      Object.assign(hooks, { report, resume: () => {} }),
    );
    const memory = new DataView(new ArrayBuffer(values.length * 8));
    values.forEach((value, index) => {
      memory.setUint8(index * 8, value);
      memory.setUint8(index * 8 + 1, index);
    });
    const deliver = () => inbox.deliverRun(0xffff_fffe, memory, 0, 2, 8, values.length);
    return { inbox, hooks, reports, deliver };
  }

  test("gives each with its own sequence", () => {
    const { inbox, hooks, deliver } = prepare([1, 2, 1]);
    const seen: unknown[] = [];
    inbox.onView(({ value, weight }, { sequence }) => seen.push([value, weight, sequence]));
    expect(deliver()).toBe(3);
    expect(seen).toEqual([
      ["glad", 0, 0xffff_fffe],
      ["sad", 1, 0xffff_ffff],
      ["glad", 2, 0],
    ]);
    expect(hooks.counters.received).toBe(3);
  });

  test("goes on behind one that does not decode, and behind a listener that throws", async () => {
    const { inbox, hooks, reports, deliver } = prepare([1, 9, 2, 1]);
    const seen: number[] = [];
    inbox.onView(({ value, weight }) => {
      seen.push(weight);
      if (value === "sad") throw new Error("sad");
    });
    const uncaught = await uncaughtDuring(() => {
      expect(deliver()).toBe(4);
    });
    expect(uncaught).toEqual([new Error("sad")]);
    expect([seen, hooks.counters.received, hooks.counters.undecodable, reports.length]).toEqual([[0, 2, 3], 4, 1, 1]);
  });

  test("gives the rest to another listener as well when one comes in between", () => {
    const { inbox, deliver } = prepare([1, 1, 1]);
    const raws: number[] = [];
    const views: number[] = [];
    inbox.onView(({ weight }) => {
      views.push(weight);
      if (weight === 0) inbox.onRaw((memory, offset) => raws.push(memory.getUint8(offset + 1)));
    });
    expect(deliver()).toBe(3);
    expect([views, raws]).toEqual([
      [0, 1, 2],
      [1, 2],
    ]);
  });

  test("leaves the rest unheard when the listener takes itself away", () => {
    const { inbox, hooks, deliver } = prepare([1, 1, 1]);
    const remove = inbox.onView(() => remove());
    expect(deliver()).toBe(3);
    expect([hooks.counters.received, hooks.counters.unheard]).toEqual([1, 2]);
  });

  test("ends when the listener closes the channel", () => {
    const { inbox, hooks, deliver } = prepare([1, 1, 1]);
    inbox.onView(() => {
      hooks.closed = true;
    });
    expect([deliver(), hooks.counters.received]).toEqual([1, 1]);
  });
});

describe("messages that do not decode", () => {
  test("are counted and reported, and the link goes on", async () => {
    const { channel, port } = await openRaw(Moody);
    const errors: unknown[] = [];
    const values: unknown[] = [];
    channel.events.on("error", (error) => errors.push(error));
    channel.messages.on("mood", (value) => values.push(value));
    for (const bytes of [[3, 0], [1], [1, 2, 3], []]) commitBytes(port, bytes);
    commitBytes(port, [2, 7]);
    await turns();
    expect(values).toEqual([{ value: "sad", weight: 7 }]);
    expect(channel.statistics.undecodable).toBe(4);
    expect(errors).toHaveLength(4);
    expect(errors[0]).toMatchObject({ code: "ERR_DECODE", message: expect.stringContaining("Mood.value") });
    expect(channel.status).toBe("open");
  });

  test("are no uncaught exception when a view reads the field in question", async () => {
    const { channel, port } = await openRaw(Moody);
    const faces: string[] = [];
    channel.onView("mood", (fields) => faces.push(fields.value));
    const uncaught = await uncaughtDuring(() => {
      commitBytes(port, [3, 0]);
      commitBytes(port, [1]);
      commitBytes(port, [1, 0]);
    });
    expect([uncaught, faces, channel.statistics.undecodable]).toEqual([[], ["glad"], 2]);
  });

  test("are those of a number that the protocol does not have, too", async () => {
    const { channel, port } = await openRaw(Moody);
    const messages: string[] = [];
    channel.events.on("error", (error) => messages.push(error.message));
    commitBytes(port, [1], RecordKind.data, 9);
    commitBytes(port, [1], RecordKind.data, 1);
    port.broadcast(0, Uint8Array.of(1));
    commitBytes(port, [0, 0, 0, 0], RecordKind.reply);
    commitBytes(port, [0, 0, 0, 0, 0, 0, 0, 0], RecordKind.error);
    commitBytes(port, [0], RecordKind.cancel);
    await turns();
    expect(channel.statistics.undecodable).toBe(6);
    expect(messages.sort()).toEqual([
      expect.stringContaining("a broadcast of number 0"),
      expect.stringContaining("a message of number 1"),
      expect.stringContaining("a message of number 9"),
      expect.stringContaining("a record of kind 3 with 4 bytes"),
      expect.stringContaining("a record of kind 4 with 8 bytes"),
      expect.stringContaining("a record of kind 7 with 1 bytes"),
    ]);
  });
});

describe("broadcasts", () => {
  test("are counted as unheard when nobody listens and never wait", async () => {
    const { left, right } = await openPair(Moody);
    left.broadcast("cry", { face: "sad" });
    await until(() => right.statistics.unheard === 1, "it is counted");
    const faces: string[] = [];
    right.messages.on("cry", ({ face }) => faces.push(face));
    left.broadcast("cry", { face: "glad" });
    await until(() => faces.length === 1, "the next is there");
    expect(faces).toEqual(["glad"]);
    expect(left.statistics.broadcastsSent).toBe(2);
  });

  test("throw when the value does not fit, the name is wrong or the channel is closed", async () => {
    const { left } = await openPair(Moody);
    expect(() => left.broadcast("cry", { face: "angry" } as never)).toThrow(/Cry\.face/);
    expect(() => left.broadcast("mood" as never, {} as never)).toThrow(/no broadcast "mood"/);
    left.close();
    expect(() => left.broadcast("cry", { face: "sad" })).toThrow(expect.objectContaining({ code: "ERR_CLOSED" }));
  });
});
