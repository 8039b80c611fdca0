import { once } from "node:events";
import { describe, expect, test } from "vitest";
import { createEmitter } from "../../src/channel/emitter.js";
import { uncaughtDuring } from "./uncaught.js";
import { turns } from "./until.js";

type Events = { data: (value: number) => void; error: (error: Error) => void };

describe("createEmitter()", () => {
  test("goes on to the other listeners and throws later when one throws", async () => {
    const emitter = createEmitter<Events>("a test", ["data", "error"]);
    const values: number[] = [];
    emitter.on("data", () => {
      throw new Error("first");
    });
    emitter.on("data", (value) => values.push(value));
    const uncaught = await uncaughtDuring(() => {
      expect(emitter.emit("data", 1)).toBe(true);
      expect(values).toEqual([1]);
    });
    expect(uncaught).toEqual([new Error("first")]);
  });

  test("does not warn of many listeners", async () => {
    const emitter = createEmitter<Events>("a test", ["data", "error"]);
    const warnings: Error[] = [];
    const listener = (warning: Error): void => void warnings.push(warning);
    process.on("warning", listener);
    for (let count = 0; count < 20; count++) emitter.on("data", () => {});
    await turns();
    process.off("warning", listener);
    expect(warnings).toEqual([]);
  });

  test("does not throw when nobody listens to error", () => {
    expect(createEmitter<Events>("a test", ["data", "error"]).emit("error", new Error("unheard"))).toBe(false);
  });

  test("throws TypeError when the event does not exist", () => {
    const emitter = createEmitter<Events>("a test", ["data", "error"]);
    expect(() => emitter.on("dat" as "data", () => {})).toThrow(/"dat" of a test: there are data, error/);
  });

  test("tells of every change of the listeners", () => {
    const changes: [string, number][] = [];
    const emitter = createEmitter<Events>("a test", ["data", "error"], (event, list) =>
      changes.push([event, list.length]),
    );
    const listener = (): void => {};
    emitter.on("data", listener);
    emitter.prependListener("data", listener);
    emitter.once("data", listener);
    emitter.prependOnceListener("data", listener);
    emitter.emit("data", 1);
    emitter.off("data", listener);
    emitter.removeAllListeners("data");
    emitter.addListener("error", listener);
    emitter.removeAllListeners();
    expect(changes.map(([event, count]) => `${event} ${count}`)).toEqual([
      ...["data 1", "data 2", "data 3", "data 4", "data 3", "data 2", "data 1", "data 0"],
      ...["error 1", "data 0", "error 0"],
    ]);
  });

  test("works with once() of node:events", async () => {
    const emitter = createEmitter<Events>("a test", ["data", "error"]);
    const arrived = once(emitter as never, "data");
    emitter.emit("data", 5);
    expect(await arrived).toEqual([5]);
  });
});
