import { MessageChannel } from "node:worker_threads";
import { describe, expect, onTestFinished, test } from "vitest";
import { createManualClock, systemClock } from "../../src/can/index.js";
import { block } from "../support/block.js";

describe("ManualClock", () => {
  test("advance() runs what becomes due at its time, in order, with what its promises led to", async () => {
    const clock = createManualClock({ seconds: 100, nanoseconds: 999_999_999 });
    const seen: [string, number][] = [];
    const note = (name: string) => seen.push([name, clock.elapsedNs()]);
    clock.schedule(2e6, () => note("second"));
    clock.schedule(1e6, () => {
      note("first");
      void Promise.resolve().then(() => clock.schedule(0, () => note("nested")));
    });
    clock.schedule(2e6, () => note("third"));
    clock.schedule(3.5e6, () => note("late"));
    clock.schedule(1, () => note("cancelled")).cancel();
    await clock.advance(3);
    const wanted = [
      ["first", 1e6],
      ["nested", 1e6],
      ["second", 2e6],
      ["third", 2e6],
    ];
    expect(seen).toEqual(wanted);
    expect(clock.elapsedNs()).toBe(3e6);
    expect(clock.scheduled).toBe(1);
    expect(clock.now()).toEqual({ seconds: 101, nanoseconds: 2_999_999 });
    await clock.advance(0.5);
    expect(seen).toEqual([...wanted, ["late", 3.5e6]]);
  });

  test("runUntil() moves on to the end of a promise and says so when nothing would end it", async () => {
    const clock = createManualClock();
    const hour = new Promise<string>((resolve) => {
      clock.schedule(3600e9, () => resolve("done"));
    });
    expect(await clock.runUntil(hour)).toBe("done");
    expect(clock.elapsedNs()).toBe(3600e9);
    await expect(clock.runUntil(Promise.reject(new Error("no")))).rejects.toThrow("no");
    await expect(clock.runUntil(new Promise(() => undefined))).rejects.toThrow(RangeError);
  });

  test.each([-1, Number.NaN, Number.POSITIVE_INFINITY])("advance() throws a RangeError when it is %s", async (ms) => {
    await expect(createManualClock().advance(ms)).rejects.toThrow(RangeError);
  });
});

describe("systemClock", () => {
  test("now() is the wall clock, and elapsedNs() never goes back", () => {
    const before = Date.now();
    const { seconds, nanoseconds } = systemClock.now();
    expect(Math.abs(seconds * 1000 + nanoseconds / 1e6 - before)).toBeLessThan(10_000);
    const first = systemClock.elapsedNs();
    expect(systemClock.elapsedNs()).toBeGreaterThanOrEqual(first);
  });

  test("schedule() calls back in another turn, not before its time, and not once cancelled", async () => {
    const began = systemClock.elapsedNs();
    let cancelled = false;
    systemClock.schedule(0, () => (cancelled = true)).cancel();
    systemClock.schedule(1, () => (cancelled = true)).cancel();
    let inThisTurn = true;
    await new Promise<void>((resolve) => {
      systemClock.schedule(0, () => {
        expect(inThisTurn).toBe(false);
        systemClock.schedule(3e6, resolve);
      });
      inThisTurn = false;
    });
    // Node's timers may end up to a millisecond early.
    expect(systemClock.elapsedNs() - began).toBeGreaterThanOrEqual(2e6);
    expect(cancelled).toBe(false);
  });

  test("schedule() calls back after what came while the process was stopped", async () => {
    const { port1, port2 } = new MessageChannel();
    onTestFinished(() => port1.close());
    const order: string[] = [];
    port1.on("message", (text: string) => order.push(text));
    await new Promise<void>((resolve) => {
      systemClock.schedule(1e6, () => {
        order.push("timer");
        resolve();
      });
      port2.postMessage("message");
      block(20);
    });
    expect(order).toEqual(["message", "timer"]);
  });
});
