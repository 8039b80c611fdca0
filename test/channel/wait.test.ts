import { getEventListeners } from "node:events";
import { MessageChannel } from "node:worker_threads";
import { afterEach, beforeEach, describe, expect, onTestFinished, test, vi } from "vitest";
import { Deadline, requireWaitOptions } from "../../src/channel/wait.js";
import { block } from "../support/block.js";

describe("requireWaitOptions()", () => {
  test.each([
    [{ timeout: 1 }, TypeError],
    [{ timeoutMs: "1" }, TypeError],
    [{ timeoutMs: -1 }, RangeError],
    [{ timeoutMs: Number.NaN }, RangeError],
    [{ timeoutMs: 2 ** 31 }, RangeError],
    [{ signal: {} }, TypeError],
    [null, TypeError],
  ])("throws when the options are %j", (options, kind) => {
    expect(() => requireWaitOptions("a test", options as never)).toThrow(kind);
  });

  test.each([
    {},
    { timeoutMs: 0 },
    { timeoutMs: 2 ** 31 - 1 },
    { timeoutMs: Number.POSITIVE_INFINITY },
    { timeoutMs: undefined },
  ])("accepts %j", (options) => {
    expect(() => requireWaitOptions("a test", options)).not.toThrow();
  });
});

describe("Deadline", () => {
  beforeEach(() => {
    vi.useFakeTimers();
  });

  afterEach(() => {
    vi.useRealTimers();
  });

  test("gives up once with ERR_TIMEOUT when the time has passed", () => {
    const controller = new AbortController();
    const reasons: unknown[] = [];
    new Deadline(
      { timeoutMs: 10, signal: controller.signal },
      (reason) => reasons.push(reason),
      () => "Too late",
    );
    vi.advanceTimersByTime(9);
    expect(reasons).toEqual([]);
    vi.advanceTimersByTime(1);
    vi.runAllTimers();
    controller.abort();
    expect(reasons).toEqual([expect.objectContaining({ code: "ERR_TIMEOUT", message: "Too late" })]);
  });

  test("gives up once with the reason when the signal aborts, and leaves no timer", () => {
    const controller = new AbortController();
    const reasons: unknown[] = [];
    new Deadline(
      { timeoutMs: 10, signal: controller.signal },
      (reason) => reasons.push(reason),
      () => "Too late",
    );
    controller.abort("enough");
    expect(reasons).toEqual(["enough"]);
    expect(vi.getTimerCount()).toBe(0);
  });

  test("leaves neither timer nor listener when it is stopped", () => {
    const { signal } = new AbortController();
    const deadline = new Deadline(
      { timeoutMs: 10, signal },
      () => {},
      () => "Too late",
    );
    expect([vi.getTimerCount(), getEventListeners(signal, "abort").length]).toEqual([1, 1]);
    deadline.stop();
    expect([vi.getTimerCount(), getEventListeners(signal, "abort").length]).toEqual([0, 0]);
  });
});

describe("Deadline of a process that was stopped", () => {
  test("does not give up before what arrived in time was seen", async () => {
    const { port1, port2 } = new MessageChannel();
    onTestFinished(() => port1.close());
    const reasons: unknown[] = [];
    await new Promise<void>((resolve) => {
      const deadline = new Deadline(
        { timeoutMs: 1 },
        (reason) => reasons.push(reason),
        () => "Too late",
      );
      port1.once("message", () => {
        deadline.stop();
        setImmediate(resolve);
      });
      port2.postMessage("in time");
      block(20);
    });
    expect(reasons).toEqual([]);
  });
});
