import { describe, expect, onTestFinished, test } from "vitest";
import { describeChannelOver } from "../../channel/channel-contract.js";
import { describeLink } from "../../channel/link-contract.js";
import { attach, commitBytes } from "../../channel/link-pair.js";
import { describeBody } from "../../channel/one-body.js";
import { until } from "../../channel/until.js";
import { mishaps } from "../../support/mishaps.js";
import { needsCable } from "../ethernet/cable.js";
import { cableWay, EthernetPair, endpointWay, small, type Way } from "./ethernet-pair.js";

const limits = { noSpin: true };

const recordOf = (index: number): number[] =>
  Array.from({ length: 200 }, (_, at) => (at === 0 ? index >> 8 : index) & 0xff);

function describeOver(name: string, makeWay: () => Way): void {
  describeLink(name, () => new EthernetPair(makeWay(), small), limits);
  describeChannelOver(name, () => new EthernetPair(makeWay(), small), limits);
  describeBody(name, () => new EthernetPair(makeWay()));

  test(`${name} loses no record and hands none on twice when frames get lost and doubled`, async () => {
    const pair = new EthernetPair(makeWay(), { ...small, stallMs: 2000 }, mishaps());
    onTestFinished(() => pair.close());
    const [left, right] = [attach(pair.left), attach(pair.right)];
    await until(() => left.port.open && right.port.open, "both ports are open");
    const count = 300;
    let sent = 0;
    await until(() => {
      while (sent < count && commitBytes(left.port, recordOf(sent)) >= 0) sent++;
      return right.seen.records.length >= count;
    }, "all are there");
    expect(right.seen.records.map(({ bytes }) => bytes)).toEqual(
      Array.from({ length: count }, (_, at) => recordOf(at)),
    );
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
