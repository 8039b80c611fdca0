import { describe, expect, onTestFinished, test } from "vitest";
import { openNetLink } from "../../../src/ivshmem-net/index.js";
import { type Attached, attach, commitBytes } from "../../channel/link-pair.js";
import { until } from "../../channel/until.js";
import { loopback4, NetLinkPair, type Place } from "./net-link-pair.js";
import { expectReadyToSay } from "./ready-message.js";
import { freePort } from "./relay.js";

const COUNT = 400;

const recordOf = (index: number): number[] =>
  Array.from({ length: 40 + (index % 50) }, (_, at) => (at === 0 ? index >> 8 : index) & 0xff);

const wanted = Array.from({ length: COUNT }, (_, index) => recordOf(index));

async function openBoth(pair: NetLinkPair): Promise<[Attached, Attached]> {
  const both: [Attached, Attached] = [attach(pair.left), attach(pair.right)];
  await until(() => both.every(({ port }) => port.open), "both ports are open");
  return both;
}

async function openPair(options = {}, place: Place = loopback4): Promise<NetLinkPair> {
  const pair = await NetLinkPair.open(place, "connect", { windowBytes: 4096, ...options });
  onTestFinished(() => pair.close());
  return pair;
}

describe("NetLink whose connection breaks", () => {
  test("loses no record and hands none on twice, however often", async () => {
    const pair = await openPair({ heartbeatMs: 20 });
    const both = await openBoth(pair);
    const sent = [0, 0];
    let breaks = 0;
    await until(() => {
      both.forEach(({ port }, side) => {
        // Little at a time, so that the breaks come in between.
        for (let burst = 0; burst < 5 && (sent[side] as number) < COUNT; burst++) {
          if (commitBytes(port, recordOf(sent[side] as number)) < 0) break;
          sent[side] = (sent[side] as number) + 1;
        }
      });
      const seen = both[1].seen.records.length;
      if (seen >= (breaks + 1) * 40 && breaks < 8) {
        breaks++;
        pair.relay.cut();
      }
      return both.every((side) => side.seen.records.length >= COUNT);
    }, "all are there");
    for (const { seen } of both) expect(seen.records.map(({ bytes }) => bytes)).toEqual(wanted);
    expect(breaks).toBe(8);
    expect(pair.left.statistics).toMatchObject({ sessions: 1, lostRecords: 0 });
    expect(pair.left.statistics.connections).toBeGreaterThan(breaks);
    expect(both.flatMap(({ seen }) => seen.downs).filter(({ resumable }) => !resumable)).toEqual([]);
  });

  test("carries latest values over the new connection", async () => {
    const pair = await openPair({ heartbeatMs: 20 });
    const left = attach(pair.left, "topics", 1n, [8]);
    const right = attach(pair.right, "topics", 1n, [8]);
    await until(() => left.port.open && right.port.open, "both ports are open");
    const target = new Uint8Array(8);
    for (let value = 1; value <= 3; value++) {
      left.port.publish(0, Uint8Array.of(value));
      await until(() => right.port.readLatest(0, target) === 1 && target[0] === value, "the value is there");
      pair.relay.cut();
      await until(() => pair.left.statistics.connections > value, "there is a new connection");
    }
    expect(pair.left.statistics.sentDatagrams).toBeGreaterThanOrEqual(3);
  });
});

describe("NetLink whose peer falls silent", () => {
  test("is stalled, cuts the connection, and goes on in the same session later", async () => {
    const pair = await openPair({ heartbeatMs: 20, stallMs: 200 });
    const [left, right] = await openBoth(pair);
    pair.suspendRight();
    await until(() => pair.left.status === "stalled", "the peer is missed");
    await until(() => pair.left.statistics.silentConnections > 0, "the connection is cut");
    pair.resumeRight();
    await until(() => pair.left.status === "up", "the peer is back");
    commitBytes(left.port, [1]);
    await until(() => right.seen.records.length === 1, "records flow");
    expect(pair.left.statistics.sessions).toBe(1);
  });
});

describe("ready()", () => {
  test.each([
    ["nobody connects", { role: "listen" as const }, /nobody has connected to lo on port \d+/],
    [
      "nobody listens",
      { role: "connect" as const, peerAddress: "127.0.0.1" },
      /cannot connect to 127.0.0.1 on lo, port \d+: .*ECONNREFUSED/,
    ],
    [
      "the interface does not have the address",
      { role: "listen" as const, localAddress: "192.0.2.77" },
      /lo does not have the address 192.0.2.77 that can be used/,
    ],
  ])("says so when %s", async (_, options, message) => {
    const port = await freePort("127.0.0.1");
    const link = openNetLink("lo", { localAddress: "127.0.0.1", port, ...options });
    onTestFinished(() => link.close());
    await expectReadyToSay(link, message);
  });

  test("names the port when another program has it, and an error tells of it once", async () => {
    const port = await freePort("127.0.0.1");
    const [first, second] = [1, 2].map(() => openNetLink("lo", { localAddress: "127.0.0.1", port, role: "listen" }));
    onTestFinished(() => {
      for (const link of [first, second]) link?.close();
    });
    const errors: unknown[] = [];
    for (const link of [first, second]) link?.events.on("error", (error) => errors.push(error));
    await until(() => errors.length > 0, "one of them is told");
    const late = await Promise.allSettled([first, second].map((link) => link?.ready({ timeoutMs: 700 })));
    expect(late.map((result) => String(result.status === "rejected" && result.reason))).toContainEqual(
      expect.stringMatching(/Cannot use port \d+ of lo: .*EADDRINUSE/),
    );
    expect(errors).toMatchObject([{ code: "EADDRINUSE" }]);
  });
});
