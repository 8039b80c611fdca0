import { describe, expect, onTestFinished, test } from "vitest";
import { describeChannelOver } from "../channel/channel-contract.js";
import { describeLink } from "../channel/link-contract.js";
import { attach, commitBytes } from "../channel/link-pair.js";
import { expectNoneLost } from "../channel/none-lost.js";
import { describeBody } from "../channel/one-body.js";
import { turns, until } from "../channel/until.js";
import { block } from "../support/block.js";
import { mishaps } from "../support/mishaps.js";
import { MemoryCarrierPair } from "./memory-pair.js";

const limits = { noSpin: true };

/** Small, so that it fills up; and with a peer that is soon missed. */
const small = { windowBytes: 4096, heartbeatMs: 20, stallMs: 200 };

const perfect = () => new MemoryCarrierPair(small);
describeLink("CarriedLink", perfect, limits);
describeChannelOver("CarriedLink", perfect, limits);
describeBody("a wire in this process", perfect);

describe("CarriedLink over a wire that loses and doubles", () => {
  test("loses no record and hands none on twice", async () => {
    const pair = new MemoryCarrierPair(small, mishaps());
    onTestFinished(() => pair.close());
    await expectNoneLost(pair);
    expect(pair.left.statistics.resentBytes).toBeGreaterThan(0);
  });
});

describe("CarriedLink when its carrier is down for a while", () => {
  test("goes on in the same session with nothing lost", async () => {
    const pair = new MemoryCarrierPair({ ...small, stallMs: 60_000 });
    onTestFinished(() => pair.close());
    const [left, right] = [attach(pair.left), attach(pair.right)];
    await until(() => left.port.open && right.port.open, "both ports are open");
    commitBytes(left.port, [1]);
    await until(() => right.seen.records.length === 1, "the first is there");
    pair.leftCarrier.up = false;
    for (const byte of [2, 3]) commitBytes(left.port, [byte]);
    commitBytes(right.port, [4]);
    await turns(50);
    expect(right.seen.records).toHaveLength(1);
    pair.leftCarrier.up = true;
    pair.rightCarrier.up = true;
    await until(() => right.seen.records.length === 3 && left.seen.records.length === 1, "all are there");
    expect(right.seen.records.map(({ bytes }) => bytes)).toEqual([[1], [2], [3]]);
    expect(pair.left.statistics).toMatchObject({ sessions: 1, lostRecords: 0 });
  });
});

describe("CarriedLink of a process that was stopped with its peer", () => {
  test("does not miss the peer for the time in which nobody could speak", async () => {
    const pair = new MemoryCarrierPair(small);
    onTestFinished(() => pair.close());
    const [left, right] = [attach(pair.left), attach(pair.right)];
    await until(() => left.port.open && right.port.open, "both ports are open");
    block(2 * small.stallMs);
    commitBytes(left.port, [1]);
    await until(() => right.seen.records.length === 1, "the record is there");
    await turns();
    expect([left.seen.downs, right.seen.downs]).toEqual([[], []]);
  });
});
