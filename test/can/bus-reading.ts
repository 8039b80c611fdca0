import { describe, expect, test } from "vitest";
import { type CanFrame, dataFrame, exactFilter, standardId } from "../../src/can/index.js";
import { until } from "../channel/until.js";
import type { BusBench } from "./bus-contract.js";

const numbered = (number: number): CanFrame => dataFrame(standardId(0x100), [number & 0xff, number >> 8]);

export function describeReading(bench: BusBench): void {
  describe("receive()", () => {
    test("receive() gives frames in order and ends when the bus closes", async () => {
      const [sender, receiver] = [await bench.open(0), await bench.open(1)];
      const reader = receiver.receive();
      for (let index = 0; index < 5; index++) await sender.send(numbered(index));
      await until(() => reader.length === 5, "five frames wait");
      receiver.close();
      const frames: CanFrame[] = [];
      for await (const { frame } of reader) frames.push(frame);
      expect(frames).toEqual([0, 1, 2, 3, 4].map(numbered));
    });

    test("receive() loses the oldest frames, counted, when its reader is slow", async () => {
      const [sender, receiver] = [await bench.open(0), await bench.open(1)];
      const slow = receiver.receive({ queueFrames: 3 });
      const fast = receiver.receive();
      for (let index = 0; index < 8; index++) await sender.send(numbered(index));
      await until(() => fast.length === 8, "all frames are there");
      expect(receiver.statistics.overflowedFrames).toBe(5);
      expect([slow.dropped, fast.dropped]).toEqual([5, 0]);
      for (const index of [5, 6, 7]) expect((await slow.next()).value?.frame).toEqual(numbered(index));
    });

    test("receive() gives what its filters let pass", async () => {
      const [sender, receiver] = [await bench.open(0), await bench.open(1)];
      const reader = receiver.receive({ filters: [exactFilter(standardId(2))] });
      for (const id of [1, 2, 3, 2]) await sender.send(dataFrame(standardId(id)));
      expect((await reader.next()).value?.frame.kind).toBe("data");
      await until(() => receiver.statistics.receivedFrames === 4, "all frames are there");
      expect(reader.length).toBe(1);
      await reader.return();
      await expect(reader.next()).resolves.toEqual({ value: undefined, done: true });
    });

    test("receive() throws the reason of its signal, after what it holds", async () => {
      const [sender, receiver] = [await bench.open(0), await bench.open(1)];
      const controller = new AbortController();
      const reader = receiver.receive({ signal: controller.signal });
      await sender.send(numbered(1));
      await until(() => reader.length === 1, "the frame is there");
      const reason = new Error("enough");
      controller.abort(reason);
      expect((await reader.next()).value?.frame).toEqual(numbered(1));
      await expect(reader.next()).rejects.toBe(reason);
      expect(() => receiver.receive({ signal: controller.signal })).toThrow(reason);
    });
  });
}
