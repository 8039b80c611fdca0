import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import {
  type CanBus,
  type CanErrorReport,
  configureCanInterface,
  dataFrame,
  decodeErrorFrame,
  describeCanInterface,
  openSocketCan,
  restartCanInterface,
  standardId,
} from "../../../src/can/index.js";
import { until } from "../../channel/until.js";
import { printed } from "../../cli/printed.js";
import { addTestController, happen, removeTestController } from "./test-controller.js";

const ALL = 0x1fff_ffff;
const numbered = (number: number) => dataFrame(standardId(0x300), [number]);

describe("a controller of the kernel's device core in bus-off", () => {
  let name = "";
  let bus: CanBus;
  let peer: CanBus;
  let reports: CanErrorReport[];
  let heard: number[];

  beforeAll(() => {
    name = addTestController();
  });

  afterAll(() => removeTestController());

  beforeEach(async () => {
    configureCanInterface(name, { bitRate: 500_000, restartMs: 0, up: true });
    [bus, peer] = [await openSocketCan(name), await openSocketCan(name)];
    reports = [];
    heard = [];
    bus.listen(
      ({ frame }) => {
        if (frame.kind === "error") reports.push(decodeErrorFrame(frame));
      },
      { filters: [], errorMask: ALL },
    );
    peer.listen(({ frame }) => heard.push(frame.kind === "data" ? (frame.data[0] as number) : -1));
  });

  afterEach(() => {
    for (const each of [bus, peer]) each.close();
    configureCanInterface(name, { up: false });
  });

  const state = () => describeCanInterface(name).controller?.state;

  test("sendConfirmed() rejects as unconfirmed what was in the controller, and works again after restartCanInterface()", async () => {
    await bus.sendConfirmed(numbered(1));
    happen("hold");
    const unconfirmed = [bus.sendConfirmed(numbered(2)), bus.sendConfirmed(numbered(3))];
    const settled = Promise.allSettled(unconfirmed);
    await until(() => bus.statistics.sentFrames === 3, "the kernel has the frames");
    happen("passive");
    await until(() => reports.length === 1, "the controller is passive");
    expect(reports[0]).toMatchObject({ counters: { tx: 128 } });
    expect(state()).toBe("error-passive");
    happen("bus-off");
    for (const outcome of await settled) {
      expect(outcome).toMatchObject({ status: "rejected", reason: { code: "ERR_UNCONFIRMED" } });
      expect(String((outcome as PromiseRejectedResult).reason.message)).toContain("bus-off");
    }
    expect(reports[1]).toMatchObject({ busOff: true });
    expect(describeCanInterface(name)).toMatchObject({ up: true, carrier: false, controller: { state: "bus-off" } });
    expect(bus.status).toBe("up");
    restartCanInterface(name);
    await until(() => reports.length === 3, "the kernel tells of the restart");
    expect(reports[2]).toMatchObject({ restarted: true });
    expect(describeCanInterface(name)).toMatchObject({ carrier: true, controller: { state: "error-active" } });
    await bus.sendConfirmed(numbered(4), { timeoutMs: 10_000 });
    await until(() => heard.includes(4), "the last frame is there");
    // The second was in the controller, which forgot it. The third was in the queue before it, which the kernel may keep.
    expect(heard.filter((number) => number !== 3)).toEqual([1, 4]);
  });

  test("restartMs brings the controller back by itself, and send() waits until then: no frame is lost or doubled", async () => {
    configureCanInterface(name, { up: false });
    configureCanInterface(name, { restartMs: 300, up: true });
    await until(() => bus.status === "up" && peer.status === "up", "both handles are up");
    const before = describeCanInterface(name).controller?.statistics;
    happen("bus-off");
    await until(() => reports.length === 1, "the kernel tells of the bus-off");
    expect(() => restartCanInterface(name)).toThrow(expect.objectContaining({ code: "EINVAL" }));
    const numbers = Array.from({ length: 40 }, (_, number) => number);
    await Promise.all(numbers.map((number) => bus.send(numbered(number))));
    await until(() => heard.length >= numbers.length, "all frames are there");
    expect(heard).toEqual(numbers);
    await until(() => reports.length === 2, "the kernel tells of the restart");
    expect(reports[1]).toMatchObject({ restarted: true });
    expect(state()).toBe("error-active");
    const after = describeCanInterface(name).controller?.statistics;
    expect(after?.busOffs).toBe((before?.busOffs ?? 0) + 1);
    expect(after?.restarts).toBe((before?.restarts ?? 0) + 1);
  });

  test("intercell can list tells of the bus-off, and intercell can restart ends it", async () => {
    happen("bus-off");
    expect(await printed("can", "list", name)).toMatch(new RegExp(`^${name} +can +bus-off `, "m"));
    expect(await printed("can", "restart", name)).toMatch(new RegExp(`^${name} +can +error-active `, "m"));
    expect(await printed("can", "stats", name)).toMatch(/bus-off/);
    await expect(printed("can", "restart", name)).rejects.toThrow(/Only a controller in bus-off/);
  });
});
