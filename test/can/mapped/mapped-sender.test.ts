import { describe, expect, test } from "vitest";
import { TimerBroadcastManager } from "../../../src/can/broadcast/timer.js";
import type { BusHandle } from "../../../src/can/bus-handle.js";
import { systemClock } from "../../../src/can/clock.js";
import {
  type BroadcastManager,
  type CanBus,
  createVirtualBus,
  type MappedMessage,
  type MappedSender,
  openMappedSender,
  standardId,
} from "../../../src/can/index.js";
import { BroadcastCycle } from "../../../src/can/mapped/broadcast-cycle.js";
import { MappedSender as Sender } from "../../../src/can/mapped/mapped-sender.js";
import { checkMessage } from "../../../src/can/mapped/message.js";
import { until } from "../../channel/until.js";
import { describeMappedSender, type SenderStage } from "./contract.js";

/** A stage on a virtual bus, whose handle is told that it is down or up. */
function virtualStage(openOn: (bus: CanBus) => SenderStage["open"]): SenderStage {
  const medium = createVirtualBus({});
  const bus = medium.open({ node: "left" });
  const peer = medium.open({ node: "right" });
  return {
    bus,
    peer,
    open: openOn(bus),
    setUp: (up) => (bus as unknown as BusHandle).setStatus(up ? "up" : "down"),
    close: () => medium.close(),
  };
}

describeMappedSender("openMappedSender() with timers", () =>
  virtualStage((bus) => (message) => openMappedSender(bus, message)),
);

/** A sender whose cycle is kept by a manager of another handle of its node, as the kernel's is of another socket. */
function senderOver<T>(bus: CanBus, manager: () => BroadcastManager, message: MappedMessage<T>): MappedSender<T> {
  const checked = checkMessage("a mapped message", message);
  const cycle = new BroadcastCycle(bus, checked, () => ({
    manager: manager(),
    close: () => {},
    [Symbol.dispose]: () => {},
  }));
  return new Sender(bus, checked, systemClock, { timing: "kernel", fault: undefined, cycle });
}

describeMappedSender("a sender over a broadcast manager", () => {
  const medium = createVirtualBus({});
  const bus = medium.open({ node: "left" });
  const manager = new TimerBroadcastManager(medium.open({ node: "left" }));
  return {
    bus,
    peer: medium.open({ node: "right" }),
    open: (message) => senderOver(bus, () => manager, message),
    setUp: (up) => (bus as unknown as BusHandle).setStatus(up ? "up" : "down"),
    close: () => medium.close(),
  };
});

const cyclic: MappedMessage<number> = {
  id: standardId(0x55),
  layout: { lengthBytes: 1, encode: (byte) => Uint8Array.of(byte), decode: (data) => data[0] as number },
  mode: "cyclic",
  cycleMs: 3,
};

describe("a cycle that a broadcast manager keeps", () => {
  test("goes on with another manager when its own is closed", async () => {
    const medium = createVirtualBus({});
    const bus = medium.open({ node: "left" });
    const opened: BroadcastManager[] = [];
    const open = () => {
      const manager = new TimerBroadcastManager(medium.open({ node: "left" }));
      opened.push(manager);
      return manager;
    };
    const sender = senderOver(bus, open, cyclic);
    sender.set(1);
    await until(() => sender.statistics.sentFrames >= 3, "three frames are there");
    opened[0]?.close();
    const { sentFrames } = sender.statistics;
    await until(() => sender.statistics.sentFrames >= sentFrames + 3, "three more are there");
    expect(opened).toHaveLength(2);
    sender.close();
    medium.close();
  });

  test("counts frames that the counter shows to be missing", async () => {
    const medium = createVirtualBus({});
    const bus = medium.open({ node: "left" });
    const other = medium.open({ node: "left" });
    const manager = new TimerBroadcastManager(other);
    const protection = {
      counterValues: 200,
      leastBytes: 1,
      protect: (data: Uint8Array, counter: number) => data.fill(counter, 0, 1),
      check: (data: Uint8Array) => data[0],
    };
    const sender = senderOver(bus, () => manager, { ...cyclic, protection });
    sender.set(0);
    await until(() => sender.statistics.sentFrames >= 3, "three frames are there");
    expect(sender.statistics.missedCycles).toBe(0);
    (other as unknown as BusHandle).setStatus("down");
    await until(() => manager.statistics.skippedFrames >= 4, "four found no bus");
    (other as unknown as BusHandle).setStatus("up");
    const { sentFrames } = sender.statistics;
    await until(() => sender.statistics.sentFrames > sentFrames, "another is there");
    expect(sender.statistics.missedCycles).toBe(manager.statistics.skippedFrames);
    sender.close();
    medium.close();
  });
});

describe("openMappedSender()", () => {
  test("keeps cycles by timers on a bus without a kernel, and none without cycles", () => {
    const medium = createVirtualBus({});
    const bus = medium.open();
    const sender = openMappedSender(bus, cyclic);
    expect([sender.timing, sender.timingFault]).toEqual(["process", undefined]);
    expect(openMappedSender(bus, { ...cyclic, mode: "change" }).timing).toBeUndefined();
    medium.close();
  });

  test.each<[string, Partial<MappedMessage<number>>, object, unknown]>([
    ["the kernel on a bus without one", {}, { timing: "kernel" }, { code: "ERR_UNSUPPORTED" }],
    ["the kernel with another clock", {}, { timing: "kernel", clock: systemClock }, { name: "TypeError" }],
    ["the kernel without a cycle", { mode: "demand" }, { timing: "kernel" }, { name: "TypeError" }],
    ["a timing that does not exist", {}, { timing: "both" }, { name: "TypeError" }],
    ["an unknown option", {}, { timings: "kernel" }, { name: "TypeError" }],
  ])("refuses %s", (_, more, options, error) => {
    const medium = createVirtualBus({});
    const bus = medium.open();
    expect(() => openMappedSender(bus, { ...cyclic, ...more }, options)).toThrow(
      expect.objectContaining(error as object),
    );
    medium.close();
  });

  test("falls back to timers and says why when the kernel cannot keep the cycle", () => {
    const medium = createVirtualBus({});
    const bus = medium.open();
    // Passes for an interface of the kernel that does not exist.
    const kernelBus = Object.assign(bus, { interfaceIndex: 4711 });
    const sender = openMappedSender(kernelBus, cyclic);
    expect(sender.timing).toBe("process");
    expect(sender.timingFault).toMatchObject({ name: "IntercellError", code: expect.any(String) });
    expect(() => openMappedSender(kernelBus, cyclic, { timing: "kernel" })).toThrow(
      expect.objectContaining({ code: sender.timingFault?.code }),
    );
    const many = { counterValues: 257, leastBytes: 1, protect: () => {}, check: () => 0 };
    const counted = openMappedSender(kernelBus, { ...cyclic, protection: many });
    expect(counted.timingFault?.message).toContain("257 values");
    medium.close();
  });
});
