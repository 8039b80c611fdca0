import { describe, expect, test } from "vitest";
import {
  type CanBus,
  type CanFrame,
  createManualClock,
  createReplay,
  formatFrame,
  type LogRecord,
  type ManualClock,
  parseFrame,
  type ReplayOptions,
  readCandumpLog,
} from "../../../src/can/index.js";

/** A bus that notes what it is given and when, and has no room as often as it is told. */
class NotingBus {
  readonly sent: [string, number][] = [];
  readonly #clock: ManualClock;
  /** Milliseconds that the next sends wait for room. */
  readonly waitsMs: number[] = [];

  constructor(clock: ManualClock) {
    this.#clock = clock;
  }

  get bus(): CanBus {
    return this as unknown as CanBus;
  }

  trySend(frame: CanFrame): boolean {
    if (this.waitsMs.length > 0) return false;
    this.#note(frame);
    return true;
  }

  async send(frame: CanFrame): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#clock.schedule((this.waitsMs.shift() ?? 0) * 1e6, resolve);
    });
    this.#note(frame);
  }

  #note(frame: CanFrame): void {
    this.sent.push([formatFrame(frame), this.#clock.elapsedNs() / 1e6]);
  }
}

const base: LogRecord = {
  timestamp: { seconds: 50, nanoseconds: 0 },
  interfaceName: "can0",
  frame: parseFrame("001#"),
};

/** Records at these milliseconds, ids counted from 0. */
function log(...times: readonly number[]): LogRecord[] {
  return times.map((ms, id) => ({
    ...base,
    timestamp: { seconds: 50 + Math.floor(ms / 1000), nanoseconds: Math.round((ms % 1000) * 1e6) },
    frame: parseFrame(`${id.toString(16).padStart(3, "0")}#`),
  }));
}

async function* stream(records: readonly LogRecord[]): AsyncGenerator<LogRecord> {
  yield* records;
}

/** Replays the records and gives the times at which the bus took them. */
async function replay(records: readonly LogRecord[], options: ReplayOptions = {}, waitsMs: readonly number[] = []) {
  const clock = createManualClock();
  const noting = new NotingBus(clock);
  noting.waitsMs.push(...waitsMs);
  const made = createReplay(() => stream(records), noting.bus, { clock, ...options });
  const report = await clock.runUntil(made.run());
  return { sent: noting.sent, times: noting.sent.map(([, ms]) => ms), report };
}

describe("createReplay()", () => {
  test("run() sends each frame at its time in the log, in its order", async () => {
    const { sent, report } = await replay(log(0, 1.5, 1.5, 40, 3_600_040));
    expect(sent).toEqual([
      ["000#", 0],
      ["001#", 1.5],
      ["002#", 1.5],
      ["003#", 40],
      ["004#", 3_600_040],
    ]);
    const latenessNs = { mean: 0, p50: 0, p99: 0, max: 0 };
    expect(report).toEqual({
      sentFrames: 5,
      skippedFrames: 0,
      rounds: 1,
      congestions: 0,
      backwardFrames: 0,
      latenessNs,
    });
  });

  test.each<[string, ReplayOptions, number[]]>([
    ["speed 2", { speed: 2 }, [0, 5, 505, 505]],
    ["speed 0.5", { speed: 0.5 }, [0, 20, 2020, 2020]],
    ["speed Infinity", { speed: Number.POSITIVE_INFINITY }, [0, 0, 0, 0]],
    ["maxGapMs", { maxGapMs: 100 }, [0, 10, 110, 110]],
    ["maxGapMs and speed", { maxGapMs: 100, speed: 2 }, [0, 5, 55, 55]],
    ["fixedGapMs", { fixedGapMs: 3 }, [0, 3, 6, 9]],
    ["fixedGapMs 0", { fixedGapMs: 0 }, [0, 0, 0, 0]],
    ["maxFramesPerSecond", { maxFramesPerSecond: 50 }, [0, 20, 1010, 1030]],
    ["maxFramesPerSecond and speed", { maxFramesPerSecond: 200, speed: Number.POSITIVE_INFINITY }, [0, 5, 10, 15]],
    ["rounds", { rounds: 2 }, [0, 10, 1010, 1010, 1010, 1020, 2020, 2020]],
    ["rounds and fixedGapMs", { rounds: 2, fixedGapMs: 1 }, [0, 1, 2, 3, 4, 5, 6, 7]],
  ])("run() keeps the times of %s", async (_, options, wanted) => {
    const { times, report } = await replay(log(0, 10, 1010, 1010), options);
    expect(times).toEqual(wanted);
    expect(report).toMatchObject({ rounds: options.rounds ?? 1, sentFrames: wanted.length, latenessNs: { max: 0 } });
  });

  test("run() goes on at the times of the log after the bus had no room, and tells how late it was", async () => {
    const { times, report } = await replay(log(0, 1, 2, 30), {}, [0, 10]);
    expect(times).toEqual([0, 11, 11, 30]);
    expect(report).toMatchObject({ congestions: 2, sentFrames: 4, latenessNs: { mean: 19e6 / 4, max: 10e6 } });
    expect(report.latenessNs.p50).toBeLessThan(10e6);
    expect(report.latenessNs.p99).toBe(10e6);
  });

  test("run() sends a frame at once whose time goes back, and counts it", async () => {
    const { times, report } = await replay(log(100, 150, 20, 30));
    expect(times).toEqual([0, 50, 50, 60]);
    expect(report.backwardFrames).toBe(1);
  });

  test("run() sends to the bus of each interface and leaves out and counts what is not wanted", async () => {
    const clock = createManualClock();
    const buses = { can0: new NotingBus(clock), can1: new NotingBus(clock) };
    const records: LogRecord[] = [
      base,
      { ...base, interfaceName: "can1", direction: "received" },
      { ...base, interfaceName: "can2", direction: "received" },
      { ...base, interfaceName: "can1", frame: parseFrame("20000004#0004000000000000"), direction: "received" },
      { ...base, interfaceName: "can1", direction: "sent" },
    ];
    const busOf = async (name: string) => (name === "can0" || name === "can1" ? buses[name].bus : undefined);
    const reportOf = async (options: ReplayOptions) =>
      await clock.runUntil(createReplay(stream(records), busOf, { clock, ...options }).run());
    expect(await reportOf({})).toMatchObject({ sentFrames: 3, skippedFrames: 2 });
    expect(await reportOf({ direction: "received" })).toMatchObject({ sentFrames: 1, skippedFrames: 4 });
    expect(await reportOf({ direction: "received", errorFrames: true })).toMatchObject({
      sentFrames: 2,
      skippedFrames: 3,
    });
    expect(buses.can0.sent).toHaveLength(1);
    expect(buses.can1.sent.map(([text]) => text)).toEqual([
      "001#",
      "001#",
      "001#",
      "001#",
      "20000004#0004000000000000",
    ]);
  });

  test("run() replays a candump log of another pace than the clock's as it was written", async () => {
    const clock = createManualClock();
    const noting = new NotingBus(clock);
    const text = "(10.000000) can0 123#11\n(10.000250) can0 123##5AB\n(10.000500) can0 123#R4\n";
    await clock.runUntil(createReplay(readCandumpLog([text]), noting.bus, { clock }).run());
    expect(noting.sent).toEqual([
      ["123#11", 0],
      ["123##5AB", 0.25],
      ["123#R4", 0.5],
    ]);
  });

  test("run() stops in the middle of a pause when its signal aborts, and leaves nothing scheduled", async () => {
    const clock = createManualClock();
    const noting = new NotingBus(clock);
    let closed = false;
    async function* source() {
      try {
        yield* stream(log(0, 1000));
      } finally {
        closed = true;
      }
    }
    const stop = new AbortController();
    const made = createReplay(source(), noting.bus, { clock });
    const running = made.run({ signal: stop.signal });
    await clock.advance(10);
    stop.abort(new Error("enough"));
    await expect(running).rejects.toThrow("enough");
    expect([noting.sent.length, clock.scheduled, closed]).toEqual([1, 0, true]);
    expect(made.report).toMatchObject({ sentFrames: 1, rounds: 0 });
    await expect(made.run()).rejects.toThrow(TypeError);
  });

  test("run() gives others their turn in a replay without pauses, of an empty log too", async () => {
    const stop = new AbortController();
    const empty = createReplay(() => stream([]), new NotingBus(createManualClock()).bus, {
      rounds: Number.POSITIVE_INFINITY,
    });
    const timer = setTimeout(() => stop.abort(new Error("stopped")), 5);
    await expect(empty.run({ signal: stop.signal })).rejects.toThrow("stopped");
    clearTimeout(timer);
  });

  test("run() passes on what the bus throws", async () => {
    const bus = {
      trySend: () => {
        throw new RangeError("no FD here");
      },
    } as unknown as CanBus;
    await expect(createReplay(stream([base]), bus).run()).rejects.toThrow("no FD here");
  });

  test.each<[string, object]>([
    ["speed 0", { speed: 0 }],
    ["a negative gap", { maxGapMs: -1 }],
    ["a gap that is no number", { fixedGapMs: "1" }],
    ["a rate of NaN", { maxFramesPerSecond: Number.NaN }],
    ["half a round", { rounds: 1.5 }],
    ["an unknown direction", { direction: "both" }],
  ])("createReplay() throws a RangeError for %s", (_, options) => {
    expect(() => createReplay(() => stream([]), new NotingBus(createManualClock()).bus, options)).toThrow(RangeError);
  });

  test("createReplay() throws a TypeError for an unknown option, and for rounds of a stream that is read once", () => {
    const { bus } = new NotingBus(createManualClock());
    expect(() => createReplay(stream([]), bus, { loop: 2 } as never)).toThrow(TypeError);
    expect(() => createReplay(stream([]), bus, { rounds: 2 })).toThrow(TypeError);
  });
});
