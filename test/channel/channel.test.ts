import { describe, expect, test } from "vitest";
import { type ChannelOptions, defineProtocol, openChannel } from "../../src/channel/index.js";
import { bytes, fixedBytes, struct, u8 } from "../../src/schema/index.js";
import { Jitter, Measurement } from "./jitter.js";
import { createPair, openPair } from "./open-pair.js";
import { turns, until } from "./until.js";

const Wide = struct("Wide", { data: fixedBytes(2033) });
const Small = struct("Small", { value: u8 });
const measurement = { tick: 1, lastNs: 1 };

describe("openChannel()", () => {
  test.each([
    ["message", { messages: { small: Small, wide: Wide } }, 2033],
    ["request", { requests: { wide: { request: Wide, reply: Small } } }, 2033],
    ["reply", { requests: { wide: { request: Small, reply: struct("Reply", { data: fixedBytes(2025) }) } } }, 2033],
  ])("throws ERR_TOO_LARGE with both numbers and frees the name when a %s cannot fit", (what, definition, size) => {
    const { left } = createPair();
    const message = expect.stringMatching(new RegExp(`${what}.*"wide".*${size} bytes.*holds 2032: send it in parts`));
    const open = (): unknown => openChannel(left, defineProtocol("p", definition), { name: "jitter" });
    expect(open).toThrow(expect.objectContaining({ code: "ERR_TOO_LARGE", message }));
    expect(openChannel(left, Jitter).status).toBe("connecting");
  });

  test("opens when a type can be truncated to what fits", () => {
    const protocol = defineProtocol("p", { messages: { lengthy: struct("Lengthy", { data: bytes(100_000) }) } });
    expect(openChannel(createPair().left, protocol).status).toBe("connecting");
  });

  test.each([
    [{ nam: "x" }, TypeError],
    [{ name: 7 }, TypeError],
    [{ name: "" }, RangeError],
    [{ name: "é".repeat(17) }, RangeError],
    [{ name: "\ud800" }, TypeError],
    [{ holdUntilListened: 1 }, TypeError],
    [{ maxWaitingSends: 0 }, RangeError],
    [{ maxPendingRequests: 1.5 }, RangeError],
    [{ maxConcurrentRequests: "1" }, TypeError],
    [7, TypeError],
  ])("throws when the options are %j", (options, kind) => {
    const { left } = createPair();
    expect(() => openChannel(left, Jitter, options as ChannelOptions)).toThrow(kind);
    expect(openChannel(left, Jitter).name).toBe("jitter");
  });

  test("lets several channels of one protocol live on one link by name", async () => {
    const { left: link, right: peer } = createPair();
    const names = ["one", "two"];
    const lefts = names.map((name) => openChannel(link, Jitter, { name }));
    const rights = names.map((name) => openChannel(peer, Jitter, { name }));
    expect(() => openChannel(link, Jitter, { name: "one" })).toThrow(expect.objectContaining({ code: "ERR_IN_USE" }));
    const seen: string[] = [];
    for (const right of rights) right.messages.on("measurement", () => seen.push(right.name));
    await Promise.all(lefts.map((left) => left.send("measurement", measurement)));
    await until(() => seen.length === 2, "both are there");
    expect(seen).toEqual(names);
  });
});

describe("Channel", () => {
  test("tells of its life in events and status", async () => {
    const pair = createPair();
    const left = openChannel(pair.left, Jitter);
    const told: string[] = [];
    left.events.on("open", () => told.push(`open ${left.status}`));
    left.events.on("lost", ({ reason }) => told.push(`lost ${reason} ${left.status}`));
    left.events.on("close", () => told.push(`close ${left.status}`));
    expect(left.status).toBe("connecting");
    openChannel(pair.right, Jitter);
    await left.ready();
    pair.suspendRight();
    await turns();
    pair.resumeRight();
    await turns();
    pair.restartRight();
    await turns();
    left.close();
    left.close();
    const life = ["open open", "lost away connecting", "open open", "lost restarted connecting", "close closed"];
    expect(told).toEqual(life);
  });

  test("keeps pending requests when the peer is absent for a while", async () => {
    const { pair, left, right } = await openPair(Jitter);
    let finish = (): void => {};
    right.handle("reset", () => new Promise((resolve) => (finish = () => resolve({ count: 1, worstNs: 1 }))));
    const request = left.request("reset", { hard: true });
    await until(() => right.statistics.activeRequests === 1, "the request is there");
    pair.suspendRight("stalled");
    await until(() => left.status === "connecting", "the absence is told");
    finish();
    pair.resumeRight();
    expect(await request).toEqual({ count: 1, worstNs: 1 });
  });

  test("fails pending requests when the peer restarts while it is absent", async () => {
    const { pair, left, right } = await openPair(Jitter);
    right.handle("reset", () => new Promise(() => {}));
    const request = expect(left.request("reset", { hard: true })).rejects;
    await until(() => right.statistics.activeRequests === 1, "the request is there");
    pair.suspendRight();
    await until(() => left.status === "connecting", "the absence is told");
    pair.restartRight();
    await request.toMatchObject({ code: "ERR_PEER_RESTARTED", message: expect.stringContaining("(restarted)") });
  });

  test("closes with its link, once", async () => {
    const { pair, left, right } = await openPair(Jitter);
    right.handle("reset", () => new Promise(() => {}));
    const told: string[] = [];
    left.events.on("lost", ({ reason }) => told.push(reason));
    left.events.on("close", () => told.push("close"));
    const reader = left.receive("measurement");
    const waits = [reader.next(), left.request("reset", { hard: true }).catch((error) => error.code)];
    pair.left.close();
    expect(await Promise.all(waits)).toEqual([{ value: undefined, done: true }, "ERR_CLOSED"]);
    expect([told, left.status]).toEqual([["closed", "close"], "closed"]);
  });

  test("gives a name back when it closes", async () => {
    const { pair, left, right } = await openPair(Jitter);
    left.close();
    await until(() => right.status === "connecting", "the peer is told");
    const again = openChannel(pair.left, Jitter);
    await Promise.all([again.ready(), right.ready()]);
    right.messages.on("measurement", () => {});
    await again.send("measurement", measurement);
    await until(() => right.statistics.received === 1, "messages flow");
  });

  test("closes at the end of its scope", async () => {
    const { left, right } = await openPair(Jitter);
    {
      using scoped = left;
      expect(scoped.status).toBe("open");
    }
    expect(left.status).toBe("closed");
    await right[Symbol.asyncDispose]();
    expect(right.status).toBe("closed");
  });

  test("waits for the peer to take what was sent when it is disposed of", async () => {
    const { left, right } = await openPair(Jitter);
    let received = 0;
    right.messages.on("measurement", () => received++);
    for (let index = 0; index < 20; index++) left.trySend("measurement", measurement);
    await left[Symbol.asyncDispose]();
    expect(received).toBe(20);
  });
});

describe("ready()", () => {
  test("rejects with ERR_TIMEOUT that says what is missing", async () => {
    const pair = createPair();
    const left = openChannel(pair.left, Jitter);
    await pair.left.ready();
    const message = expect.stringMatching(
      /Channel "jitter" .* within 1 ms: the link is up and the peer has not announced/,
    );
    await expect(left.ready({ timeoutMs: 1 })).rejects.toMatchObject({ code: "ERR_TIMEOUT", message });
  });

  test("rejects with the reason or ERR_CLOSED", async () => {
    const left = openChannel(createPair().left, Jitter);
    const controller = new AbortController();
    const first = left.ready({ signal: controller.signal });
    controller.abort("enough");
    await expect(first).rejects.toBe("enough");
    await expect(left.ready({ signal: controller.signal })).rejects.toBe("enough");
    await expect(left.ready({ timeout: 1 } as never)).rejects.toBeInstanceOf(TypeError);
    const second = expect(left.ready()).rejects.toMatchObject({ code: "ERR_CLOSED" });
    left.close();
    await second;
    await expect(left.ready()).rejects.toMatchObject({ code: "ERR_CLOSED" });
  });

  test("resolves after a mismatch when the peer comes back with the same protocol", async () => {
    const Other = defineProtocol("other", { messages: { measurement: Measurement } });
    const pair = createPair();
    const left = openChannel(pair.left, Jitter, { name: "shared" });
    const mismatches: string[] = [];
    left.events.on("mismatch", ({ message }) => mismatches.push(message));
    const wrong = openChannel(pair.right, Other, { name: "shared" });
    await expect(left.ready()).rejects.toMatchObject({ code: "ERR_TYPE_MISMATCH" });
    expect(mismatches).toEqual([expect.stringContaining(`${Jitter.typeHashHex}) and the peer has protocol "other"`)]);
    await wrong.ready().catch(() => {});
    wrong.close();
    await until(() => left.status === "connecting", "the mismatch is over");
    openChannel(pair.right, Jitter, { name: "shared" });
    await left.ready();
    expect(left.status).toBe("open");
  });
});

describe("drain()", () => {
  test("rejects with ERR_TIMEOUT and what is left when the peer does not take it", async () => {
    const { left } = await openPair(Jitter);
    left.trySend("measurement", measurement);
    const message = expect.stringMatching(/32 bytes and 0 waiting sends are left/);
    await expect(left.drain({ timeoutMs: 20 })).rejects.toMatchObject({ code: "ERR_TIMEOUT", message });
  });

  test("rejects with ERR_PEER_RESTARTED or ERR_CLOSED when what was sent is lost", async () => {
    const { pair, left } = await openPair(Jitter);
    left.trySend("measurement", measurement);
    const first = expect(left.drain()).rejects.toMatchObject({ code: "ERR_PEER_RESTARTED" });
    pair.restartRight();
    await first;
    openChannel(pair.right, Jitter);
    await left.ready();
    left.trySend("measurement", measurement);
    const second = expect(left.drain()).rejects.toMatchObject({ code: "ERR_CLOSED" });
    left.close();
    await second;
    await expect(left.drain()).rejects.toMatchObject({ code: "ERR_CLOSED" });
  });

  test("resolves at once when nothing was sent, and after waiting sends are taken", async () => {
    const pair = createPair();
    const left = openChannel(pair.left, Jitter);
    await left.drain({ timeoutMs: 0 });
    const sending = left.send("measurement", measurement);
    const drained = left.drain({ timeoutMs: 10_000 });
    const right = openChannel(pair.right, Jitter);
    right.messages.on("measurement", () => {});
    await drained;
    await sending;
    expect(right.statistics.received).toBe(1);
  });
});
