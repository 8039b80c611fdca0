import { afterEach, beforeEach, describe, expect, test } from "vitest";
import {
  type BroadcastManager,
  type CanBus,
  type CanFrame,
  dataFrame,
  encodeErrorFrame,
  extendedId,
  fdFrame,
  type ReceivedFrame,
  remoteFrame,
  standardId,
  type WatchOptions,
} from "../../../src/can/index.js";
import { until } from "../../channel/until.js";

export interface BroadcastStage {
  readonly manager: BroadcastManager;
  /** Another handle on the same bus. */
  readonly peer: CanBus;
  close(): Promise<void> | void;
}

const id = standardId(0x123);
const frame = (...bytes: number[]): CanFrame => dataFrame(id, bytes);
const bytesOf = (frame: CanFrame): number[] => ("data" in frame ? [...frame.data] : []);

/** Holds a kind of broadcast manager against the contract of src/can/broadcast.ts. No test depends on how long anything takes. */
export function describeBroadcast(name: string, openStage: () => Promise<BroadcastStage>): void {
  describe(`${name} as a BroadcastManager`, () => {
    let stage: BroadcastStage;
    let manager: BroadcastManager;
    let peer: CanBus;
    let heard: CanFrame[];

    beforeEach(async () => {
      stage = await openStage();
      ({ manager, peer } = stage);
      heard = [];
      peer.listen(({ frame }) => heard.push(frame), { own: true });
    });

    afterEach(async () => {
      manager.close();
      peer.close();
      await stage.close();
    });

    describeCycles();
    describeWatches();

    function describeCycles(): void {
      test("transmit() sends a frame again and again until it is closed", async () => {
        const cycle = manager.transmit(frame(1, 2), { periodMs: 5 });
        await until(() => heard.length >= 5, "five frames are there");
        cycle.close();
        cycle.close();
        for (const each of heard) expect(each).toEqual(frame(1, 2));
        await peer.sendConfirmed(frame(99));
        const count = heard.length;
        await new Promise((resolve) => setTimeout(resolve, 50));
        expect(heard).toHaveLength(count);
        expect(() => cycle.update(frame(2))).toThrow(expect.objectContaining({ code: "ERR_CLOSED" }));
      });

      test("transmit() sends several frames in turn, of different ids and kinds", async () => {
        const frames = [frame(1), remoteFrame(standardId(7), 2), dataFrame(extendedId(0x12345), [3])];
        manager.transmit(frames, { periodMs: 3 });
        await until(() => heard.length >= 7, "seven frames are there");
        for (const [index, each] of heard.entries()) expect(each).toEqual(frames[index % 3]);
      });

      test("transmit() sends CAN FD frames", async () => {
        const big = fdFrame(id, new Uint8Array(48).fill(7), { bitRateSwitch: true });
        manager.transmit(big, { periodMs: 3 });
        await until(() => heard.length >= 2, "two frames are there");
        expect(heard[0]).toEqual(big);
      });

      test("update() changes what is sent, and may leave out frames but not add some", async () => {
        const cycle = manager.transmit([frame(1), frame(2)], { periodMs: 3 });
        await until(() => heard.length >= 2, "two frames are there");
        cycle.update(frame(3));
        await until(() => heard.filter((each) => bytesOf(each)[0] === 3).length >= 3, "the new frame is there");
        const order = heard.map((each) => bytesOf(each)[0]);
        expect(order.slice(order.indexOf(3)).every((byte) => byte === 3)).toBe(true);
        expect(() => cycle.update([frame(1), frame(2)])).toThrow(RangeError);
        expect(() => cycle.update(fdFrame(id, [1]))).toThrow(RangeError);
      });

      test("update() sends the new content at once when it is asked to, beside the cycle", async () => {
        const cycle = manager.transmit(frame(1), { periodMs: 3_600_000 });
        await until(() => heard.length === 1, "the first frame is there");
        cycle.update(frame(2));
        cycle.update(frame(3), { now: true });
        await until(() => heard.length === 2, "the second frame is there");
        expect(heard.map(bytesOf)).toEqual([[1], [3]]);
      });

      test("update() begins the period anew when it is asked to, with the frame whose turn it is", async () => {
        const cycle = manager.transmit([frame(1), frame(2), frame(3)], { periodMs: 3_600_000 });
        cycle.update([frame(4), frame(5), frame(6)], { restart: true });
        cycle.update([frame(7), frame(8), frame(9)], { restart: true });
        await until(() => heard.length === 3, "three frames are there");
        cycle.update([frame(1), frame(2), frame(3)], { restart: true });
        await until(() => heard.length === 4, "the fourth is there");
        expect(heard.map(bytesOf)).toEqual([[1], [5], [9], [1]]);
      });

      test("update() keeps the cycle going when it begins the period anew", async () => {
        const cycle = manager.transmit(frame(1), { periodMs: 3 });
        cycle.update(frame(2), { restart: true });
        await until(() => heard.length >= 6, "six frames are there");
        cycle.close();
      });

      test.each([1, 4])("transmit() sends %i frames, says so, and stops", async (count) => {
        let done = 0;
        manager.transmit(frame(1), { periodMs: 3, count }).events.on("done", () => done++);
        await until(() => done > 0 && heard.length >= count, "it is done");
        await new Promise((resolve) => setTimeout(resolve, 30));
        expect([done, heard.length]).toEqual([1, count]);
      });

      test("transmit() goes on at another period after so many frames", async () => {
        let done = 0;
        manager.transmit(frame(1), { periodMs: 3, count: 3, thenPeriodMs: 5 }).events.on("done", () => done++);
        await until(() => heard.length >= 6, "six frames are there");
        expect(done).toBe(1);
      });

      test("transmit() keeps any number of cycles of one id apart", async () => {
        const first = manager.transmit(frame(1), { periodMs: 3 });
        manager.transmit(frame(2), { periodMs: 3 });
        await until(() => heard.some((each) => bytesOf(each)[0] === 2), "the second is there");
        first.close();
        await peer.sendConfirmed(frame(99));
        heard.length = 0;
        await until(() => heard.length >= 3, "three frames are there");
        for (const each of heard) expect(each).toEqual(frame(2));
      });

      test.each<[string, CanFrame | CanFrame[], object, RegExp]>([
        ["no frame", [], { periodMs: 1 }, /1 to 256 frames/],
        ["too many frames", new Array(257).fill(frame(1)), { periodMs: 1 }, /1 to 256 frames/],
        ["an error frame", encodeErrorFrame({ busOff: true }), { periodMs: 1 }, /error frames/],
        ["frames of both kinds", [frame(1), fdFrame(id)], { periodMs: 1 }, /all CAN FD/],
        ["no period", frame(1), {}, /periodMs/],
        ["a period of 0", frame(1), { periodMs: 0 }, /periodMs/],
        ["a count of 0", frame(1), { periodMs: 1, count: 0 }, /count/],
        ["a second period without a count", frame(1), { periodMs: 1, thenPeriodMs: 1 }, /needs a count/],
        ["an unknown option", frame(1), { periodMs: 1, times: 1 }, /times/],
      ])("transmit() refuses %s", (_, frames, options, message) => {
        expect(() => manager.transmit(frames, options as never)).toThrow(message);
      });

      test("close() ends all, once, and everything says so afterwards", () => {
        let closed = 0;
        manager.events.on("close", () => closed++);
        const cycle = manager.transmit(frame(1), { periodMs: 3 });
        const watch = manager.watch(id);
        manager.close();
        manager.close();
        cycle.close();
        watch.close();
        expect(closed).toBe(1);
        const error = expect.objectContaining({ code: "ERR_CLOSED" });
        expect(() => manager.transmit(frame(1), { periodMs: 3 })).toThrow(error);
        expect(() => manager.watch(id)).toThrow(error);
      });
    }

    function describeWatches(): void {
      /** Sends frames and gives what a watch told of them. */
      const told = async (options: WatchOptions, frames: readonly CanFrame[]): Promise<CanFrame[]> => {
        const changes: ReceivedFrame[] = [];
        const watch = manager.watch(id, options);
        watch.events.on("changed", (received) => changes.push(received));
        const last = options.fd === true ? fdFrame(standardId(0x7ff)) : dataFrame(standardId(0x7ff));
        const end = manager.watch(standardId(0x7ff), { fd: options.fd });
        let ended = false;
        end.events.on("changed", () => {
          ended = true;
        });
        for (const each of [...frames, last]) await peer.send(each);
        await until(() => ended, "the last frame is there");
        return changes.map(({ frame }) => frame);
      };

      test("watch() tells each frame of its id when it has no mask", async () => {
        const others = [dataFrame(standardId(0x124)), dataFrame(extendedId(0x123)), remoteFrame(id), fdFrame(id)];
        expect(await told({}, [frame(1), ...others, frame(1)])).toEqual([frame(1), frame(1)]);
      });

      test("watch() tells changes of the bits of its mask, and the first frame", async () => {
        const frames = [frame(1, 0), frame(1, 5), frame(2, 5), frame(0x12, 5), frame(0x12, 5)];
        const changes = await told({ mask: Uint8Array.of(0x0f, 0) }, frames);
        expect(changes).toEqual([frame(1, 0), frame(2, 5)]);
      });

      test("watch() tells another length when it is asked to", async () => {
        const frames = [frame(1, 0), frame(1, 0), frame(1), frame(1)];
        expect(await told({ mask: Uint8Array.of(0xff), length: true }, frames)).toEqual([frame(1, 0), frame(1)]);
      });

      test("watch() tells changes of each page of a multiplexed frame on its own", async () => {
        const pages = [
          { value: Uint8Array.of(1), mask: Uint8Array.of(0, 0xff) },
          { value: Uint8Array.of(2), mask: Uint8Array.of(0, 0, 0xff) },
        ];
        const frames = [
          ...[frame(1, 5, 0), frame(2, 5, 0), frame(1, 5, 9), frame(2, 9, 0)],
          ...[frame(3, 1, 1), frame(1, 6, 9), frame(2, 9, 1)],
        ];
        const changes = await told({ multiplexMask: Uint8Array.of(0xff), pages }, frames);
        expect(changes).toEqual([frame(1, 5, 0), frame(2, 5, 0), frame(1, 6, 9), frame(2, 9, 1)]);
      });

      test("watch() watches CAN FD frames apart from classic ones", async () => {
        const big = (byte: number) => fdFrame(id, new Uint8Array(20).fill(byte));
        const mask = new Uint8Array(20);
        mask[19] = 0xff;
        expect(await told({ fd: true, mask }, [big(1), frame(7), big(1), big(2)])).toEqual([big(1), big(2)]);
      });

      test("watch() tells the last of many changes when it is throttled", async () => {
        const changes: number[] = [];
        const watch = manager.watch(id, { mask: Uint8Array.of(0xff), throttleMs: 200 });
        watch.events.on("changed", (each) => changes.push(bytesOf(each.frame)[0] as number));
        for (let byte = 1; byte <= 20; byte++) await peer.send(frame(byte));
        await until(() => changes.includes(20), "the last change is told");
        expect(changes.length).toBeLessThan(20);
        expect(changes).toEqual([...changes].sort((a, b) => a - b));
      });

      test("watch() tells once that frames stay away, and that they came back", async () => {
        const events: string[] = [];
        /** What was told from the first frame on; before it came, it may have been missed already. */
        const told = () => events.slice(events.includes("1") ? events.indexOf("1") : events.length);
        const watch = manager.watch(id, { mask: Uint8Array.of(0xff), timeoutMs: 30, announceResume: true });
        watch.events.on("changed", (each) => events.push(`${bytesOf(each.frame)[0]}`));
        watch.events.on("timeout", () => events.push("timeout"));
        await peer.send(frame(1));
        await until(() => told().length >= 2, "the frame is missed");
        await new Promise((resolve) => setTimeout(resolve, 80));
        await peer.send(frame(1));
        await until(() => told().length >= 4, "the frame is missed again");
        expect(told()).toEqual(["1", "timeout", "1", "timeout"]);
      });

      test("watch() refuses an id that is watched, until that watch is closed", () => {
        const first = manager.watch(id);
        expect(() => manager.watch(id)).toThrow(expect.objectContaining({ code: "ERR_IN_USE" }));
        manager.watch(id, { fd: true });
        first.close();
        manager.watch(id, { mask: Uint8Array.of(1) });
      });

      test.each<[string, object, RegExp]>([
        ["a long mask", { mask: new Uint8Array(9) }, /at most 8 bytes/],
        ["a mask and pages", { mask: new Uint8Array(1), multiplexMask: new Uint8Array(1), pages: [] }, /not both/],
        ["pages without multiplexer", { pages: [] }, /go together/],
        ["no pages", { multiplexMask: new Uint8Array(1), pages: [] }, /1 to 256 pages/],
        ["length without a mask", { length: true }, /needs a mask/],
        ["a negative timeout", { timeoutMs: -1 }, /timeoutMs/],
        ["an unknown option", { ms: 1 }, /ms/],
      ])("watch() refuses %s", (_, options, message) => {
        expect(() => manager.watch(id, options)).toThrow(message);
      });
    }
  });
}
