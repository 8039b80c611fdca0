import { afterEach, beforeEach, describe, expect, test } from "vitest";
import {
  type CanInterfaceWatcher,
  configureCanInterface,
  createVcan,
  deleteCanInterface,
  describeCanInterface,
  openCanInterfaceWatcher,
  restartCanInterface,
} from "../../../src/can/index.js";
import { resetCanInterfaces } from "./controllers.js";
import { PythonProgram } from "./program.js";

let watcher: CanInterfaceWatcher | undefined;
let told: string[];

function watch(pollMs: number): CanInterfaceWatcher {
  told = [];
  const opened = openCanInterfaceWatcher({ pollMs });
  watcher = opened;
  opened.events.on("added", ({ name }) => told.push(`added ${name}`));
  opened.events.on("removed", ({ name }) => told.push(`removed ${name}`));
  opened.events.on("changed", ({ name, up }, before) => {
    if (up !== before.up) told.push(`${name} ${up ? "up" : "down"}`);
  });
  opened.events.on("state", ({ name }, state, previous) => told.push(`${name} ${previous} -> ${state}`));
  return opened;
}

beforeEach(() => resetCanInterfaces());
afterEach(() => {
  watcher?.close();
  resetCanInterfaces();
});

describe("openCanInterfaceWatcher()", () => {
  test("openCanInterfaceWatcher() tells what comes, goes up, goes down and goes, without a look", async () => {
    const { interfaces } = watch(0);
    expect(interfaces.map(({ name }) => name)).toEqual(["can0", "can1"]);
    createVcan("vcan0");
    configureCanInterface("can0", { bitRate: 500_000, up: true });
    configureCanInterface("can0", { up: false });
    deleteCanInterface("vcan0");
    await expect.poll(() => told.at(-1), { timeout: 20_000 }).toBe("removed vcan0");
    expect(told[0]).toBe("added vcan0");
    expect(told.filter((event) => /^can0 (up|down)$/.test(event))).toEqual(["can0 up", "can0 down"]);
    expect(told).toEqual(expect.arrayContaining(["can0 stopped -> error-active", "can0 error-active -> stopped"]));
  });

  test("openCanInterfaceWatcher() follows a controller into bus-off and out of it", async () => {
    const adapter = new PythonProgram("slcan_adapter.py");
    try {
      const name = await adapter.line();
      expect(describeCanInterface(name).controller?.bitRates).toEqual(expect.arrayContaining([125_000, 1_000_000]));
      configureCanInterface(name, { bitRate: 500_000, up: true });
      watch(50);
      // What an adapter says of its state and of its counters, receive before transmit (Linux, drivers/net/can/slcan).
      const steps = [
        ["sw000096", "error-warning"],
        ["sp000128", "error-passive"],
        ["sb000255", "bus-off"],
      ] as const;
      for (const [line, state] of steps) {
        adapter.say(line);
        await expect.poll(() => describeCanInterface(name).controller?.state, { timeout: 20_000 }).toBe(state);
        await expect.poll(() => told.at(-1), { timeout: 20_000 }).toMatch(new RegExp(`^${name} .* -> ${state}$`));
      }
      expect(describeCanInterface(name)).toMatchObject({
        carrier: false,
        controller: { statistics: { errorWarnings: 1, errorPassives: 1, busOffs: 1 } },
      });
      // The driver of such adapters can do no restart by itself; this one comes back on its own.
      expect(() => restartCanInterface(name)).toThrow(expect.objectContaining({ code: "ENOTSUP", path: name }));
      adapter.say("sa000000");
      await expect.poll(() => told.at(-1), { timeout: 20_000 }).toBe(`${name} bus-off -> error-active`);
    } finally {
      await adapter.end();
    }
  });
});
