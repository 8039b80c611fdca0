import { afterEach, beforeEach, describe, expect, test } from "vitest";
import {
  type Channel,
  type ChannelOptions,
  defineProtocol,
  openChannel,
  type Protocol,
} from "../../src/channel/index.js";
import { struct, u32 } from "../../src/schema/index.js";
import { Jitter, Measurement } from "./jitter.js";
import type { LinkLimits, LinkPair, MakePair } from "./link-pair.js";
import { until } from "./until.js";

type Definition<P> = P extends Protocol<infer D> ? D : never;
type JitterChannel = Channel<Definition<typeof Jitter>>;

/** The same without topics, for links that have none. */
const Plain = defineProtocol("plain", { messages: { measurement: Measurement }, requests: { echo: echo() } });

function echo() {
  const Echo = struct("Echo", { value: u32 });
  return { request: Echo, reply: Echo };
}

/** Holds what an application does with channels against a kind of link. */
export function describeChannelOver(name: string, makePair: MakePair, limits: LinkLimits = {}): void {
  describe(`Channel over ${name}`, () => {
    let pair: LinkPair;

    beforeEach(async () => {
      pair = await makePair();
    });

    afterEach(async () => {
      await pair.close();
    });

    describeMessages(() => pair);
    describeRequests(() => pair);
    describeMismatch(() => pair);
    describeClose(() => pair);
    if (limits.noTopics !== true) describeLatest(() => pair, limits);
    if (limits.noRestart !== true) describeRestart(() => pair);
  });
}

type PlainChannel = Channel<Definition<typeof Plain>>;

async function openPlain(pair: LinkPair, options: ChannelOptions = {}): Promise<[PlainChannel, PlainChannel]> {
  const left = openChannel(pair.left, Plain, options);
  const right = openChannel(pair.right, Plain, options);
  await Promise.all([left.ready({ timeoutMs: 10_000 }), right.ready({ timeoutMs: 10_000 })]);
  return [left, right];
}

function describeMessages(pair: () => LinkPair): void {
  test("send() delivers 2000 messages in order when the link is smaller than that", async () => {
    const [left, right] = await openPlain(pair());
    const ticks: number[] = [];
    right.messages.on("measurement", ({ tick, lastNs }) => {
      ticks.push(tick);
      if (lastNs !== -tick) throw new Error(`Message ${tick} is not whole`);
    });
    const wanted = Array.from({ length: 2000 }, (_, tick) => tick);
    for (const tick of wanted) await left.send("measurement", { tick, lastNs: tick === 0 ? 0 : -tick });
    await until(() => ticks.length >= wanted.length, "all are there");
    expect(ticks).toEqual(wanted);
    expect(left.statistics.sent).toBe(2000);
    expect(right.statistics).toMatchObject({ received: 2000, dropped: 0, unheard: 0, undecodable: 0 });
  });

  test("trySendRun() delivers all in order when the link takes them part by part", async () => {
    const [left, right] = await openPlain(pair());
    const ticks: number[] = [];
    const sequences = new Set<number>();
    right.onRun("measurement", (memory, offset, length, stride, count, { sequence }) => {
      for (let index = 0; index < count; index++) {
        const at = offset + index * stride;
        ticks.push(length === 16 ? memory.getUint32(at, true) : -1);
        sequences.add(sequence + index);
      }
    });
    const count = 1000;
    const bytes = new Uint8Array(count * 16);
    for (let tick = 0; tick < count; tick++) {
      Measurement.codec.encode({ tick, lastNs: tick }, new DataView(bytes.buffer), tick * 16);
    }
    const sender = left.sender("measurement");
    let sent = 0;
    await until(() => {
      sent += sender.trySendRun(bytes.subarray(sent * 16));
      return sent === count;
    }, "all are sent");
    await until(() => ticks.length >= count, "all are there");
    expect(ticks).toEqual(Array.from({ length: count }, (_, tick) => tick));
    expect(sequences.size).toBe(count);
    expect([left.statistics.sent, right.statistics.received]).toEqual([count, count]);
  });

  test("close() in a listener leaves the rest of what came with it to no one", async () => {
    const [left, right] = await openPlain(pair());
    const [other, heard] = await openPlain(pair(), { name: "heard" });
    const ticks: number[] = [];
    const others: number[] = [];
    heard.messages.on("measurement", ({ tick }) => others.push(tick));
    right.messages.on("measurement", ({ tick }) => {
      ticks.push(tick);
      if (tick === 1) right.close();
    });
    for (let tick = 0; tick < 6; tick++) await left.send("measurement", { tick, lastNs: 0 });
    await other.send("measurement", { tick: 9, lastNs: 0 });
    await until(() => others.length === 1, "the other channel's message is there");
    expect(ticks).toEqual([0, 1]);
  });

  test("receive() loses nothing when the reader is slower than the sender", async () => {
    const [left, right] = await openPlain(pair());
    const reader = right.receive("measurement", { capacity: 4 });
    const count = 500;
    const sent = Promise.all(
      Array.from({ length: count }, (_, tick) => left.send("measurement", { tick, lastNs: tick })),
    );
    const ticks: number[] = [];
    for await (const { tick } of reader) {
      ticks.push(tick);
      if (ticks.length === count) break;
    }
    await sent;
    expect(ticks).toEqual(Array.from({ length: count }, (_, tick) => tick));
    expect(reader.dropped).toBe(0);
  });

  test("close() lets the other channels of the link go on when the channel made it wait", async () => {
    const [left, right] = await openPlain(pair(), { name: "unheard" });
    const [other, heard] = await openPlain(pair(), { name: "heard" });
    let received = 0;
    heard.messages.on("measurement", () => received++);
    await left.send("measurement", { tick: 0, lastNs: 0 });
    await other.send("measurement", { tick: 1, lastNs: 0 });
    await until(() => right.obstacle !== undefined, "the link waits");
    right.close();
    await until(() => received === 1, "the other channel's message is there");
  });

  test("drain() resolves when the peer has taken everything", async () => {
    const [left, right] = await openPlain(pair());
    let received = 0;
    right.messages.on("measurement", () => received++);
    for (let tick = 0; tick < 100; tick++) await left.send("measurement", { tick, lastNs: 0 });
    await left.drain({ timeoutMs: 10_000 });
    await until(() => received === 100, "all are there");
  });
}

function describeRequests(pair: () => LinkPair): void {
  test("request() finds its own reply when 200 are under way in both directions", async () => {
    const [left, right] = await openPlain(pair(), { maxConcurrentRequests: 200 });
    left.handle("echo", ({ value }) => ({ value: value + 1 }));
    right.handle("echo", async ({ value }) => {
      for (let turn = 0; turn < value % 3; turn++) await Promise.resolve();
      return { value: value + 2 };
    });
    const values = Array.from({ length: 200 }, (_, value) => value);
    const options = { timeoutMs: 15_000 };
    const [ups, downs] = await Promise.all([
      Promise.all(values.map((value) => left.request("echo", { value }, options))),
      Promise.all(values.map((value) => right.request("echo", { value }, options))),
    ]);
    expect(ups.map(({ value }) => value)).toEqual(values.map((value) => value + 2));
    expect(downs.map(({ value }) => value)).toEqual(values.map((value) => value + 1));
  });

  test("request() rejects with ERR_REMOTE and the text when the handler throws", async () => {
    const [left, right] = await openPlain(pair());
    right.handle("echo", () => {
      throw new Error("the sensor is off");
    });
    const rejected = expect(left.request("echo", { value: 1 }, { timeoutMs: 10_000 })).rejects;
    await rejected.toMatchObject({ code: "ERR_REMOTE", message: expect.stringContaining("the sensor is off") });
  });

  test("request() rejects with ERR_NO_HANDLER when the peer has none", async () => {
    const [left] = await openPlain(pair());
    const rejected = expect(left.request("echo", { value: 1 }, { timeoutMs: 10_000 })).rejects;
    await rejected.toMatchObject({ code: "ERR_NO_HANDLER" });
  });
}

function describeMismatch(pair: () => LinkPair): void {
  test("ready() rejects on both sides with both protocols when they differ", async () => {
    const Other = defineProtocol("other", { messages: { measurement: struct("Measurement", { tick: u32 }) } });
    const left = openChannel(pair().left, Plain, { name: "shared" });
    const right = openChannel(pair().right, Other, { name: "shared" });
    const message = expect.stringMatching(new RegExp(`${Plain.typeHashHex}.*${Other.typeHashHex}`));
    await expect(left.ready({ timeoutMs: 10_000 })).rejects.toMatchObject({ code: "ERR_TYPE_MISMATCH", message });
    await expect(right.ready({ timeoutMs: 10_000 })).rejects.toMatchObject({ code: "ERR_TYPE_MISMATCH" });
    expect([left.status, right.status]).toEqual(["mismatched", "mismatched"]);
    const [other, peer] = await openPlain(pair());
    peer.handle("echo", (request) => request);
    expect(await other.request("echo", { value: 7 }, { timeoutMs: 10_000 })).toEqual({ value: 7 });
  });
}

function describeClose(pair: () => LinkPair): void {
  test("a channel closes with its link, and ends all that waits for a peer that never came", async () => {
    const channel = openChannel(pair().left, Jitter);
    const events: string[] = [];
    channel.events.on("lost", () => events.push("lost"));
    channel.events.on("close", () => events.push("close"));
    const reader = channel.receive("measurement");
    const waiting = [
      channel.ready(),
      channel.send("measurement", { tick: 1, lastNs: 1 }),
      channel.request("reset", { hard: true }, { timeoutMs: Number.POSITIVE_INFINITY }),
    ];
    const ends = Promise.allSettled(waiting);
    const read = reader.next();
    pair().left.close();
    expect(await read).toEqual({ value: undefined, done: true });
    const code = (end: PromiseSettledResult<unknown>): unknown => end.status === "rejected" && end.reason.code;
    expect((await ends).map(code)).toEqual(["ERR_CLOSED", "ERR_CLOSED", "ERR_CLOSED"]);
    expect([channel.status, events]).toEqual(["closed", ["close"]]);
  });
}

function describeLatest(pair: () => LinkPair, limits: LinkLimits): void {
  const openJitter = async (): Promise<[JitterChannel, JitterChannel]> => {
    const left = openChannel(pair().left, Jitter);
    const right = openChannel(pair().right, Jitter);
    await Promise.all([left.ready({ timeoutMs: 10_000 }), right.ready({ timeoutMs: 10_000 })]);
    return [left, right];
  };

  test("latest() gives the newest value and how many there were", async () => {
    const [left, right] = await openJitter();
    expect(right.latest("stats")).toBeUndefined();
    for (let count = 1; count <= 50; count++) left.publish("stats", { count, worstNs: -count });
    left.flush();
    await until(() => right.latest("stats")?.count === 50, "the newest is there");
    expect(right.latest("stats")).toEqual({ value: { count: 50, worstNs: -50 }, count: 50 });
  });

  if (limits.noBroadcasts === true) return;

  test("broadcast() arrives among the messages, or is counted as missed", async () => {
    const [left, right] = await openJitter();
    let arrived = 0;
    let missed = 0;
    right.messages.on("alarm", (_value, info) => {
      arrived++;
      missed += info.missed;
    });
    left.broadcast("alarm", { code: 0 });
    left.flush();
    await until(() => arrived === 1, "the first is there");
    for (let code = 1; code < 1000; code++) left.broadcast("alarm", { code });
    left.flush();
    await until(() => arrived + missed === 1000, "all are accounted for");
    expect(right.statistics).toMatchObject({ broadcastsReceived: arrived, broadcastsMissed: missed });
  });
}

function describeRestart(pair: () => LinkPair): void {
  test("a channel opens again and pending requests fail when the peer restarts", async () => {
    const [left, right] = await openPlain(pair());
    let reached = false;
    right.handle("echo", () => {
      reached = true;
      return new Promise(() => {});
    });
    const reasons: string[] = [];
    left.events.on("lost", ({ reason }) => reasons.push(reason));
    const pending = left.request("echo", { value: 1 }, { timeoutMs: 15_000 });
    const rejected = expect(pending).rejects.toMatchObject({ code: "ERR_PEER_RESTARTED" });
    await until(() => reached, "the request is being handled");
    await pair().restartRight?.();
    await rejected;
    await until(() => left.status === "connecting", "the loss is told");
    expect(reasons).toEqual(["restarted"]);
    const again = openChannel(pair().right, Plain);
    again.handle("echo", ({ value }) => ({ value: value * 2 }));
    expect(await left.request("echo", { value: 21 }, { timeoutMs: 15_000 })).toEqual({ value: 42 });
  });

  test("send() waits for the peer and delivers once when it restarts", async () => {
    const [left] = await openPlain(pair());
    await pair().restartRight?.();
    await until(() => left.status === "connecting", "the loss is told");
    const sends = [1, 2, 3].map((tick) => left.send("measurement", { tick, lastNs: 0 }, { timeoutMs: 15_000 }));
    expect(left.trySend("measurement", { tick: 4, lastNs: 0 })).toBe(false);
    const again = openChannel(pair().right, Plain);
    const ticks: number[] = [];
    again.messages.on("measurement", ({ tick }) => ticks.push(tick));
    await Promise.all(sends);
    await until(() => ticks.length === 3, "all are there");
    expect(ticks).toEqual([1, 2, 3]);
  });
}
