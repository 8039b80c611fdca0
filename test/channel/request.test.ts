import { describe, expect, test } from "vitest";
import { openChannel, RecordKind, type RemoteFault } from "../../src/channel/index.js";
import { isIntercellError } from "../../src/errors.js";
import { Jitter } from "./jitter.js";
import { commitBytes } from "./link-pair.js";
import { createPair, openPair, openRaw } from "./open-pair.js";
import { turns, until } from "./until.js";

const u32Bytes = (value: number): number[] => [...new Uint8Array(Uint32Array.of(value).buffer)];
const never = (): Promise<never> => new Promise(() => {});
const line = (text: string) => ({ line: text });

describe("request()", () => {
  test("rejects with ERR_TIMEOUT that says in what state the request was, and cancels it", async () => {
    const { channel, seen } = await openRaw(Jitter);
    const message = expect.stringMatching(/"reset".*jitter.*within 5 ms: it was sent, the channel is open/);
    const request = channel.request("reset", { hard: true }, { timeoutMs: 5 });
    await expect(request).rejects.toMatchObject({ code: "ERR_TIMEOUT", message });
    await until(() => seen.records.length === 2, "the cancel is there");
    const [sent, cancel] = seen.records;
    expect(sent).toMatchObject({ kind: RecordKind.request, message: 0, bytes: [1] });
    expect(cancel).toMatchObject({ kind: RecordKind.cancel, bytes: [...u32Bytes(sent?.sequence ?? -1), 0, 0, 0, 0] });
    expect(channel.statistics).toMatchObject({ requestsSent: 1, requestsFailed: 1, pendingRequests: 0 });
  });

  test("rejects with ERR_TIMEOUT and leaves the line when the peer is absent", async () => {
    const pair = createPair();
    const channel = openChannel(pair.left, Jitter);
    const request = channel.request("reset", { hard: true }, { timeoutMs: 1 });
    const message = expect.stringContaining("it waits to be sent");
    await expect(request).rejects.toMatchObject({ code: "ERR_TIMEOUT", message });
    expect(channel.statistics).toMatchObject({ requestsSent: 0, waitingSends: 0, pendingRequests: 0 });
  });

  test("says in ERR_TIMEOUT what holds the reply up", async () => {
    const { left, right } = await openPair(Jitter);
    right.handle("reset", () => ({ count: 1, worstNs: 0 }));
    right.trySend("note", { level: 1, line: "before the reply" });
    await turns();
    const request = left.request("reset", { hard: true }, { timeoutMs: 5 });
    const message = expect.stringContaining('nothing more is read from the peer as nobody listens to message "note"');
    await expect(request).rejects.toMatchObject({ code: "ERR_TIMEOUT", message });
  });

  test("rejects with the reason when its signal aborts", async () => {
    const { left, right } = await openPair(Jitter);
    right.handle("reset", never);
    const controller = new AbortController();
    const request = left.request("reset", { hard: true }, { signal: controller.signal });
    const reason = new Error("enough");
    controller.abort(reason);
    await expect(request).rejects.toBe(reason);
    const aborted = left.request("reset", { hard: true }, { signal: AbortSignal.abort(reason) });
    await expect(aborted).rejects.toBe(reason);
  });

  test("rejects with ERR_QUEUE_FULL when too many are pending", async () => {
    const { left, right } = await openPair(Jitter, { maxPendingRequests: 2 });
    right.handle("reset", never);
    const ask = (): Promise<unknown> => left.request("reset", { hard: true });
    const pending = [ask(), ask()].map((asked) => expect(asked).rejects.toMatchObject({ code: "ERR_CLOSED" }));
    await expect(ask()).rejects.toMatchObject({ code: "ERR_QUEUE_FULL" });
    expect(left.statistics.pendingRequests).toBe(2);
    left.close();
    await Promise.all(pending);
    await expect(ask()).rejects.toMatchObject({ code: "ERR_CLOSED" });
  });

  test("rejects for the value, the name or the options", async () => {
    const { left } = await openPair(Jitter);
    await expect(left.request("reset", { hard: 1 } as never)).rejects.toBeInstanceOf(TypeError);
    await expect(left.request("no" as never, {} as never)).rejects.toThrow(/no request "no"/);
    await expect(left.request("reset", { hard: true }, { timeout: 1 } as never)).rejects.toBeInstanceOf(TypeError);
    expect(left.statistics.pendingRequests).toBe(0);
  });

  test("gives code and text of the peer as the cause of ERR_REMOTE", async () => {
    const { channel, port, seen } = await openRaw(Jitter);
    const request = channel.request("reset", { hard: true });
    await until(() => seen.records.length === 1, "the request is there");
    const text = [...new TextEncoder().encode("out of\u0007 order")];
    commitBytes(
      port,
      [...u32Bytes(seen.records[0]?.sequence ?? -1), ...u32Bytes(77), text.length, 0, ...text],
      RecordKind.error,
    );
    const error = await request.catch((caught: unknown) => caught);
    expect(error).toMatchObject({
      code: "ERR_REMOTE",
      message: expect.stringContaining("error 77: out of\ufffd order"),
    });
    expect((error as Error).cause).toEqual({ code: 77, text: "out of\ufffd order" } satisfies RemoteFault);
  });

  test("rejects with ERR_DECODE when the reply does not decode or answers another request", async () => {
    const { channel, port, seen } = await openRaw(Jitter);
    const ask = async (message: number, reply: readonly number[]): Promise<unknown> => {
      const before = seen.records.length;
      const request = channel.request("reset", { hard: true });
      await until(() => seen.records.length > before, "the request is there");
      commitBytes(
        port,
        [...u32Bytes(seen.records.at(-1)?.sequence ?? -1), 0, 0, 0, 0, ...reply],
        RecordKind.reply,
        message,
      );
      return request;
    };
    const stats = Array.from({ length: 16 }, () => 0);
    await expect(ask(0, [1, 2, 3])).rejects.toMatchObject({ code: "ERR_DECODE" });
    await expect(ask(1, stats)).rejects.toMatchObject({ code: "ERR_DECODE" });
    expect(await ask(0, stats)).toEqual({ count: 0, worstNs: 0 });
    expect(channel.statistics).toMatchObject({ undecodable: 2, requestsFailed: 2, repliesReceived: 1 });
  });

  test("counts replies to nobody as late", async () => {
    const { channel, port } = await openRaw(Jitter);
    commitBytes(port, [...u32Bytes(1234), 0, 0, 0, 0], RecordKind.reply);
    commitBytes(port, [...u32Bytes(1234), 1, 0, 0, 0, 0, 0], RecordKind.error);
    await until(() => channel.statistics.lateReplies === 2, "both are counted");
    expect(channel.status).toBe("open");
  });

  test("rejects with ERR_TYPE_MISMATCH when the peer has another protocol", async () => {
    const pair = createPair();
    const channel = openChannel(pair.left, Jitter);
    const request = expect(channel.request("reset", { hard: true })).rejects;
    pair.right.attach({
      ...{ name: "jitter", protocolName: "other", typeHash: 1n, topicSizes: [] },
      handler: (await openRaw(Jitter)).seen,
    });
    await request.toMatchObject({ code: "ERR_TYPE_MISMATCH", message: expect.stringContaining('"other"') });
  });
});

describe("handle()", () => {
  test("aborts the signal and discards the reply when the requester gives up", async () => {
    const { left, right } = await openPair(Jitter);
    const errors: unknown[] = [];
    right.events.on("error", (error) => errors.push(error));
    let finish = (): void => {};
    let signal: AbortSignal | undefined;
    right.handle("reset", (_request, context) => {
      signal = context.signal;
      return new Promise((resolve) => {
        finish = () => resolve({ count: 1, worstNs: 1 });
      });
    });
    await expect(left.request("reset", { hard: true }, { timeoutMs: 20 })).rejects.toMatchObject({
      code: "ERR_TIMEOUT",
    });
    await until(() => signal?.aborted === true, "the signal aborts");
    expect(right.statistics.activeRequests).toBe(1);
    finish();
    await turns();
    expect(right.statistics).toMatchObject({ activeRequests: 0, repliesDiscarded: 1, repliesSent: 0 });
    expect([left.statistics.lateReplies, errors]).toEqual([0, []]);
  });

  test("aborts the signal when the session ends or the channel closes, also one asked for later", async () => {
    const { pair, left, right } = await openPair(Jitter);
    const contexts: { readonly signal: AbortSignal }[] = [];
    left.handle("reset", (_request, context) => {
      contexts.push(context);
      return never();
    });
    right.request("reset", { hard: true }).catch(() => {});
    await until(() => contexts.length === 1, "the request is there");
    pair.restartRight();
    await until(() => left.status === "connecting", "the loss is told");
    expect(contexts[0]?.signal.aborted).toBe(true);
    expect(isIntercellError(contexts[0]?.signal.reason, "ERR_PEER_RESTARTED")).toBe(true);
    const again = openChannel(pair.right, Jitter);
    again.request("reset", { hard: true }).catch(() => {});
    await until(() => contexts.length === 2, "the next request is there");
    expect(contexts[1]?.signal.aborted).toBe(false);
    left.close();
    expect(isIntercellError(contexts[1]?.signal.reason, "ERR_CLOSED")).toBe(true);
  });

  test("close() is told once when a handler closes the channel as its signal aborts", async () => {
    const { left, right } = await openPair(Jitter);
    const closes: string[] = [];
    left.events.on("close", () => closes.push("close"));
    left.handle("reset", (_request, { signal }) => {
      signal.addEventListener("abort", () => left.close());
      return never();
    });
    right.request("reset", { hard: true }).catch(() => {});
    await until(() => left.statistics.activeRequests === 1, "the request is there");
    left.close();
    expect(closes).toEqual(["close"]);
  });

  test("counts a handler's thenable once though it calls back twice", async () => {
    const { left, right } = await openPair(Jitter);
    const reply = { count: 1, worstNs: 1 };
    const twice = {
      // biome-ignore lint/suspicious/noThenProperty: a thenable that is no promise is what this is about
      then: (settle: (value: typeof reply) => void) => {
        settle(reply);
        settle(reply);
      },
    };
    right.handle("reset", () => twice as unknown as Promise<typeof reply>);
    expect(await left.request("reset", { hard: true })).toEqual(reply);
    await turns();
    expect(right.statistics).toMatchObject({ activeRequests: 0, repliesSent: 1, repliesDiscarded: 0 });
  });

  test("refuses more requests at once than allowed", async () => {
    const { left, right } = await openPair(Jitter, { maxConcurrentRequests: 1 });
    const finishes: (() => void)[] = [];
    right.handle("reset", () => new Promise((resolve) => finishes.push(() => resolve({ count: 1, worstNs: 1 }))));
    const first = left.request("reset", { hard: true });
    const second = left.request("reset", { hard: true });
    await expect(second).rejects.toMatchObject({
      code: "ERR_REMOTE",
      cause: { code: 5, text: "busy with 1 requests" },
    });
    finishes[0]?.();
    expect(await first).toEqual({ count: 1, worstNs: 1 });
    const third = left.request("reset", { hard: true });
    await until(() => finishes.length === 2, "the next request is there");
    finishes[1]?.();
    await third;
    expect(right.statistics).toMatchObject({
      requestsReceived: 3,
      requestsRefused: 1,
      repliesSent: 2,
      activeRequests: 0,
    });
  });

  test.each([
    [
      "throws",
      () => {
        throw new Error("broken pump");
      },
      /broken pump/,
    ],
    ["rejects", () => Promise.reject(new Error("broken valve")), /broken valve/],
    ["gives what is no reply", () => ({ count: -1, worstNs: 0 }), /Stats\.count/],
  ])("sends the text and reports it here when the handler %s", async (_case, handler, text) => {
    const { left, right } = await openPair(Jitter);
    const errors: unknown[] = [];
    right.events.on("error", (error) => errors.push(error));
    right.handle("reset", handler as never);
    const message = expect.stringMatching(text);
    await expect(left.request("reset", { hard: true })).rejects.toMatchObject({ code: "ERR_REMOTE", message });
    expect(errors).toMatchObject([{ code: "ERR_HANDLER", message, cause: expect.any(Error) }]);
    expect(right.statistics).toMatchObject({ activeRequests: 0, requestsRefused: 1 });
    expect(left.statistics.requestsFailed).toBe(1);
  });

  test("refuses what does not decode", async () => {
    const { channel, port, seen } = await openRaw(Jitter);
    let handled = 0;
    channel.handle("reset", () => {
      handled++;
      return { count: 1, worstNs: 1 };
    });
    const sequence = commitBytes(port, [2], RecordKind.request, 0);
    await until(() => seen.records.length === 1, "the answer is there");
    expect(seen.records[0]).toMatchObject({ kind: RecordKind.error, message: 0 });
    expect(seen.records[0]?.bytes.slice(0, 8)).toEqual([...u32Bytes(sequence), 3, 0, 0, 0]);
    expect([handled, channel.statistics.undecodable]).toEqual([0, 1]);
    commitBytes(port, [1], RecordKind.request, 9);
    await until(() => seen.records.length === 2, "the second answer is there");
    expect(seen.records[1]?.bytes.slice(4, 8)).toEqual([2, 0, 0, 0]);
  });

  test("keeps replies until there is room", async () => {
    const { left, right } = await openPair(Jitter);
    right.handle("ask", ({ question }) => line("x".repeat(question.length)));
    while (right.trySend("measurement", { tick: 1, lastNs: 1 }));
    const replies = [1, 60, 3].map((length) => left.request("ask", { question: new Uint8Array(length) }));
    await until(() => right.statistics.requestsReceived === 3, "the requests are there");
    expect(right.statistics).toMatchObject({ activeRequests: 3, repliesSent: 0, waitingSends: 0 });
    left.messages.on("measurement", () => {});
    expect((await Promise.all(replies)).map((reply) => reply.line.length)).toEqual([1, 60, 3]);
    expect(right.statistics).toMatchObject({ activeRequests: 0, repliesSent: 3 });
  });

  test("bounds the errors that wait for room, and counts what is dropped", async () => {
    const { channel, port, seen, pair } = await openRaw(Jitter, { maxWaitingSends: 4 });
    while (channel.trySend("measurement", { tick: 1, lastNs: 1 }));
    seen.refusals = 1_000_000;
    await turns();
    for (let index = 0; index < 10; index++) commitBytes(port, [1], RecordKind.request, 0);
    await until(() => channel.statistics.requestsReceived === 10, "the requests are there");
    expect(channel.statistics).toMatchObject({ requestsRefused: 10, controlsDropped: 6, waitingSends: 0 });
    seen.refusals = 0;
    port.resume();
    await until(
      () => seen.records.filter(({ kind }) => kind === RecordKind.error).length === 4,
      "four answers are there",
    );
    pair.close();
  });

  test("throws when there is a handler already or no such request, until the handler is removed", async () => {
    const { left, right } = await openPair(Jitter);
    const remove = right.handle("reset", () => ({ count: 1, worstNs: 0 }));
    expect(() => right.handle("reset", never)).toThrow(/has a handler already/);
    expect(() => right.handle("no" as never, never)).toThrow(/no request "no"/);
    expect(() => right.handle("ask", 7 as never)).toThrow(TypeError);
    remove();
    await expect(left.request("reset", { hard: true })).rejects.toMatchObject({ code: "ERR_NO_HANDLER" });
    right.handle("reset", () => ({ count: 2, worstNs: 0 }));
    remove();
    expect(await left.request("reset", { hard: true })).toEqual({ count: 2, worstNs: 0 });
  });
});
