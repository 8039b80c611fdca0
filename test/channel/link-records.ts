import { expect, test } from "vitest";
import { NO_ROOM, RecordKind } from "../../src/channel/index.js";
import {
  attach,
  commitBytes,
  FILL_BYTES,
  fill,
  type LinkLimits,
  type LinkPair,
  type OpenBoth,
  type ReceivedRecord,
} from "./link-pair.js";
import { until } from "./until.js";

export function describeRecords(pair: () => LinkPair, openBoth: OpenBoth): void {
  test("commit() delivers records of every kind and length in order", async () => {
    const { left, right } = await openBoth();
    const kinds = [RecordKind.data, RecordKind.request, RecordKind.reply, RecordKind.error, RecordKind.cancel];
    const sent: ReceivedRecord[] = [];
    for (const kind of kinds) {
      for (const length of [16, 17, 23, 24, 61]) {
        const bytes = Array.from({ length }, (_, index) =>
          index < 10 && kind !== RecordKind.data ? 0 : index + length,
        );
        let sequence = commitBytes(left.port, bytes, kind, length);
        while (sequence === NO_ROOM) {
          await until(() => left.port.claim(length) !== NO_ROOM, "there is room");
          sequence = commitBytes(left.port, bytes, kind, length);
        }
        sent.push({ kind, message: length, sequence, bytes });
      }
    }
    await until(() => right.seen.records.length === sent.length, "all records are there");
    expect(right.seen.records).toEqual(sent);
    expect(right.seen.misaligned).toBe(0);
  });

  test("commit() delivers a record without payload", async () => {
    const { left, right } = await openBoth();
    const sequence = commitBytes(left.port, [], RecordKind.data, 65_535);
    await until(() => right.seen.records.length === 1, "it is there");
    expect(right.seen.records).toEqual([{ kind: RecordKind.data, message: 65_535, sequence, bytes: [] }]);
  });

  test("commit() keeps what was committed first when a claim of before was forgotten", async () => {
    const { left, right } = await openBoth();
    const offset = left.port.claim(64);
    new Uint8Array(left.port.view.buffer, left.port.view.byteOffset + offset, 64).fill(0xff);
    commitBytes(left.port, [1, 2, 3]);
    await until(() => right.seen.records.length === 1, "it is there");
    expect(right.seen.records[0]?.bytes).toEqual([1, 2, 3]);
  });

  test("commit() throws when no claim stands", async () => {
    const { left } = await openBoth();
    left.port.claim(8);
    commitBytes(left.port, [1]);
    expect(() => left.port.commit(RecordKind.data, 0, 8)).toThrow(Error);
  });

  test("claim() takes maxPayload and throws ERR_TOO_LARGE beyond", async () => {
    const { left, right } = await openBoth();
    const { maxPayload } = left.port;
    expect(() => left.port.claim(maxPayload + 1)).toThrow(expect.objectContaining({ code: "ERR_TOO_LARGE" }));
    for (let round = 0; round < 5; round++) {
      const bytes = Array.from({ length: maxPayload }, (_, index) => (index * 7 + round) & 0xff);
      await until(() => commitBytes(left.port, bytes) !== NO_ROOM, "there is room");
      await until(() => right.seen.records.length === round + 1, "it is there");
      expect(right.seen.records[round]?.bytes).toEqual(bytes);
    }
  });

  test("unacknowledgedBytes falls to 0 when the peer has taken everything", async () => {
    const { left, right } = await openBoth();
    commitBytes(left.port, [1, 2, 3]);
    expect(left.port.unacknowledgedBytes).toBeGreaterThanOrEqual(3);
    await until(() => left.port.unacknowledgedBytes === 0, "it is acknowledged");
    expect(right.seen.records).toHaveLength(1);
  });

  test("statistics count records and bytes of payload", async () => {
    const { left, right } = await openBoth();
    const before = { left: pair().left.statistics, right: pair().right.statistics };
    for (let index = 0; index < 5; index++) commitBytes(left.port, [1, 2, 3]);
    await until(() => right.seen.records.length === 5, "all are there");
    const { sentRecords } = pair().left.statistics;
    const { receivedRecords } = pair().right.statistics;
    expect(sentRecords - before.left.sentRecords).toBe(5);
    expect(receivedRecords - before.right.receivedRecords).toBe(5);
  });

  test("channels do not mix when several are open on one link", async () => {
    const names = ["a", "b", "c"];
    const lefts = names.map((name) => attach(pair().left, name));
    const rights = [...names].reverse().map((name) => attach(pair().right, name));
    await until(() => [...lefts, ...rights].every(({ port }) => port.open), "all are open");
    lefts.forEach(({ port }, index) => {
      commitBytes(port, [index]);
    });
    await until(() => rights.every(({ seen }) => seen.records.length === 1), "all have theirs");
    expect(rights.map(({ seen }) => seen.records[0]?.bytes)).toEqual([[2], [1], [0]]);
  });
}

export function describeSpin(pair: () => LinkPair, openBoth: OpenBoth): void {
  test("flush() and poll() move records when the event loop does not turn", async () => {
    const { left, right } = await openBoth();
    commitBytes(left.port, [5]);
    left.port.flush();
    let polls = 0;
    while (right.seen.records.length === 0 && polls < 1_000_000) {
      pair().right.poll();
      polls++;
    }
    expect(right.seen.records.map((record) => record.bytes)).toEqual([[5]]);
  });
}

export function describePressure(openBoth: OpenBoth): void {
  test("room() follows once when a claim found none", async () => {
    const { left, right } = await openBoth();
    right.seen.refusals = 1;
    const committed = await fill(left, right);
    expect(left.port.claim(FILL_BYTES)).toBe(NO_ROOM);
    right.port.resume();
    await until(() => left.seen.rooms > 0, "there is room");
    expect(left.port.claim(FILL_BYTES)).not.toBe(NO_ROOM);
    await until(() => right.seen.records.length === committed, "all are there");
    expect(left.seen.rooms).toBe(1);
  });

  test("record() gets the same record again after resume() when it returned false", async () => {
    const { left, right } = await openBoth();
    right.seen.refusals = 1;
    const sequences = [1, 2, 3].map((byte) => commitBytes(left.port, [byte]));
    await until(() => right.seen.refusals === 0, "the first was turned down");
    expect(right.seen.records).toEqual([]);
    right.port.resume();
    expect(right.seen.records).toEqual([]);
    await until(() => right.seen.records.length === 3, "all are there");
    expect(right.seen.records.map((record) => record.sequence)).toEqual(sequences);
    expect(right.seen.records.map((record) => record.bytes)).toEqual([[1], [2], [3]]);
  });
}

export function describeTopics(pair: () => LinkPair, limits: LinkLimits): void {
  if (limits.noTopics === true) {
    test("attach() throws ERR_UNSUPPORTED when a channel has topics", () => {
      expect(() => attach(pair().left, "topics", 1n, [8])).toThrow(
        expect.objectContaining({ code: "ERR_UNSUPPORTED" }),
      );
    });
    return;
  }

  test("readLatest() gives the newest value and how many there were", async () => {
    const left = attach(pair().left, "topics", 1n, [8, 40]);
    const right = attach(pair().right, "topics", 1n, [8, 40]);
    await until(() => left.port.open && right.port.open, "both ports are open");
    const target = new Uint8Array(40);
    expect(right.port.readLatest(1, target)).toBe(NO_ROOM);
    left.port.publish(1, Uint8Array.of(1, 2, 3));
    left.port.publish(1, Uint8Array.of(4, 5));
    left.port.publish(0, Uint8Array.of(9));
    left.port.flush();
    await until(() => right.port.readLatest(1, target) === 2 && right.port.latestCount === 2, "the newest is there");
    expect([...target.subarray(0, 2)]).toEqual([4, 5]);
    await until(() => right.port.readLatest(0, target) === 1, "the other topic is there");
    expect([target[0], right.port.latestCount]).toEqual([9, 1]);
    expect(left.port.readLatest(0, target)).toBe(NO_ROOM);
  });

  test("publish() throws ERR_TOO_LARGE when a value exceeds its topic", () => {
    const { port } = attach(pair().left, "topics", 1n, [8]);
    expect(() => port.publish(0, new Uint8Array(9))).toThrow(expect.objectContaining({ code: "ERR_TOO_LARGE" }));
  });
}

export function describeBroadcasts(pair: () => LinkPair, openBoth: OpenBoth, limits: LinkLimits): void {
  if (limits.noBroadcasts === true) {
    test("broadcast() throws ERR_UNSUPPORTED", async () => {
      const { left } = await openBoth();
      expect(() => left.port.broadcast(0, Uint8Array.of(1))).toThrow(
        expect.objectContaining({ code: "ERR_UNSUPPORTED" }),
      );
    });
    return;
  }

  test("broadcast() reaches the peer", async () => {
    const { left, right } = await openBoth();
    left.port.broadcast(3, Uint8Array.of(1, 2, 3));
    await until(() => right.seen.broadcasts.length === 1, "it is there");
    expect(right.seen.broadcasts).toEqual([{ message: 3, missed: 0, bytes: [1, 2, 3] }]);
    expect(left.seen.broadcasts).toEqual([]);
  });

  test("broadcast() never waits and what a slow peer misses is counted", async () => {
    const { left, right } = await openBoth();
    const count = 2000;
    // What is missed before the first one that arrives is not known to all links.
    left.port.broadcast(0, Uint8Array.of(0, 0));
    await until(() => right.seen.broadcasts.length === 1, "the first is there");
    for (let index = 1; index < count; index++) left.port.broadcast(0, Uint8Array.of(index & 0xff, index >> 8));
    const sum = (): number => right.seen.broadcasts.reduce((total, { missed }) => total + missed + 1, 0);
    await until(() => sum() === count, "received and missed add up");
    expect(right.seen.broadcasts.at(-1)?.bytes).toEqual([(count - 1) & 0xff, (count - 1) >> 8]);
    expect(pair().right.statistics.missedBroadcasts).toBe(count - right.seen.broadcasts.length);
  });
}
