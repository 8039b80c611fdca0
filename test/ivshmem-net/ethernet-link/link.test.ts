import { describe, expect, onTestFinished, test } from "vitest";
import { describeChannelOver } from "../../channel/channel-contract.js";
import { describeLink } from "../../channel/link-contract.js";
import { expectNoneLost } from "../../channel/none-lost.js";
import { describeBody } from "../../channel/one-body.js";
import { mishaps } from "../../support/mishaps.js";
import { needsCable } from "../ethernet/cable.js";
import { cableWay, EthernetPair, endpointWay, small, type Way } from "./ethernet-pair.js";

const limits = { noSpin: true };

function describeOver(name: string, makeWay: () => Way): void {
  describeLink(name, () => new EthernetPair(makeWay(), small), limits);
  describeChannelOver(name, () => new EthernetPair(makeWay(), small), limits);
  describeBody(name, () => new EthernetPair(makeWay()));

  test(`${name} loses no record and hands none on twice when frames get lost and doubled`, async () => {
    const pair = new EthernetPair(makeWay(), { ...small, stallMs: 2000 }, mishaps());
    onTestFinished(() => pair.close());
    await expectNoneLost(pair);
    const { frames } = pair.left.statistics;
    expect(frames.resentRecords).toBeGreaterThan(0);
    expect(frames).toMatchObject({ sessions: 1, lostRecords: 0, invalidFrames: 0 });
  });
}

describe("EthernetLink on an interface of the kernel", needsCable, () => {
  describeOver("EthernetLink on a packet socket", cableWay);
});

describe("EthernetLink on an endpoint", () => {
  describeOver("EthernetLink on an endpoint", endpointWay);
});
