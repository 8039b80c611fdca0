import { afterEach, describe, expect, onTestFinished, test } from "vitest";
import {
  type CanLink,
  type CanNode,
  type CanNodeOptions,
  createManualClock,
  createVirtualBus,
  dataFrame,
  extendedId,
  fdFrame,
  type ManualClock,
  openCan,
  standardId,
  type VirtualBus,
  type VirtualFaults,
} from "../../../src/can/index.js";
import { RecordKind } from "../../../src/channel/link.js";
import { IntercellError } from "../../../src/errors.js";
import { type Attached, attach, commitBytes } from "../../channel/link-pair.js";
import { readSeed } from "../../support/seed.js";
import { hex } from "../isotp/bytes.js";

interface Stage {
  readonly clock: ManualClock;
  readonly bus: VirtualBus;
  open(node: number, more?: Partial<CanNodeOptions>): CanNode;
  /** Moves the time on, in steps, until a condition holds. */
  run(condition: () => boolean, what: string): Promise<void>;
}

const opened: (CanNode | VirtualBus)[] = [];

afterEach(() => {
  for (const each of opened.splice(0).reverse()) each.close();
});

function makeStage(options: { faults?: VirtualFaults; bitRate?: number } = {}): Stage {
  const clock = createManualClock();
  const bus = createVirtualBus({ clock, ...options });
  opened.push(bus);
  return {
    clock,
    bus,
    open: (node, more = {}) => {
      const opening = openCan(bus.open({ node: `node${node}` }), { node, clock, ...more });
      opened.push(opening);
      return opening;
    },
    run: async (condition, what) => {
      for (let step = 0; !condition(); step++) {
        if (step > 5000) throw new Error(`Waited in vain until ${what}`);
        await clock.advance(10);
      }
    },
  };
}

async function openBoth(
  stage: Stage,
  links: readonly [CanLink, CanLink],
  name = "test",
): Promise<[Attached, Attached]> {
  const [left, right] = [attach(links[0], name), attach(links[1], name)];
  await stage.run(() => left.port.open && right.port.open, "both ports are open");
  return [left, right];
}

const bytesOf = (index: number) => [
  index & 0xff,
  index >>> 8,
  ...Array.from({ length: index % 40 }, () => index & 0xff),
];

describe("openCan()", () => {
  test("carries records of three nodes to those they are for, and broadcasts to all", async () => {
    const stage = makeStage({ bitRate: 500_000 });
    const nodes = [0, 7, 254].map((node) => stage.open(node));
    const [zero, seven, last] = nodes as [CanNode, CanNode, CanNode];
    const [a, b] = await openBoth(stage, [zero.link(7), seven.link(0)]);
    const [c, d] = await openBoth(stage, [zero.link(254), last.link(0)]);
    const [e, f] = await openBoth(stage, [seven.link(254), last.link(7)]);
    [a, b, c, d, e, f].forEach(({ port }, index) => {
      commitBytes(port, bytesOf(index));
    });
    a.port.broadcast(
      3,
      Uint8Array.from({ length: 100 }, (_, index) => index),
    );
    await stage.run(() => [a, b, c, d, e, f].every(({ seen }) => seen.records.length === 1), "all have theirs");
    await stage.run(() => b.seen.broadcasts.length === 1 && d.seen.broadcasts.length === 1, "both have the broadcast");
    expect([b, a, d, c, f, e].map(({ seen }) => seen.records[0]?.bytes)).toEqual([0, 1, 2, 3, 4, 5].map(bytesOf));
    expect(d.seen.broadcasts[0]?.bytes).toHaveLength(100);
    expect([e, f].map(({ seen }) => seen.broadcasts)).toEqual([[], []]);
  });

  test.each<[string, VirtualFaults]>([
    ["drops", { dropRate: 0.02 }],
    ["doubles", { duplicateRate: 0.02 }],
    ["destroys", { corruptRate: 0.05 }],
    ["delays", { delayMs: 1, maxDelayMs: 60 }],
    ["drops, doubles and delays", { dropRate: 0.01, duplicateRate: 0.01, maxDelayMs: 5 }],
  ])("loses no record and hands none on twice when the bus %s frames", async (_, faults) => {
    const stage = makeStage();
    const nodes = [stage.open(1, { windowBytes: 2048 }), stage.open(2, { windowBytes: 2048 })] as const;
    const [left, right] = await openBoth(stage, [nodes[0].link(2), nodes[1].link(1)]);
    stage.bus.setFaults({ ...faults, seed: readSeed() });
    const count = 200;
    const sent = [0, 0];
    const send = () => {
      [left, right].forEach(({ port }, side) => {
        while ((sent[side] as number) < count && commitBytes(port, bytesOf(sent[side] as number)) >= 0) {
          sent[side] = (sent[side] as number) + 1;
        }
      });
      return left.seen.records.length >= count && right.seen.records.length >= count;
    };
    await stage.run(send, "all are there");
    const wanted = Array.from({ length: count }, (_unused, index) => bytesOf(index));
    for (const { seen } of [left, right]) expect(seen.records.map(({ bytes }) => bytes)).toEqual(wanted);
    for (const { seen } of [left, right]) expect(seen.downs.every(({ resumable }) => resumable)).toBe(true);
  });

  test("publishes the newest value when the frames that carried it were lost", async () => {
    const stage = makeStage();
    const links = [stage.open(1).link(2), stage.open(2).link(1)] as const;
    const left = attach(links[0], "topics", 1n, [4]);
    const right = attach(links[1], "topics", 1n, [4]);
    await stage.run(() => left.port.open && right.port.open, "both ports are open");
    stage.bus.setFaults({ dropRate: 1, filters: [{ id: 0x1abd_0000, mask: 0x1fff_0000, inverted: false }] });
    left.port.publish(0, Uint8Array.of(1));
    await stage.clock.advance(100);
    stage.bus.setFaults();
    const target = new Uint8Array(4);
    await stage.run(() => right.port.readLatest(0, target) === 1, "it is there");
    expect([target[0], right.port.latestCount]).toEqual([1, 1]);
  });

  test("goes on when the heartbeats come back, with nothing lost", async () => {
    const stage = makeStage();
    const [left, right] = await openBoth(stage, [stage.open(1).link(2), stage.open(2).link(1)]);
    stage.bus.setFaults({ dropRate: 1 });
    commitBytes(left.port, [1]);
    await stage.clock.advance(1500);
    expect(left.seen.downs).toMatchObject([{ reason: "stalled", resumable: true }]);
    stage.bus.setFaults();
    await stage.run(() => right.seen.records.length === 1, "it is there");
    expect(left.seen.opens).toBe(2);
  });

  test("tells both nodes when their windows differ, once, and opens when one changes", async () => {
    const stage = makeStage();
    const left = stage.open(1);
    const right = stage.open(2, { windowBytes: 4096 });
    const errors: string[] = [];
    for (const link of [left.link(2), right.link(1)]) link.events.on("error", ({ message }) => errors.push(message));
    await stage.clock.advance(3000);
    expect(errors.some((message) => /window.*windowBytes/.test(message))).toBe(true);
    expect(errors.length).toBeLessThanOrEqual(4);
    expect(left.link(2).status).not.toBe("up");
    right.close();
    const again = stage.open(2);
    await openBoth(stage, [left.link(2), again.link(1)]);
  });

  test("tells of another node with its address", async () => {
    const stage = makeStage();
    const left = stage.open(1);
    const conflicts: unknown[] = [];
    left.events.on("conflict", (error) => conflicts.push(error));
    stage.open(1).link(3);
    await stage.clock.advance(1000);
    expect(conflicts).toEqual([expect.objectContaining({ code: "ERR_IN_USE" })]);
    expect(left.link(2).explain()).toMatch(/^another node on .* has the address 1 as well; give each node its own$/);
  });

  test.each([50, 400, 3000])("goes on once another node with its address has left after %i ms", async (ms) => {
    const stage = makeStage();
    const [left, right] = [stage.open(1), stage.open(2)];
    const [near, far] = await openBoth(stage, [left.link(2), right.link(1)]);
    const conflicts: unknown[] = [];
    right.events.on("conflict", (error) => conflicts.push(error));
    const double = stage.open(2);
    const doubled = attach(double.link(1));
    for (let count = 0; count < 20; count++) {
      commitBytes(far.port, [count]);
      far.port.flush();
      await stage.clock.advance(ms / 20);
    }
    expect(conflicts).toHaveLength(1);
    expect(doubled.seen.records).toEqual([]);
    double.bus.close();
    await stage.run(() => near.port.open && far.port.open && right.link(1).status === "up", "both are up again");
    const before = near.seen.records.length;
    commitBytes(far.port, [99]);
    await stage.run(() => near.seen.records.length > before, "a record arrives");
    expect(near.seen.records.at(-1)?.bytes).toEqual([99]);
    await stage.clock.advance(5000);
    expect([left.link(2).status, right.link(1).status]).toEqual(["up", "up"]);
  });

  test("works with standard ids", async () => {
    const stage = makeStage();
    const more = { base: standardId(0x600) };
    const [left, right] = await openBoth(stage, [stage.open(0, more).link(6), stage.open(6, more).link(0)]);
    commitBytes(left.port, [1, 2, 3], RecordKind.data, 9);
    await stage.run(() => right.seen.records.length === 1, "it is there");
    expect(right.seen.records[0]).toMatchObject({ message: 9, bytes: [1, 2, 3] });
  });

  test("closes one link and opens it again while the other stays up", async () => {
    const stage = makeStage();
    const [left, right, third] = [stage.open(1), stage.open(2), stage.open(3)];
    const [a, b] = await openBoth(stage, [left.link(2), right.link(1)]);
    const [c] = await openBoth(stage, [left.link(3), third.link(1)]);
    commitBytes(a.port, [5]);
    left.link(2).close();
    await stage.run(() => b.seen.downs.length === 1, "the peer is told");
    expect(b.seen.records.map(({ bytes }) => bytes)).toEqual([[5]]);
    const again = attach(left.link(2));
    await stage.run(() => again.port.open && b.port.open, "it is open again");
    expect(c.seen.downs).toEqual([]);
  });

  test("close() lets go of a bus that goes on, and a bus that closes takes the links along", async () => {
    const stage = makeStage();
    const left = stage.open(1);
    const right = stage.open(2);
    const [, b] = await openBoth(stage, [left.link(2), right.link(1)]);
    left.close();
    left.close();
    await stage.run(() => b.seen.downs.length === 1, "the peer is told");
    expect(left.bus.status).toBe("up");
    expect(() => left.link(2)).toThrow(expect.objectContaining({ code: "ERR_CLOSED" }));
    const link = right.link(1);
    right.bus.close();
    expect([right.closed, link.status]).toEqual([true, "closed"]);
    await stage.clock.advance(2000);
    expect(stage.clock.scheduled).toBe(0);
  });

  test("keeps other links and the process when a node sends nonsense", async () => {
    const stage = makeStage();
    const node = stage.open(1);
    const [left, right] = await openBoth(stage, [node.link(2), stage.open(2).link(1)]);
    const raw = stage.bus.open({ node: "hostile" });
    onTestFinished(() => raw.close());
    const hostile = node.link(3);
    let faults = 0;
    hostile.events.on("error", () => faults++);
    attach(hostile, "bait", 1n, [8]);
    let state = readSeed() | 1;
    const random = (): number => {
      state = Math.imul(state, 1_664_525) + 1_013_904_223;
      return (state >>> 8) & 0xffff;
    };
    const hello = (epoch: number) => [0x10, 16, epoch, 0, 0, 0, 0, 0];
    for (let round = 1; round <= 200; round++) {
      await raw.send(dataFrame(extendedId(0x1abc_0103), hello(round)));
      for (let index = 0; index < 20; index++) {
        const kind = random() % 3;
        const to = kind === 2 ? 0xff : 1;
        const id = extendedId(0x1abc_0000 + kind * 0x1_0000 + to * 0x100 + 3);
        const bytes = Uint8Array.from({ length: random() % 12 }, () => (random() & 1 ? random() & 0x1f : random()));
        await raw.send(bytes.length <= 8 ? dataFrame(id, bytes) : fdFrame(id, bytes));
      }
      await stage.clock.advance(5);
    }
    expect(faults).toBeGreaterThan(0);
    commitBytes(left.port, [1]);
    await stage.run(() => right.seen.records.length === 1, "records flow");
    expect(left.seen.downs).toEqual([]);
  });

  test.each<[string, string]>([
    ["a record of a channel that was never announced", "01 05 00 01 AA"],
    ["an announcement cut short", "05 05 00 03 01 02 03"],
    ["a name that is not UTF-8", "05 05 00 0C 01 02 03 04 05 06 07 08 01 01 FF 61"],
    ["channel 0", "05 00 00 0C 01 02 03 04 05 06 07 08 01 01 61 61"],
    ["a withdrawal of nothing", "06 05 00 00"],
    ["a kind that does not exist", "09 05 00 00"],
  ])("refuses a peer that sends %s", async (_, record) => {
    const stage = makeStage();
    const node = stage.open(1);
    const raw = stage.bus.open({ node: "hostile" });
    onTestFinished(() => raw.close());
    const link = node.link(3);
    const errors: string[] = [];
    link.events.on("error", ({ code }) => errors.push(code));
    let epoch: number[] = [];
    raw.listen(({ frame }) => {
      if (frame.kind === "data" && frame.data[0] === 0x10) epoch = [...frame.data.slice(2, 5)];
    });
    await stage.run(() => epoch.length > 0, "the node says hello");
    await raw.send(dataFrame(extendedId(0x1abc_0103), [0x10, 16, 9, 0, 0, ...epoch]));
    await stage.run(() => link.status === "up", "the link is up");
    const [low = 0, middle = 0, high = 0] = epoch;
    const tag = (9 * 5 + low + middle * 0x100 + high * 0x1_0000) & 0x7fff;
    const bytes = hex(record);
    const pdu = [tag & 0xff, tag >>> 8, 0, 0, 0, ...bytes];
    await raw.send(fdFrame(extendedId(0x1abd_0103), pdu.length <= 7 ? [pdu.length, ...pdu] : [0, pdu.length, ...pdu]));
    await stage.run(() => errors.length > 0, "it is told");
    expect([errors, link.status]).toEqual([["ERR_PROTOCOL"], "refused"]);
    expect(link.statistics.faults).toBe(1);
  });

  test.each<[string, Partial<CanNodeOptions>, unknown]>([
    ["no address", { node: undefined as unknown as number }, RangeError],
    ["the address of all", { node: 255 }, RangeError],
    ["a window that is no power of two", { windowBytes: 5000 }, RangeError],
    ["a window that is too small", { windowBytes: 512 }, RangeError],
    ["no heartbeat", { heartbeatMs: 0 }, RangeError],
    ["a base with low bits", { base: extendedId(5) }, RangeError],
    ["a third way to segment", { segmentation: "none" as "kernel" }, TypeError],
    ["the kernel's ISO-TP on a bus that is not the kernel's", { segmentation: "kernel" }, IntercellError],
    ["an unknown option", { peers: 3 } as Partial<CanNodeOptions>, TypeError],
  ])("refuses %s", (_, more, type) => {
    expect(() => makeStage().open(1, more)).toThrow(type as typeof RangeError);
  });

  test("link() refuses this node and those that cannot be", () => {
    const node = makeStage().open(1);
    expect(() => node.link(1)).toThrow(RangeError);
    expect(() => node.link(255)).toThrow(RangeError);
    expect(() => attach(node.link(2), "topics", 1n, [10_000])).toThrow(expect.objectContaining({ code: "ERR_FULL" }));
  });
});
