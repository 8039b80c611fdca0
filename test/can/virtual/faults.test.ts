import { describe, expect, test } from "vitest";
import {
  ALL_ERRORS,
  type CanFrame,
  decodeErrorFrame,
  type LocalBusOptions,
  maskFilter,
  type ReceivedFrame,
  standardId,
  wireTimeNs,
} from "../../../src/can/index.js";
import { frame, hear, makeBus, texts } from "./support.js";

describe("createVirtualBus() with faults", () => {
  /** What arrives of 1000 frames, by their numbers. */
  async function arrivals(options: LocalBusOptions): Promise<number[]> {
    const { clock, cans } = makeBus("ab", options, { txQueueFrames: 1024 });
    const heard = hear(cans[1]);
    cans[0].trySendAll(Array.from({ length: 1000 }, (_, id) => frame(id)));
    await clock.advance(1000);
    return heard.map(({ frame: each }) => (each.kind === "data" ? each.id : -1));
  }

  test("dropRate and duplicateRate meet about their share, the same for the same seed", async () => {
    const dropped = await arrivals({ faults: { dropRate: 0.2, seed: 7 } });
    expect(dropped.length).toBeGreaterThan(700);
    expect(dropped.length).toBeLessThan(900);
    expect(new Set(dropped).size).toBe(dropped.length);
    expect(await arrivals({ faults: { dropRate: 0.2, seed: 7 } })).toEqual(dropped);
    expect(await arrivals({ faults: { dropRate: 0.2, seed: 8 } })).not.toEqual(dropped);
    expect(await arrivals({ faults: { dropRate: 1 } })).toEqual([]);
    const doubled = await arrivals({ faults: { duplicateRate: 0.2, seed: 7 } });
    expect(doubled.length).toBeGreaterThan(1100);
    expect(doubled.length).toBeLessThan(1300);
    expect([...new Set(doubled)]).toHaveLength(1000);
    expect(doubled).toEqual([...doubled].sort((one, other) => one - other));
  });

  test("filters choose the frames that meet faults, and fateOf single ones", async () => {
    const faults = { dropRate: 1, filters: [maskFilter(standardId(0), 0x001)] };
    expect(await arrivals({ faults })).toEqual(Array.from({ length: 500 }, (_, index) => 2 * index + 1));
    let count = 0;
    const fateOf = () => {
      count += 1;
      return count === 3 ? { drop: true } : count === 5 ? { duplicate: true } : undefined;
    };
    expect((await arrivals({ fateOf })).slice(0, 6)).toEqual([0, 1, 3, 4, 4, 5]);
  });

  test("delayMs holds frames back and keeps their order", async () => {
    const { clock, bus, cans } = makeBus("ab", { faults: { delayMs: 10, maxDelayMs: 30 } });
    const heard = hear(cans[1]);
    const sent = Array.from({ length: 50 }, (_, id) => frame(id));
    cans[0].trySendAll(sent);
    await clock.advance(9.9);
    expect(heard).toEqual([]);
    await clock.advance(21);
    expect(heard.map(({ frame: each }) => each)).toEqual(sent);
    for (const { timestamp } of heard) expect(timestamp.nanoseconds).toBeGreaterThanOrEqual(10e6);
    expect(bus.statistics.delayedFrames).toBe(50);
    bus.setFaults();
    cans[0].trySend(frame(1));
    await clock.advance(0);
    expect(heard).toHaveLength(51);
  });

  test("a destroyed frame is sent again and moves the error counters, which good frames bring back", async () => {
    const fateOf = (_: CanFrame, attempt: number) => ({ corrupt: attempt < 2 });
    const { clock, bus, cans } = makeBus("ab", { fateOf, bitRate: 1_000_000 }, { errorMask: ALL_ERRORS });
    const [sender, receiver] = [hear(cans[0], true), hear(cans[1])];
    const confirmed = cans[0].sendConfirmed(frame(1));
    await clock.runUntil(confirmed);
    const kinds = (heard: ReceivedFrame[]) => heard.map((each) => each.frame.kind);
    expect(kinds(receiver)).toEqual(["error", "error", "data"]);
    expect(kinds(sender)).toEqual(["error", "error", "data"]);
    const reports = [sender, receiver].map((heard) => {
      const [first] = heard;
      return first?.frame.kind === "error" ? decodeErrorFrame(first.frame).protocol?.violations : undefined;
    });
    expect(reports).toEqual([["single-bit", "transmitting"], ["single-bit"]]);
    expect(cans[0].statistics.errorFrames).toBe(2);
    await cans[0].restart();
    expect(bus.statistics).toMatchObject({ frames: 1, corruptedFrames: 2 });
    // Three times on the wire, and 17 bits for each error frame.
    expect(bus.statistics.busyNs).toBeCloseTo(3 * wireTimeNs(frame(1), { bitRate: 1_000_000 }), 3);
    expect(clock.elapsedNs()).toBeCloseTo(bus.statistics.busyNs + 2 * 17_000, 3);
  });

  test("a node that fails for good goes through its states to bus-off, loses its frames, and comes back by restart()", async () => {
    let broken = true;
    const { clock, cans } = makeBus("ab", { fateOf: () => ({ corrupt: broken }) }, { errorMask: ALL_ERRORS });
    const heard = hear(cans[0]);
    const arrived = hear(cans[1]);
    const unconfirmed = cans[0].sendConfirmed(frame(1));
    unconfirmed.catch(() => undefined);
    await clock.advance(0);
    await expect(unconfirmed).rejects.toMatchObject({ code: "ERR_UNCONFIRMED" });
    const states = heard.flatMap(({ frame: each }): readonly unknown[] => {
      const report = each.kind === "error" ? decodeErrorFrame(each) : undefined;
      return report?.busOff === true ? ["bus-off"] : (report?.controller ?? []);
    });
    expect(states).toEqual(["tx-warning", "tx-passive", "bus-off"]);
    expect(cans[0].node).toEqual({ up: true, state: "bus-off", txErrors: 256, rxErrors: 0 });
    // 32 errors of 8 points each; a receiver counts one each.
    expect(cans[1].node.state).toBe("error-active");
    expect(cans[0].status).toBe("up");
    expect(arrived.filter(({ frame: each }) => each.kind === "data")).toEqual([]);
    // As from a kernel whose device is off the bus, there is no room until it is back.
    expect(cans[0].trySend(frame(3))).toBe(false);
    const waiting = cans[0].sendConfirmed(frame(4));
    cans[1].trySend(frame(2));
    broken = false;
    await clock.advance(10);
    // A node that is off the bus hears nothing.
    expect(heard.some(({ frame: each }) => each.kind === "data")).toBe(false);
    await cans[0].restart();
    await clock.runUntil(waiting);
    expect(texts(arrived.filter(({ frame: each }) => each.kind === "data"))).toEqual(["004#"]);
    expect(cans[0].node).toMatchObject({ state: "error-active", txErrors: 0 });
  });

  test("restartMs brings a node back by itself, and goBusOff() takes it off", async () => {
    const { clock, cans } = makeBus("ab", { restartMs: 100 }, { errorMask: ALL_ERRORS });
    const heard = hear(cans[1]);
    await cans[0].goBusOff();
    const waiting = cans[0].send(frame(1));
    await clock.advance(99);
    expect([heard.length, cans[0].node.state]).toEqual([0, "bus-off"]);
    await clock.advance(1);
    await waiting;
    expect(texts(heard)).toEqual(["001#"]);
    expect(clock.scheduled).toBe(0);
  });
});
