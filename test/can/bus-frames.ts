import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  ALL_ERRORS,
  type CanFrame,
  type CanListenOptions,
  dataFrame,
  encodeErrorFrame,
  exactFilter,
  extendedId,
  fdFrame,
  idWord,
  invertFilter,
  maskFilter,
  type ReceivedFrame,
  remoteFilter,
  remoteFrame,
  standardId,
} from "../../src/can/index.js";
import { uncaughtDuring } from "../channel/uncaught.js";
import { until } from "../channel/until.js";
import { dataFrames, fdFrames, remoteFrames } from "./arbitrary.js";
import type { BusBench } from "./bus-contract.js";
import type { BusTraits } from "./bus-stage.js";

const marker = dataFrame(standardId(0x7ff), [0xff]);

/** Frames that every bus can carry: a raw length code takes a controller that has it. */
const plainFrames = ({ remoteLengths }: BusTraits) =>
  fc.oneof(dataFrames, remoteFrames).map((frame): CanFrame => {
    if (frame.kind === "remote" && !remoteLengths) return { ...frame, dlc: 0 };
    return frame.dlc > 8 ? { ...frame, dlc: 8 } : frame;
  });

export function describeCarriage(bench: BusBench): void {
  const { traits } = bench;

  const cases: readonly (readonly [string, CanFrame])[] = [
    ["a standard frame", dataFrame(standardId(0x123), [1, 2, 3, 4, 5, 6, 7, 8])],
    ["a standard frame without data", dataFrame(standardId(0))],
    ["an extended frame", dataFrame(extendedId(0x123), [0xde, 0xad])],
    ["the highest extended id", dataFrame(extendedId(0x1fff_ffff), [0])],
    ["a remote frame", remoteFrame(standardId(0x55), traits.remoteLengths ? 4 : 0)],
    ["an extended remote frame", remoteFrame(extendedId(0x55))],
    ...(traits.fd ? fdCases : []),
  ];

  test.each(cases)("send() carries %s to the other end as it is", async (_, frame) => {
    const [sender, receiver] = [await bench.open(0), await bench.open(1)];
    const received: ReceivedFrame[] = [];
    receiver.listen((each) => received.push(each));
    await sender.send(frame);
    await until(() => received.length > 0, "the frame is there");
    expect(received).toHaveLength(1);
    expect(received[0]).toMatchObject({ frame, origin: traits.peerOrigin });
    expect(received[0]?.timestamp.seconds).toBeGreaterThan(1_600_000_000);
    expect(received[0]?.timestamp.nanoseconds).toBeLessThan(1e9);
    expect(received[0]?.interfaceName).not.toBe("");
    expect(sender.statistics).toMatchObject({ sentFrames: 1, receivedFrames: 0 });
    expect(receiver.statistics).toMatchObject({ sentFrames: 0, receivedFrames: 1, droppedFrames: 0 });
  });

  test("send() keeps the order of any frames", async () => {
    const [sender, receiver] = [await bench.open(0), await bench.open(1)];
    const received: CanFrame[] = [];
    receiver.listen(({ frame }) => received.push(frame));
    const plain = plainFrames(traits);
    const frames = traits.fd ? fc.oneof(plain, fdFrames.map(quiet)) : plain;
    await fc.assert(
      fc.asyncProperty(fc.array(frames, { minLength: 1, maxLength: 120 }), async (sent) => {
        received.length = 0;
        await Promise.all(sent.map((frame) => sender.send(frame)));
        await until(() => received.length >= sent.length, "all frames are there");
        expect(received).toEqual(sent);
      }),
      { numRuns: 5 },
    );
  });

  test("sendConfirmed() resolves with the time at which the frame came back, which own listeners hear", async () => {
    const bus = await bench.open(0);
    const own: ReceivedFrame[] = [];
    const others: ReceivedFrame[] = [];
    bus.listen((each) => own.push(each), { own: true });
    bus.listen((each) => others.push(each));
    const frame = dataFrame(standardId(0x321), [7]);
    const times = await Promise.all([bus.sendConfirmed(frame), bus.sendConfirmed(frame), bus.sendConfirmed(marker)]);
    expect(own.map((each) => each.frame)).toEqual([frame, frame, marker]);
    expect(own.map(({ timestamp }) => timestamp)).toEqual(times);
    expect(own.map(({ origin }) => origin)).toEqual(["own", "own", "own"]);
    expect(others).toEqual([]);
    expect(bus.statistics).toMatchObject({ sentFrames: 3, confirmedFrames: 3, receivedFrames: 0 });
  });

  test("sendConfirmed() tells its frame from equal ones that were only sent", async () => {
    const bus = await bench.open(0);
    const frame = dataFrame(standardId(0x321), [7]);
    const order: string[] = [];
    bus.listen(() => order.push("back"), { own: true });
    const sent = [bus.send(frame), bus.send(frame)];
    const confirmed = bus.sendConfirmed(frame).then(() => order.push("confirmed"));
    await Promise.all([...sent, confirmed]);
    expect(order).toEqual(["back", "back", "back", "confirmed"]);
  });

  test("sendConfirmed() refuses when the frame would not come back", async () => {
    const without = await bench.open(0, { ownFrames: false });
    await expect(without.sendConfirmed(marker)).rejects.toMatchObject({ code: "ERR_UNSUPPORTED" });
    const filtered = await bench.open(0, { filters: [exactFilter(standardId(1))] });
    await expect(filtered.sendConfirmed(marker)).rejects.toMatchObject({ code: "ERR_UNSUPPORTED" });
    await filtered.sendConfirmed(dataFrame(standardId(1)));
    expect(without.statistics.sentFrames).toBe(0);
  });

  if (!traits.sendsErrors) return;
  test("listen() hears error frames with a bit of its mask only", async () => {
    const [sender, receiver] = [await bench.open(0), await bench.open(1)];
    const [all, some, none]: [CanFrame[], CanFrame[], CanFrame[]] = [[], [], []];
    receiver.listen(({ frame }) => all.push(frame), { errorMask: ALL_ERRORS });
    receiver.listen(({ frame }) => some.push(frame), { errorMask: 0x40, filters: [] });
    receiver.listen(({ frame }) => none.push(frame));
    const busOff = encodeErrorFrame({ busOff: true });
    const warning = encodeErrorFrame({ controller: ["rx-warning"] });
    for (const frame of [warning, busOff, marker]) await sender.send(frame);
    await until(() => none.length > 0, "the last frame is there");
    expect(all).toEqual([warning, busOff, marker]);
    expect(some).toEqual([busOff]);
    expect(none).toEqual([marker]);
    expect(receiver.statistics).toMatchObject({ receivedFrames: 3, errorFrames: 2 });
  });
}

const fdCases: readonly (readonly [string, CanFrame])[] = [
  ["a CAN FD frame", fdFrame(standardId(0x123), new Uint8Array(12).fill(9))],
  ["64 bytes with bit rate switch", fdFrame(extendedId(0x1234), new Uint8Array(64).fill(1), { bitRateSwitch: true })],
  ["a CAN FD frame without data", fdFrame(standardId(1))],
];

/** A controller sets ESI by itself. */
function quiet(frame: CanFrame): CanFrame {
  return frame.kind === "fd" ? { ...frame, errorStateIndicator: false } : frame;
}

export function describeFilters(bench: BusBench): void {
  const low = standardId(0x100);
  const high = extendedId(0x100);
  const frames = [dataFrame(low), dataFrame(standardId(0x101)), remoteFrame(low), dataFrame(high), remoteFrame(high)];
  const table: readonly (readonly [string, CanListenOptions, readonly number[]])[] = [
    ["no filter", {}, [0, 1, 2, 3, 4]],
    ["an exact id", { filters: [exactFilter(low)] }, [0]],
    ["a remote id", { filters: [remoteFilter(low)] }, [2]],
    ["a mask", { filters: [maskFilter(low, 0x7fe)] }, [0, 1, 2]],
    ["an inverted filter", { filters: [invertFilter(exactFilter(low))] }, [1, 2, 3, 4]],
    ["two filters", { filters: [exactFilter(low), exactFilter(high)] }, [0, 3]],
    [
      "joined filters",
      { filters: [invertFilter(exactFilter(low)), invertFilter(exactFilter(high))], joinFilters: true },
      [1, 2, 4],
    ],
    ["an empty list", { filters: [] }, []],
  ];

  describe.each(table)("with %s", (_, filters, indices) => {
    const expected = indices.map((index) => idWord(frames[index] as CanFrame));

    test("listen() hears what passes", async () => {
      const [sender, receiver] = [await bench.open(0), await bench.open(1)];
      const heard: number[] = [];
      const all: CanFrame[] = [];
      receiver.listen(({ frame }) => heard.push(idWord(frame)), filters);
      receiver.listen(({ frame }) => all.push(frame));
      for (const frame of frames) await sender.send(frame);
      await until(() => all.length === frames.length, "all frames are there");
      expect(heard).toEqual(expected);
    });

    test("a handle that was opened so receives what passes", async () => {
      const [sender, filtered, all] = [await bench.open(0), await bench.open(1, filters), await bench.open(1)];
      const heard: number[] = [];
      const control: CanFrame[] = [];
      filtered.listen(({ frame }) => heard.push(idWord(frame)));
      all.listen(({ frame }) => control.push(frame));
      for (const frame of frames) await sender.send(frame);
      await until(() => control.length === frames.length && heard.length >= expected.length, "all frames are there");
      expect(heard).toEqual(expected);
      expect(filtered.statistics.receivedFrames).toBe(expected.length);
    });
  });

  test("listen() stops when its subscription is closed, also by another listener of the same frame", async () => {
    const [sender, receiver] = [await bench.open(0), await bench.open(1)];
    const heard: string[] = [];
    receiver.listen(() => {
      heard.push("first");
      second.close();
      second.close();
    });
    const second = receiver.listen(() => heard.push("second"));
    receiver.listen(() => heard.push("third"));
    await sender.send(marker);
    await sender.send(marker);
    await until(() => heard.length >= 4, "both frames are there");
    expect(heard).toEqual(["first", "third", "first", "third"]);
  });

  test("listen() lets the process have what a listener throws, and goes on", async () => {
    const [sender, receiver] = [await bench.open(0), await bench.open(1)];
    const heard: CanFrame[] = [];
    const mistake = new Error("of a listener");
    receiver.listen(() => {
      throw mistake;
    });
    receiver.listen(({ frame }) => heard.push(frame));
    const uncaught = await uncaughtDuring(async () => {
      await sender.send(marker);
      await sender.send(marker);
      await until(() => heard.length === 2, "both frames are there");
    });
    expect(uncaught).toEqual([mistake, mistake]);
  });
}
