import { describe, expect, test } from "vitest";
import { type BridgeRules, createBridge, type RouteStatistics } from "../../src/bridge/index.js";
import { defineProtocol, openChannel } from "../../src/channel/index.js";
import { struct, u16 } from "../../src/schema/index.js";
import { createPair } from "../channel/open-pair.js";
import { uncaughtDuring } from "../channel/uncaught.js";
import { turns, until } from "../channel/until.js";
import { type BridgeStage, openStage, Station, type StationDefinition } from "./stage.js";

/** Slower than any test lasts: once in three hours. */
const HARDLY_EVER = 0.0001;

function route({ bridge }: BridgeStage, name: string): RouteStatistics {
  const found = bridge.statistics.routes.find((each) => each.name === name);
  if (found === undefined) throw new Error(`There is no route ${name}`);
  return found;
}

/** Collects the ticks that come to a side. */
function ticksAt(channel: BridgeStage["right"]): number[] {
  const ticks: number[] = [];
  channel.messages.on("measurement", ({ tick }) => ticks.push(tick));
  return ticks;
}

describe("createBridge()", () => {
  test("createBridge() carries messages in order and once, more of them than any queue holds", async () => {
    const stage = await openStage({ messages: { measurement: { to: "right", queue: 4 } } });
    const ticks = ticksAt(stage.right);
    for (let tick = 0; tick < 1000; tick++) await stage.left.send("measurement", { tick });
    await until(() => ticks.length === 1000, "all came");
    expect(ticks).toEqual(Array.from({ length: 1000 }, (_, tick) => tick));
    expect(route(stage, "measurement")).toEqual({
      ...{ kind: "message", name: "measurement", to: "right" },
      ...{ received: 1000, forwarded: 1000, dropped: 0, failed: 0, waiting: 0 },
    });
  });

  test("createBridge() carries a message both ways, and neither back", async () => {
    const stage = await openStage({ messages: { measurement: { to: "both" } } });
    const [atLeft, atRight] = [ticksAt(stage.left), ticksAt(stage.right)];
    await stage.left.send("measurement", { tick: 1 });
    await stage.right.send("measurement", { tick: 2 });
    await until(() => atLeft.length + atRight.length === 2, "both came");
    await turns();
    expect([atLeft, atRight]).toEqual([[2], [1]]);
  });

  test("createBridge() carries nothing that has no rule, and counts it", async () => {
    const stage = await openStage({ messages: { measurement: { to: "right" } } });
    const ticks = ticksAt(stage.right);
    await stage.left.send("note", { words: "hello" });
    await stage.left.send("measurement", { tick: 7 });
    await until(() => ticks.length === 1, "the other came");
    expect(stage.bridge.statistics.left.unheard).toBe(1);
    expect(stage.right.statistics.received).toBe(1);
  });

  test("createBridge() lets the latest win when the rate is low and the queue is one that drops the oldest", async () => {
    const rule = { to: "right", maxPerSecond: HARDLY_EVER, queue: 1, overflow: "drop-oldest" } as const;
    const stage = await openStage({ messages: { measurement: rule } });
    const ticks = ticksAt(stage.right);
    for (let tick = 0; tick < 100; tick++) await stage.left.send("measurement", { tick });
    await until(() => route(stage, "measurement").received === 100, "all came to the bridge");
    expect(route(stage, "measurement")).toMatchObject({ forwarded: 1, dropped: 98, failed: 0, waiting: 1 });
    await until(() => ticks.length === 1, "the first came");
    stage.bridge.close();
    expect(route(stage, "measurement")).toMatchObject({ received: 100, forwarded: 1, dropped: 99, waiting: 0 });
  });

  test("createBridge() keeps the first ones with drop-newest", async () => {
    const rule = { to: "right", queue: 3, overflow: "drop-newest" } as const;
    const stage = await openStage({ messages: { measurement: rule } });
    stage.rightPair.suspendRight();
    await until(() => stage.bridge.right.status !== "open", "the bridge misses the right side");
    const ticks = ticksAt(stage.right);
    for (let tick = 0; tick < 10; tick++) await stage.left.send("measurement", { tick });
    // One is under way to a side that is not there, if the bridge waited for a value when that side went.
    await until(() => route(stage, "measurement").received === 10, "all came to the bridge");
    const { waiting, dropped } = route(stage, "measurement");
    expect([3, 4]).toContain(waiting);
    expect(dropped).toBe(10 - waiting);
    stage.rightPair.resumeRight();
    await until(() => ticks.length === waiting, "what waited came");
    expect(ticks).toEqual(Array.from({ length: waiting }, (_, tick) => tick));
  });

  test("createBridge() makes the sender wait with a full queue, and loses nothing", async () => {
    const stage = await openStage({ messages: { measurement: { to: "right", queue: 2 } } });
    stage.rightPair.suspendRight();
    await until(() => stage.bridge.right.status !== "open", "the bridge misses the right side");
    let tick = 0;
    await until(() => {
      while (stage.left.trySend("measurement", { tick })) tick++;
      return stage.bridge.left.obstacle !== undefined && tick > 10;
    }, "the left side has to wait");
    expect(route(stage, "measurement").waiting).toBeLessThanOrEqual(3);
    const ticks = ticksAt(stage.right);
    stage.rightPair.resumeRight();
    await until(() => ticks.length === tick, "all came");
    expect(ticks).toEqual(Array.from({ length: tick }, (_, index) => index));
    expect(route(stage, "measurement")).toMatchObject({ received: tick, forwarded: tick, dropped: 0 });
  });

  test("createBridge() goes on when either side restarts, and tells what was lost", async () => {
    const stage = await openStage({ messages: { measurement: { to: "both" } } });
    const told: string[] = [];
    stage.bridge.events.on("lost", (side, { resumable }) => told.push(`${side} ${resumable ? "away" : "gone"}`));
    stage.bridge.events.on("open", (side) => told.push(`${side} open`));
    stage.rightPair.restartRight();
    const right = openChannel(stage.rightPair.right, Station);
    await right.ready();
    const ticks = ticksAt(right);
    await stage.left.send("measurement", { tick: 1 });
    await until(() => ticks.length === 1, "the new right side got it");
    stage.leftPair.restartRight();
    const left = openChannel(stage.leftPair.right, Station);
    await left.ready();
    await left.send("measurement", { tick: 2 });
    await until(() => ticks.length === 2, "it came from the new left side");
    expect(ticks).toEqual([1, 2]);
    expect(told).toEqual(["right gone", "right open", "left gone", "left open"]);
  });

  test("createBridge() keeps what waits for a peer that has another protocol until it has the right one", async () => {
    const stage = await openStage({ messages: { measurement: { to: "right" } } });
    stage.right.close();
    const other = defineProtocol("station", { messages: { measurement: struct("Measurement", { other: u16 }) } });
    const wrong = openChannel(stage.rightPair.right, other);
    await until(() => stage.errors.length > 0, "the bridge was told");
    expect(stage.errors).toContain("right: ERR_TYPE_MISMATCH");
    await stage.left.send("measurement", { tick: 5 });
    await until(() => route(stage, "measurement").waiting === 1, "it waits");
    wrong.close();
    const right = openChannel(stage.rightPair.right, Station);
    const ticks = ticksAt(right);
    await until(() => ticks.length === 1, "it came");
    expect(route(stage, "measurement")).toMatchObject({ forwarded: 1, dropped: 0, failed: 0 });
  });

  test("createBridge() counts and tells what the other link cannot carry, and goes on", async () => {
    const leftPair = createPair({ capacityBytes: 4096 });
    const rightPair = createPair({ capacityBytes: 512 });
    using bridge = createBridge(Station, {
      left: leftPair.left,
      right: rightPair.left,
      messages: { note: { to: "right" } },
    });
    const errors: string[] = [];
    bridge.events.on("error", ({ code }) => errors.push(code));
    const left = openChannel(leftPair.right, Station);
    const right = openChannel(rightPair.right, Station);
    const notes: string[] = [];
    right.messages.on("note", ({ words }) => notes.push(words));
    await left.send("note", { words: "x".repeat(500) });
    await left.send("note", { words: "short" });
    await until(() => notes.length === 1, "the short one came");
    expect([notes, errors]).toEqual([["short"], ["ERR_TOO_LARGE"]]);
    expect(bridge.statistics.routes[0]).toMatchObject({ received: 2, forwarded: 1, failed: 1 });
  });

  test("createBridge() carries requests and replies, and what the handler says when it fails", async () => {
    const stage = await openStage({ requests: { twice: { to: "right" } } });
    stage.right.handle("twice", ({ tick }) => {
      if (tick > 100) throw new Error("too many");
      return { tick: tick * 2 };
    });
    expect(await stage.left.request("twice", { tick: 21 })).toEqual({ tick: 42 });
    await expect(stage.left.request("twice", { tick: 101 })).rejects.toMatchObject({
      ...{ code: "ERR_REMOTE", cause: { text: "too many" } },
    });
    expect(route(stage, "twice")).toMatchObject({ received: 2, forwarded: 1, failed: 1, waiting: 0 });
    // The way that has no rule.
    await expect(stage.right.request("twice", { tick: 1 })).rejects.toMatchObject({ code: "ERR_NO_HANDLER" });
  });

  test("createBridge() refuses requests over the rate and gives up those that take too long", async () => {
    const slow = await openStage({ requests: { twice: { to: "right", timeoutMs: 20 } } });
    slow.right.handle("twice", () => new Promise(() => {}));
    await expect(slow.left.request("twice", { tick: 1 })).rejects.toMatchObject({ code: "ERR_REMOTE" });
    expect(route(slow, "twice")).toMatchObject({ received: 1, failed: 1 });

    const seldom = await openStage({ requests: { twice: { to: "right", maxPerSecond: HARDLY_EVER } } });
    seldom.right.handle("twice", (value) => value);
    await seldom.left.request("twice", { tick: 1 });
    await expect(seldom.left.request("twice", { tick: 2 })).rejects.toThrow(/the bridge lets 0.0001 of these pass/);
    expect(route(seldom, "twice")).toMatchObject({ received: 2, forwarded: 1, dropped: 1 });
  });

  test("createBridge() carries the newest value of a topic, also of a peer that restarted", async () => {
    const stage = await openStage({ topics: { level: { to: "right", everyMs: 5 } } });
    for (const tick of [1, 2, 3]) stage.left.publish("level", { tick });
    await until(() => stage.right.latest("level")?.value.tick === 3, "the newest came");
    expect(route(stage, "level")).toMatchObject({ kind: "topic", received: 3, forwarded: 1, dropped: 2 });
    stage.leftPair.restartRight();
    const left = openChannel(stage.leftPair.right, Station);
    await left.ready();
    left.publish("level", { tick: 9 });
    await until(() => stage.right.latest("level")?.value.tick === 9, "that of the new one came");
  });

  test("createBridge() carries broadcasts", async () => {
    const stage = await openStage({ broadcasts: { alarm: { to: "left" } } });
    const alarms: string[] = [];
    stage.left.messages.on("alarm", ({ words }) => alarms.push(words));
    stage.right.broadcast("alarm", { words: "fire" });
    await until(() => alarms.length === 1, "it came");
    expect(alarms).toEqual(["fire"]);
    expect(route(stage, "alarm")).toMatchObject({ kind: "broadcast", forwarded: 1, dropped: 0 });
  });

  test("createBridge() closes with one of its links, and leaves the other open", async () => {
    const stage = await openStage({ messages: { measurement: { to: "right" } }, topics: { level: { to: "left" } } });
    let closes = 0;
    stage.bridge.events.on("close", () => closes++);
    stage.leftPair.left.close();
    expect([stage.bridge.closed, closes, stage.bridge.right.status]).toEqual([true, 1, "closed"]);
    stage.bridge.close();
    expect([closes, stage.rightPair.left.status]).toEqual([1, "up"]);
  });

  test("await using gives the peers time to take what was sent", async () => {
    const stage = await openStage({ messages: { measurement: { to: "right" } } });
    const ticks = ticksAt(stage.right);
    for (let tick = 0; tick < 20; tick++) await stage.left.send("measurement", { tick });
    await until(() => route(stage, "measurement").forwarded === 20, "all are on the link");
    await stage.bridge[Symbol.asyncDispose]();
    await until(() => ticks.length === 20, "all came");
    expect(stage.bridge.closed).toBe(true);
  });

  test.each<[string, unknown, RegExp]>([
    ["no rule", {}, /without a rule carries nothing/],
    ["rules that are none", { messages: 5 }, /messages of a bridge must be an object of rules/],
    ["a rule that is none", { messages: { measurement: "right" } }, /rule for messages\.measurement must be an object/],
    [
      "an unknown message",
      { messages: { speed: { to: "left" } } },
      /no "speed" among the messages of protocol station: they are measurement, note/,
    ],
    ["an unknown option", { message: {} }, /Unknown option "message" of createBridge/],
    ["an unknown key of a rule", { topics: { level: { to: "left", queue: 1 } } }, /Unknown option "queue" of the rule/],
    ["no direction", { topics: { level: {} } }, /to of the rule for topics\.level must be "left", "right" or "both"/],
    ["another direction", { requests: { twice: { to: "up" } } }, /must be "left", "right" or "both", not "up"/],
    [
      "no rate",
      { messages: { note: { to: "left", maxPerSecond: 0 } } },
      /maxPerSecond .* must be a number above 0, not 0/,
    ],
    ["a rate in words", { messages: { note: { to: "left", maxPerSecond: "5" } } }, /above 0, not "5"/],
    ["a queue of none", { messages: { note: { to: "left", queue: 0 } } }, /queue .* from 1 to 1048576, not 0/],
    ["a queue too long", { messages: { note: { to: "left", queue: 2 ** 21 } } }, /queue .* not 2097152/],
    [
      "an unknown overflow",
      { messages: { note: { to: "left", overflow: "block" } } },
      /one of wait, drop-oldest, drop-newest/,
    ],
    [
      "a broadcast that waits",
      { broadcasts: { alarm: { to: "left", overflow: "wait" } } },
      /one of drop-oldest, drop-newest, not "wait"/,
    ],
    ["a timeout of none", { requests: { twice: { to: "left", timeoutMs: 0 } } }, /timeoutMs .* not 0/],
    ["a period of none", { topics: { level: { to: "left", everyMs: 0.5 } } }, /everyMs .* not 0\.5/],
  ])("createBridge() refuses %s", (_, rules, message) => {
    const [left, right] = [createPair().left, createPair().left];
    const create = () => createBridge(Station, { left, right, ...(rules as BridgeRules<StationDefinition>) });
    expect(create).toThrow(message);
    // Nothing was opened on the way.
    openChannel(left, Station).close();
    openChannel(right, Station).close();
  });

  test("createBridge() may be closed by who hears that a peer has another protocol", async () => {
    const [leftPair, rightPair] = [createPair(), createPair()];
    const Ticks = defineProtocol("ticks", { messages: { tick: struct("Tick", { tick: u16 }) } });
    const Other = defineProtocol("ticks", { messages: { tick: struct("Tick", { tock: u16 }) } });
    const bridge = createBridge(Ticks, {
      ...{ left: leftPair.right, right: rightPair.left },
      ...{ messages: { tick: { to: "right" } } },
    });
    const codes: string[] = [];
    bridge.events.on("error", ({ code }) => {
      codes.push(code);
      bridge.close();
    });
    const uncaught = await uncaughtDuring(async () => {
      await openChannel(rightPair.right, Ticks).ready();
      await turns();
      openChannel(leftPair.left, Other);
      await until(() => bridge.closed, "the bridge is closed");
    });
    expect([uncaught, codes]).toEqual([[], ["ERR_TYPE_MISMATCH"]]);
  });

  test("createBridge() refuses one link in the place of two, and frees the first when the second is taken", () => {
    const [left, right] = [createPair().left, createPair().left];
    const rules = { messages: { measurement: { to: "right" } } } as const;
    expect(() => createBridge(Station, { left, right: left, ...rules })).toThrow(/one and the same/);
    openChannel(right, Station);
    expect(() => createBridge(Station, { left, right, ...rules })).toThrow(/station/);
    expect(openChannel(left, Station).status).toBe("connecting");
  });
});
