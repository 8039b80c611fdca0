import { expect, test } from "vitest";
import { dataFrame, openBroadcastManager, standardId } from "../../../src/can/index.js";
import type { IntercellError } from "../../../src/errors.js";
import { until } from "../../channel/until.js";
import { block } from "../../support/block.js";
import { LoopbackBus } from "../../support/loopback-bus.js";
import { describeBroadcast } from "./contract.js";

const frame = dataFrame(standardId(1), [1]);

describeBroadcast("openBroadcastManager() of a bus", async () => {
  const bus = new LoopbackBus();
  const handle = bus.open();
  return { manager: await openBroadcastManager(handle), peer: bus.open(), close: () => handle.close() };
});

test("a cycle skips frames that find no room, and says so", async () => {
  const bus = new LoopbackBus();
  const handle = bus.open();
  const manager = await openBroadcastManager(handle);
  const errors: IntercellError[] = [];
  manager.events.on("error", (error) => errors.push(error));
  bus.hold();
  manager.transmit(frame, { periodMs: 1 });
  await until(() => manager.statistics.skippedFrames > 2, "frames are skipped");
  expect(errors[0]).toMatchObject({ code: "ERR_FULL" });
  bus.setUp(false);
  await until(() => errors.at(-1)?.code === "ENETDOWN", "the interface is down");
  const before = handle.statistics.sentFrames;
  bus.setUp(true);
  bus.release();
  await until(() => handle.statistics.sentFrames > before, "the cycle goes on");
  handle.close();
  expect(() => manager.watch(standardId(1))).toThrow(expect.objectContaining({ code: "ERR_CLOSED" }));
});

test("a watch does not miss a frame that came while the process was stopped", async () => {
  const bus = new LoopbackBus();
  const [handle, peer] = [bus.open(), bus.open()];
  const manager = await openBroadcastManager(handle);
  const watch = manager.watch(standardId(1), { timeoutMs: 20 });
  const events: string[] = [];
  watch.events.on("timeout", () => events.push("timeout"));
  watch.events.on("changed", () => {
    events.push("changed");
    watch.close();
  });
  peer.trySend(frame);
  block(50);
  await until(() => events.includes("changed"), "the frame is told");
  expect(events).toEqual(["changed"]);
  handle.close();
  peer.close();
});

test("openBroadcastManager() refuses what is neither a name nor a bus", async () => {
  await expect(openBroadcastManager({} as never)).rejects.toThrow(TypeError);
});
