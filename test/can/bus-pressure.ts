import { describe, expect, test } from "vitest";
import { type CanBus, type CanFrame, dataFrame, standardId } from "../../src/can/index.js";
import { until } from "../channel/until.js";
import type { BusBench } from "./bus-contract.js";

const numbered = (number: number): CanFrame => dataFrame(standardId(0x200), [number & 0xff, number >> 8]);

/** Number of a frame that {@link numbered} made. */
const numberOf = (frame: CanFrame): number =>
  frame.kind === "data" ? (frame.data[0] ?? 0) + (frame.data[1] ?? 0) * 256 : -1;

/** 0, 1, 2, … */
const counting = (count: number): number[] => Array.from({ length: count }, (_, index) => index);

/** Frames that no bus has room for while it carries nothing. */
const MOST_FRAMES = 5000;

export function describePressure(bench: BusBench): void {
  test("trySendAll() and send() pass on far more frames than the bus has room for, each once and in order", async () => {
    const [sender, receiver] = [await bench.open(0), await bench.open(1)];
    const received: number[] = [];
    receiver.listen(({ frame }) => received.push(numberOf(frame)));
    const frames = counting(600).map(numbered);
    let next = 0;
    while (next < 300) {
      const count = sender.trySendAll(frames.slice(next, 300));
      next += count;
      if (next < 300) await new Promise<void>((resolve) => sender.events.once("room", resolve));
    }
    await Promise.all(frames.slice(300).map((frame) => sender.send(frame)));
    await until(() => received.length >= 600, "all frames are there");
    expect(received).toEqual(counting(600));
    expect(sender.statistics.sentFrames).toBe(600);
  });

  if (!bench.traits.holds) return;
  describe("while the bus carries nothing", () => {
    /** Sends until there is no room; gives how many frames were taken. */
    const fill = async (bus: CanBus): Promise<number> => {
      await bench.stage.hold?.();
      let count = 0;
      while (bus.trySend(numbered(count))) {
        count++;
        if (count > MOST_FRAMES) throw new Error(`The bus took ${count} frames though it is held up`);
      }
      return count;
    };

    test("trySend() gives false, and room follows once there is some", async () => {
      const [sender, receiver] = [await bench.open(0), await bench.open(1)];
      const received: number[] = [];
      receiver.listen(({ frame }) => received.push(numberOf(frame)));
      let rooms = 0;
      sender.events.on("room", () => rooms++);
      const count = await fill(sender);
      expect(sender.trySend(numbered(count))).toBe(false);
      expect(sender.statistics.congestions).toBeGreaterThan(0);
      expect(rooms).toBe(0);
      await bench.stage.release?.();
      await until(() => rooms > 0, "there is room");
      expect(sender.trySend(numbered(count))).toBe(true);
      await until(() => received.length > count, "all frames are there");
      expect(received).toEqual(counting(count + 1));
    });

    if (bench.traits.goesDown) {
      test("room follows when the interface went down and is up again, after trySend() gave false", async () => {
        const sender = await bench.open(0);
        const statuses: (string | undefined)[] = [];
        sender.events.on("room", () => statuses.push(sender.status));
        await fill(sender);
        await bench.stage.setUp?.(false);
        await until(() => sender.status === "down", "the handle is down");
        await bench.stage.release?.();
        await bench.stage.setUp?.(true);
        // A bus that only asks again from time to time may have said so before it went down, too.
        await until(() => statuses.length > 0 && sender.status === "up", "there is room");
        expect(new Set(statuses)).toEqual(new Set(["up"]));
        expect(sender.trySend(dataFrame(standardId(0x10)))).toBe(true);
      });
    }

    test("send() waits for room in the order of the calls, and trySend() does not overtake it", async () => {
      const [sender, receiver] = [await bench.open(0), await bench.open(1)];
      const received: number[] = [];
      receiver.listen(({ frame }) => received.push(numberOf(frame)));
      const count = await fill(sender);
      const sends = counting(100).map((index) => sender.send(numbered(count + index)));
      expect(sender.trySend(numbered(9999))).toBe(false);
      await bench.stage.release?.();
      await Promise.all(sends);
      await until(() => received.length >= count + 100, "all frames are there");
      expect(received).toEqual(counting(count + 100));
    });

    test("send() that is given up is never sent", async () => {
      const [sender, receiver] = [await bench.open(0), await bench.open(1)];
      const received: number[] = [];
      receiver.listen(({ frame }) => received.push(numberOf(frame)));
      const count = await fill(sender);
      const controller = new AbortController();
      const late = sender.send(numbered(5001), { timeoutMs: 20 });
      const aborted = sender.sendConfirmed(numbered(5002), { signal: controller.signal });
      const kept = sender.send(numbered(count));
      controller.abort(new Error("no longer wanted"));
      await expect(aborted).rejects.toThrow("no longer wanted");
      await expect(late).rejects.toMatchObject({ code: "ERR_TIMEOUT" });
      await bench.stage.release?.();
      await kept;
      await until(() => received.length > count, "all frames are there");
      expect(received).toEqual(counting(count + 1));
    });

    test("send() refuses when too many sends wait", async () => {
      const sender = await bench.open(0, { sendQueueFrames: 2 });
      const count = await fill(sender);
      const waiting = [sender.send(numbered(count)), sender.send(numbered(count + 1))];
      await expect(sender.send(numbered(count + 2))).rejects.toMatchObject({ code: "ERR_QUEUE_FULL" });
      await bench.stage.release?.();
      await Promise.all(waiting);
      expect(sender.statistics.sentFrames).toBe(count + 2);
    });

    test("close() rejects what waits", async () => {
      const sender = await bench.open(0);
      const count = await fill(sender);
      const waiting = [sender.send(numbered(count)), sender.sendConfirmed(numbered(count + 1))];
      sender.close();
      for (const each of waiting) await expect(each).rejects.toMatchObject({ code: "ERR_CLOSED" });
      await bench.stage.release?.();
    });
  });
}
