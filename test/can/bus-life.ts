import { describe, expect, test } from "vitest";
import {
  type CanBus,
  type CanBusStatus,
  dataFrame,
  fdFrame,
  type ReceivedFrame,
  standardId,
} from "../../src/can/index.js";
import { until } from "../channel/until.js";
import type { BusBench } from "./bus-contract.js";

const frame = dataFrame(standardId(0x300), [1]);

export function describeInterface(bench: BusBench): void {
  if (!bench.traits.goesDown) return;
  describe("when the interface goes down", () => {
    test("a handle says so, refuses to send, and works again once the interface is up", async () => {
      const [sender, receiver] = [await bench.open(0), await bench.open(1)];
      const statuses: CanBusStatus[] = [];
      const received: ReceivedFrame[] = [];
      sender.events.on("status", (status) => statuses.push(status));
      receiver.listen((each) => received.push(each));
      await sender.sendConfirmed(frame);
      await bench.stage.setUp?.(false);
      await until(() => sender.status === "down", "the handle is down");
      expect(() => sender.trySend(frame)).toThrow(expect.objectContaining({ code: "ENETDOWN" }));
      await expect(sender.send(frame)).rejects.toMatchObject({ code: "ENETDOWN" });
      await expect(sender.sendConfirmed(frame)).rejects.toMatchObject({ code: "ENETDOWN" });
      await bench.stage.setUp?.(true);
      await until(() => sender.status === "up", "the handle is up");
      await until(() => receiver.status === "up", "the other handle is up");
      await sender.sendConfirmed(frame);
      await until(() => received.length === 2, "both frames are there");
      expect(statuses).toEqual(["down", "up"]);
    });
  });
}

export function describeClose(bench: BusBench): void {
  test("close() closes once, and everything says so afterwards", async () => {
    const bus = await bench.open(0);
    const events: string[] = [];
    bus.events.on("status", (status) => events.push(status));
    bus.events.on("close", () => events.push("close"));
    bus.events.on("error", () => events.push("error"));
    const subscription = bus.listen(() => {});
    bus.close();
    bus.close();
    bus[Symbol.dispose]();
    subscription.close();
    expect(bus.status).toBe("closed");
    expect(events).toEqual(["closed", "close"]);
    const closed = expect.objectContaining({ code: "ERR_CLOSED" });
    expect(() => bus.listen(() => {})).toThrow(closed);
    expect(() => bus.receive()).toThrow(closed);
    expect(() => bus.trySend(frame)).toThrow(closed);
    expect(() => bus.trySendAll([frame])).toThrow(closed);
    await expect(bus.send(frame)).rejects.toEqual(closed);
    await expect(bus.sendConfirmed(frame)).rejects.toEqual(closed);
  });

  test("close() may be called by a listener, which then hears no more", async () => {
    const [sender, receiver] = [await bench.open(0), await bench.open(1)];
    let heard = 0;
    receiver.listen(() => {
      heard++;
      receiver.close();
    });
    for (let index = 0; index < 10; index++) await sender.send(frame);
    await until(() => receiver.status === "closed", "the receiver is closed");
    await sender.sendConfirmed(frame);
    expect(heard).toBe(1);
  });
}

export function describeArguments(bench: BusBench): void {
  const wrong: readonly (readonly [string, (bus: CanBus) => unknown, RegExp])[] = [
    ["listen() without a function", (bus) => bus.listen(undefined as never), /must be a function/],
    ["listen() with an unknown option", (bus) => bus.listen(() => {}, { filter: [] } as never), /filter/],
    ["listen() with a wrong mask", (bus) => bus.listen(() => {}, { errorMask: -1 }), /errorMask/],
    ["listen() with own that is no boolean", (bus) => bus.listen(() => {}, { own: 1 as never }), /own/],
    ["receive() with no room", (bus) => bus.receive({ queueFrames: 0 }), /capacity|queueFrames/],
    ["receive() with an unknown option", (bus) => bus.receive({ queue: 1 } as never), /queue/],
    ["receive() with a wrong signal", (bus) => bus.receive({ signal: {} as never }), /AbortSignal/],
    ["send() with a negative time", (bus) => bus.send(frame, { timeoutMs: -1 }), /timeoutMs/],
    ["send() with an unknown option", (bus) => bus.send(frame, { timeout: 1 } as never), /timeout/],
    ["sendConfirmed() with a wrong signal", (bus) => bus.sendConfirmed(frame, { signal: 1 as never }), /signal/],
    ["a frame of no kind", (bus) => bus.trySend({ kind: "none" } as never), /kind/],
  ];
  test.each(wrong)("%s is refused", async (_, act, message) => {
    const bus = await bench.open(0);
    await expect((async () => act(bus))()).rejects.toThrow(message);
    await expect((async () => act(bus))()).rejects.not.toHaveProperty("code");
  });

  test.each([
    ["sendQueueFrames", 0],
    ["sendQueueFrames", 1.5],
    ["errorMask", 2 ** 29],
    ["ownFrames", "yes"],
    ["filters", {}],
    ["joinFilter", true],
  ])("a handle is not opened with %s of %j", async (key, value) => {
    await expect(bench.open(0, { [key]: value } as never)).rejects.toThrow(key);
  });

  test("trySend() refuses CAN FD where the bus has none, and says so by fd", async () => {
    const bus = await bench.open(0);
    expect(bus.fd).toBe(bench.traits.fd);
    const big = fdFrame(standardId(1), [1]);
    if (bench.traits.fd) expect(bus.trySend(big)).toBe(true);
    else expect(() => bus.trySend(big)).toThrow(RangeError);
  });
}
