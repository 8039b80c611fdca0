import { describe, expect, test } from "vitest";
import {
  createVirtualBus,
  type LocalBusOptions,
  maskFilter,
  type ReceivedFrame,
  standardId,
} from "../../../src/can/index.js";
import { describeBus } from "../bus-contract.js";
import type { BusStage } from "../bus-stage.js";
import { frame, hear, makeBus, texts } from "./support.js";

describe("VirtualCan", () => {
  test("a node that is taken down loses what waits, refuses frames until it is up again, and its handles are told", async () => {
    const { clock, bus, cans } = makeBus("ab", { bitRate: 10_000 });
    const neighbour = bus.open({ node: "a" });
    const seen: string[] = [];
    for (const [name, can] of [
      ["sender", cans[0]],
      ["neighbour", neighbour],
      ["other", cans[1]],
    ] as const) {
      can.events.on("status", (status) => seen.push(`${name} ${status}`));
    }
    const heard = hear(cans[1]);
    cans[0].trySend(frame(1));
    const confirmed = cans[0].sendConfirmed(frame(2));
    confirmed.catch(() => undefined);
    await clock.advance(0);
    await cans[0].setUp(false);
    await expect(confirmed).rejects.toMatchObject({ code: "ERR_UNCONFIRMED" });
    expect(seen).toEqual(["sender down", "neighbour down"]);
    expect(() => cans[0].trySend(frame(5))).toThrow(expect.objectContaining({ code: "ENETDOWN" }));
    await expect(neighbour.send(frame(5))).rejects.toMatchObject({ code: "ENETDOWN" });
    cans[1].trySend(frame(3));
    await cans[0].setUp(true);
    expect(seen).toEqual(["sender down", "neighbour down", "sender up", "neighbour up"]);
    cans[0].trySend(frame(4));
    await clock.advance(1000);
    // The first was on the wire.
    expect(texts(heard)).toEqual(["001#", "004#"]);
  });

  test("a bus that is closed leaves its handles removed", async () => {
    const { bus, clock, cans } = makeBus("ab", { bitRate: 1000 });
    const seen: string[] = [];
    cans[0].events.on("status", (status) => seen.push(status));
    const waiting = cans[0].sendConfirmed(frame(1));
    waiting.catch(() => undefined);
    await clock.advance(0);
    bus.close();
    bus[Symbol.dispose]();
    await expect(waiting).rejects.toMatchObject({ code: "ERR_UNCONFIRMED" });
    expect(() => cans[0].trySend(frame(1))).toThrow(expect.objectContaining({ code: "ENODEV" }));
    expect(seen).toEqual(["removed"]);
    expect(() => bus.open()).toThrow(TypeError);
    cans[0].close();
    expect(seen).toEqual(["removed", "closed"]);
  });

  test("receive() iterates over what arrives, counts what overflows, and ends with the handle", async () => {
    const { clock, cans } = makeBus("ab");
    const frames = cans[1].receive({ queueFrames: 2, filters: [maskFilter(standardId(0), 0x700)] });
    cans[0].trySendAll([frame(1), frame(0x700), frame(2), frame(3)]);
    await clock.advance(0);
    expect(cans[1].statistics.overflowedFrames).toBe(1);
    cans[1].close();
    const read: ReceivedFrame[] = [];
    for await (const received of frames) read.push(received);
    expect(texts(read)).toEqual(["002#", "003#"]);
  });
});

/** A bus within this process whose two ends are on these nodes. */
function openStage(nodes: readonly [string, string], options: LocalBusOptions = {}): BusStage {
  const bus = createVirtualBus(options);
  const first = bus.open({ node: nodes[0] });
  return {
    open: async (end, handle) => bus.open({ node: nodes[end], ...handle }),
    close: () => bus.close(),
    hold: () => bus.setHeld(true),
    release: () => bus.setHeld(false),
    setUp: (up) => first.setUp(up),
  };
}

const traits = { fd: true, remoteLengths: true, sendsErrors: true, holds: true, goesDown: true };
describeBus("a bus within a process", () => openStage(["a", "b"]), { ...traits, peerOrigin: "remote" });
const rated = { bitRate: 10_000_000 };
describeBus("two handles of one node", () => openStage(["a", "a"], rated), { ...traits, peerOrigin: "local" });
