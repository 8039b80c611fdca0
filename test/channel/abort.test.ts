import { getEventListeners } from "node:events";
import { describe, expect, test } from "vitest";
import { whenAborted } from "../../src/channel/abort.js";
import { uncaughtDuring } from "./uncaught.js";

describe("whenAborted()", () => {
  test("calls every action once, in order, with one listener on the signal", () => {
    const controller = new AbortController();
    const calls: number[] = [];
    for (let action = 0; action < 100; action++) whenAborted(controller.signal, () => calls.push(action));
    expect(getEventListeners(controller.signal, "abort")).toHaveLength(1);
    controller.abort();
    controller.abort();
    expect(calls).toEqual(Array.from({ length: 100 }, (_, action) => action));
  });

  test("leaves no listener when every action was taken back", () => {
    const { signal } = new AbortController();
    const back = [whenAborted(signal, () => {}), whenAborted(signal, () => {})];
    back[0]?.();
    back[0]?.();
    expect(getEventListeners(signal, "abort")).toHaveLength(1);
    back[1]?.();
    expect(getEventListeners(signal, "abort")).toHaveLength(0);
    whenAborted(signal, () => {});
    expect(getEventListeners(signal, "abort")).toHaveLength(1);
  });

  test("does not call an action that another one takes back", () => {
    const controller = new AbortController();
    const calls: string[] = [];
    whenAborted(controller.signal, () => {
      calls.push("first");
      back();
    });
    const back = whenAborted(controller.signal, () => calls.push("second"));
    controller.abort();
    expect(calls).toEqual(["first"]);
  });

  test("goes on to the other actions and throws later when one throws", async () => {
    const controller = new AbortController();
    const calls: string[] = [];
    whenAborted(controller.signal, () => {
      throw new Error("first");
    });
    whenAborted(controller.signal, () => calls.push("second"));
    const uncaught = await uncaughtDuring(() => controller.abort());
    expect([uncaught, calls]).toEqual([[new Error("first")], ["second"]]);
  });
});
