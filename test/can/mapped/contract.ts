import { afterEach, beforeEach, describe, expect, test } from "vitest";
import {
  autosarProfile1,
  autosarProfile2,
  type CanBus,
  type CanFrame,
  type MappedMessage,
  type MappedReceiver,
  type MappedSender,
  openMappedReceiver,
  standardId,
  structLayout,
} from "../../../src/can/index.js";
import { fixedBytes, i16, struct, u8 } from "../../../src/schema/index.js";
import { until } from "../../channel/until.js";
import { restoreOrder } from "./restore-order.js";

/** Opens senders on a bus that another handle hears. */
export interface SenderStage {
  readonly bus: CanBus;
  readonly peer: CanBus;
  open<T>(message: MappedMessage<T>): MappedSender<T>;
  /** Takes the bus of the senders down or up. */
  setUp(up: boolean): void;
  close(): Promise<void> | void;
}

interface Guarded {
  checksum: number;
  counter: number;
  rpm: number;
}

const ID = standardId(0x123);
const value = (rpm: number): Guarded => ({ checksum: 0, counter: 0, rpm });
const Plain = struct("Plain", { rpm: i16 });
const plain: MappedMessage<{ rpm: number }> = { id: ID, layout: structLayout(Plain), mode: "cyclic", cycleMs: 5 };
const guarded: MappedMessage<Guarded> = {
  id: ID,
  layout: structLayout(struct("Guarded", { checksum: u8, counter: u8, rpm: i16 })),
  mode: "cyclic",
  cycleMs: 5,
  // The receiver never gives up, so that it holds each frame against the one before.
  timeoutCycles: 1_000_000,
  maxCounterStep: 1,
  protection: autosarProfile1({ dataId: 0x123 }),
};
const HOUR = 3_600_000;
const none = { length: 0, decode: 0, checksum: 0, repeated: 0, sequence: 0 };
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/** Holds whoever keeps the cycles of senders against the same contract. No test depends on how long anything takes. */
export function describeMappedSender(name: string, openStage: () => Promise<SenderStage> | SenderStage): void {
  describe(`${name} as MappedSender`, () => {
    let stage: SenderStage;
    let heard: CanFrame[];
    let receiver: MappedReceiver<Guarded>;
    const rpms = () =>
      heard.map((frame) => ("data" in frame ? new DataView(frame.data.slice().buffer).getInt16(0, true) : 0));

    beforeEach(async () => {
      stage = await openStage();
      heard = [];
      stage.peer.listen(({ frame }) => heard.push(frame));
      receiver = openMappedReceiver(stage.peer, guarded);
    });

    afterEach(async () => {
      stage.bus.close();
      stage.peer.close();
      await stage.close();
    });

    test("set() begins a cycle, which has the value of the moment until close()", async () => {
      const sender = stage.open(plain);
      await pause(20);
      expect(heard).toEqual([]);
      sender.set({ rpm: 1 });
      await until(() => heard.length >= 4, "the first value was sent four times");
      sender.set({ rpm: 2 });
      await until(() => rpms().filter((rpm) => rpm === 2).length >= 3, "the second value was sent three times");
      const order = rpms();
      expect(order).toEqual([...order].sort());
      sender.close();
      await pause(20);
      const count = heard.length;
      await pause(50);
      expect(heard).toHaveLength(count);
      expect(() => sender.set({ rpm: 3 })).toThrow(expect.objectContaining({ code: "ERR_CLOSED" }));
    });

    test("statistics count the frames of the cycle", async () => {
      const sender = stage.open(plain);
      sender.set({ rpm: 1 });
      await until(() => sender.statistics.sentFrames >= 5 && heard.length >= 5, "five frames are counted");
      expect(Math.abs(sender.statistics.sentFrames - heard.length)).toBeLessThan(3);
    });

    test("set() loses and repeats no counter, however often the value changes", async () => {
      const sender = stage.open(guarded);
      for (let rpm = 0; receiver.statistics.received < 60; rpm = (rpm + 1) % 30_000) {
        sender.set(value(rpm));
        await pause(rpm % 3);
      }
      expect(receiver.statistics).toMatchObject({ lost: 0, withheld: none });
    });

    test("set() sends a change at once, beside the cycle and with the next counter", async () => {
      const sender = stage.open({ ...guarded, mode: "cyclic-and-change", cycleMs: HOUR });
      for (let rpm = 0; rpm < 40; rpm++) {
        sender.set(value(rpm));
        sender.set(value(rpm));
        await until(() => receiver.latest?.value.rpm === rpm, `the change to ${rpm} is there`);
      }
      expect(receiver.statistics).toMatchObject({ received: 40, lost: 0, withheld: none });
    });

    test("set() sends a change of a message without counter at once", async () => {
      const sender = stage.open({ ...plain, mode: "cyclic-and-change", cycleMs: HOUR });
      for (const rpm of [1, 2, 3]) {
        sender.set({ rpm });
        await until(() => rpms().includes(rpm), `the change to ${rpm} is there`);
      }
      expect(rpms()).toEqual([1, 2, 3]);
      await until(() => sender.statistics.sentFrames === 3, "three frames are counted");
    });

    test("set() keeps counters going when changes and the cycle mix", async () => {
      const sender = stage.open({
        ...guarded,
        mode: "cyclic-and-change",
        protection: autosarProfile2(new Array(16).fill(3)),
      });
      for (let rpm = 0; heard.length < 80; rpm = (rpm + 1) % 30_000) {
        sender.set(value(rpm));
        await pause(rpm % 4);
      }
      const counters = heard.map((frame) => ("data" in frame ? (frame.data[1] ?? 0) & 0xf : -1));
      restoreOrder(counters, 16);
      expect(counters).toEqual(counters.map((_, index) => ((counters[0] ?? 0) + index) % 16));
    });

    test.each([
      ["a counter", guarded, [0, 1, 2]],
      ["no counter", { ...guarded, protection: undefined } as unknown as MappedMessage<Guarded>, undefined],
    ])("send() sends a message with %s beside its cycle", async (_, message, counters) => {
      const sender = stage.open({ ...message, cycleMs: HOUR });
      sender.set(value(1));
      await until(() => heard.length === 1, "the cycle began");
      await sender.send();
      await sender.send(value(2));
      await until(() => heard.length === 3, "three frames are there");
      if (counters !== undefined) expect(heard.map((frame) => ("data" in frame ? frame.data[1] : 0))).toEqual(counters);
      await until(() => sender.statistics.sentFrames === 3, "three frames are counted");
      const aborted = { signal: AbortSignal.abort(new Error("no more")) };
      await expect(sender.send(undefined, aborted)).rejects.toThrow("no more");
    });

    test("send() before the cycle begins has the counter before that of the cycle", async () => {
      const sender = stage.open(guarded);
      await sender.send(value(1));
      sender.set(value(2));
      await until(() => receiver.statistics.received >= 20, "twenty frames are there");
      expect(receiver.statistics).toMatchObject({ lost: 0, withheld: none });
    });

    test("the cycle goes on with the next counter and the newest value when the bus was down", async () => {
      const sender = stage.open(guarded);
      sender.set(value(1));
      await until(() => receiver.statistics.received >= 7 && sender.statistics.sentFrames >= 7, "frames are there");
      for (let round = 2; round < 5; round++) {
        stage.setUp(false);
        await until(() => stage.bus.status === "down", "the bus is down");
        await pause(40);
        sender.set(value(round));
        const { missedCycles } = sender.statistics;
        expect(missedCycles).toBeGreaterThan(round - 2);
        stage.setUp(true);
        await until(() => receiver.latest?.value.rpm === round, "the cycle goes on");
        const { received } = receiver.statistics;
        await until(() => receiver.statistics.received > received + 3, "more frames are there");
      }
      expect(receiver.statistics).toMatchObject({ lost: 0, withheld: none });
    });

    test("a cycle that is begun while the bus is down begins when it is up", async () => {
      stage.setUp(false);
      await until(() => stage.bus.status === "down", "the bus is down");
      const sender = stage.open({ ...guarded, mode: "cyclic-and-change" });
      sender.set(value(1));
      sender.set(value(2));
      await expect(sender.send()).rejects.toThrow(expect.objectContaining({ code: "ENETDOWN" }));
      expect(sender.statistics.supersededChanges).toBe(1);
      stage.setUp(true);
      await until(() => receiver.statistics.received >= 3, "the cycle runs");
      expect(receiver.latest?.value.rpm).toBe(2);
    });

    test("a CAN FD message keeps its padding out of the checksum", async () => {
      const Wide = struct("Wide", { checksum: u8, counter: u8, data: fixedBytes(11) });
      const message: MappedMessage<{ checksum: number; counter: number; data: Uint8Array }> = {
        ...guarded,
        id: standardId(0x124),
        layout: structLayout(Wide),
        bitRateSwitch: true,
      };
      const wide = openMappedReceiver(stage.peer, message);
      const sender = stage.open(message);
      for (let byte = 0; wide.statistics.received < 20; byte = (byte + 1) % 256) {
        sender.set({ checksum: 0, counter: 0, data: new Uint8Array(11).fill(byte) });
        await pause(3);
      }
      expect(wide.statistics).toMatchObject({ lost: 0, withheld: none });
      const [frame] = heard;
      expect(frame?.kind === "fd" && frame.data.length).toBe(16);
    });

    test("senders of one id keep their cycles apart", async () => {
      const first = stage.open(plain);
      const second = stage.open(plain);
      first.set({ rpm: 1 });
      second.set({ rpm: 2 });
      await until(() => rpms().includes(1) && rpms().includes(2), "both are there");
      first.close();
      await pause(20);
      heard.length = 0;
      await until(() => heard.length >= 4, "the second goes on");
      expect(new Set(rpms())).toEqual(new Set([2]));
    });

    test("the bus takes its senders with it", async () => {
      const sender = stage.open(plain);
      sender.set({ rpm: 1 });
      await until(() => heard.length >= 2, "the cycle runs");
      stage.bus.close();
      await pause(20);
      heard.length = 0;
      await pause(40);
      expect(heard).toEqual([]);
      expect(() => sender.set({ rpm: 2 })).toThrow(expect.objectContaining({ code: "ERR_CLOSED" }));
    });
  });
}
