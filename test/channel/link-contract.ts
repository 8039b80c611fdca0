import { afterEach, beforeEach, describe, expect, test } from "vitest";
import {
  type Link,
  type LinkDown,
  type LinkUp,
  NO_ROOM,
  type Port,
  type PortAnnouncement,
  type PortHandler,
  type PortRecordKind,
  RecordKind,
} from "../../src/channel/index.js";
import { isIntercellError } from "../../src/errors.js";
import { turns, until } from "./until.js";

/** Two links that are each other's peers. */
export interface LinkPair {
  readonly left: Link;
  /** Another object after {@link restartRight}. */
  readonly right: Link;
  /** Ends the right link without a word, as SIGKILL does, and starts another in its place. */
  restartRight?(): Promise<void> | void;
  /** Makes the right side absent for the left one while its session stands. */
  suspendRight?(): Promise<void> | void;
  /** Undoes {@link suspendRight}. */
  resumeRight?(): Promise<void> | void;
  /** Makes the right side break the protocol of the link. */
  breakRight?(): Promise<void> | void;
  close(): Promise<void> | void;
}

export type MakePair = () => Promise<LinkPair> | LinkPair;

/** What a kind of link cannot do, so that the contract asks for a refusal or nothing. */
export interface LinkLimits {
  /** Topics are refused at attach. */
  readonly noTopics?: boolean;
  /** Broadcasts are refused. */
  readonly noBroadcasts?: boolean;
  /** The pair cannot be made to restart, be absent, or misbehave. */
  readonly noRestart?: boolean;
  readonly noSuspend?: boolean;
  readonly noBreak?: boolean;
}

export interface ReceivedRecord {
  readonly kind: PortRecordKind;
  readonly message: number;
  readonly sequence: number;
  readonly bytes: readonly number[];
}

/** A handler that writes down what it is told. */
export class Recorder implements PortHandler {
  readonly records: ReceivedRecord[] = [];
  readonly broadcasts: { message: number; missed: number; bytes: readonly number[] }[] = [];
  readonly downs: LinkDown[] = [];
  readonly mismatches: PortAnnouncement[] = [];
  opens = 0;
  rooms = 0;
  misaligned = 0;
  /** Records that are turned down before each one that is taken. */
  refusals = 0;
  onRecord: (() => void) | undefined;

  record(
    kind: PortRecordKind,
    message: number,
    sequence: number,
    view: DataView,
    offset: number,
    length: number,
  ): boolean {
    if (this.refusals > 0) {
      this.refusals--;
      return false;
    }
    if (offset % 8 !== 0) this.misaligned++;
    this.records.push({ kind, message, sequence, bytes: copy(view, offset, length) });
    this.onRecord?.();
    return true;
  }

  broadcast(message: number, missed: number, view: DataView, offset: number, length: number): void {
    this.broadcasts.push({ message, missed, bytes: copy(view, offset, length) });
  }

  opened(): void {
    this.opens++;
  }

  lost(down: LinkDown): void {
    this.downs.push(down);
  }

  mismatched(peer: PortAnnouncement): void {
    this.mismatches.push(peer);
  }

  room(): void {
    this.rooms++;
  }
}

function copy(view: DataView, offset: number, length: number): number[] {
  return [...new Uint8Array(view.buffer, view.byteOffset + offset, length)];
}

/** Commits bytes on a port; its sequence or {@link NO_ROOM}. */
export function commitBytes(
  port: Port,
  bytes: readonly number[],
  kind: PortRecordKind = RecordKind.data,
  message = 0,
): number {
  const offset = port.claim(bytes.length);
  if (offset === NO_ROOM) return NO_ROOM;
  new Uint8Array(port.view.buffer, port.view.byteOffset + offset, bytes.length).set(bytes);
  return port.commit(kind, message, bytes.length);
}

type Attached = { readonly port: Port; readonly seen: Recorder };

function attach(link: Link, name = "test", typeHash = 1n, topicSizes: readonly number[] = []): Attached {
  const seen = new Recorder();
  const port = link.attach({ name, protocolName: `protocol${typeHash}`, typeHash, topicSizes, handler: seen });
  return { port, seen };
}

/** Holds a kind of link against the contract of Link and Port in src/channel/link.ts. */
export function describeLink(name: string, makePair: MakePair, limits: LinkLimits = {}): void {
  describe(`${name} as a Link`, () => {
    let pair: LinkPair;

    beforeEach(async () => {
      pair = await makePair();
    });

    afterEach(async () => {
      await pair.close();
    });

    const openBoth = async (): Promise<{ left: Attached; right: Attached }> => {
      const left = attach(pair.left);
      const right = attach(pair.right);
      await until(() => left.port.open && right.port.open, "both ports are open");
      return { left, right };
    };

    describeSession(() => pair);
    describeAnnouncement(() => pair, openBoth);
    describeRecords(() => pair, openBoth);
    describePressure(openBoth);
    describeTopics(() => pair, limits);
    describeBroadcasts(() => pair, openBoth, limits);
    if (limits.noRestart !== true) describeRestart(() => pair, openBoth);
    if (limits.noSuspend !== true) describeSuspend(() => pair, openBoth);
    if (limits.noBreak !== true) describeBreak(() => pair, openBoth);
    describeClose(() => pair, openBoth);
  });
}

const FILL_BYTES = 32;

/** Sends to a peer that has turned one record down until there is no room; gives the number of records. */
async function fill(left: Attached, right: Attached): Promise<number> {
  const bytes = Array.from({ length: FILL_BYTES }, (_, index) => index);
  let committed = 0;
  const sendAll = (): void => {
    while (commitBytes(left.port, bytes) !== NO_ROOM) committed++;
    left.port.flush();
  };
  sendAll();
  await until(() => right.seen.refusals === 0, "a record was turned down");
  // Twice, as the peer may have taken some into its own memory.
  for (let round = 0; round < 2; round++) {
    await turns();
    sendAll();
  }
  left.seen.rooms = 0;
  return committed;
}

type OpenBoth = () => Promise<{ left: Attached; right: Attached }>;

function describeSession(pair: () => LinkPair): void {
  test("ready() resolves on both sides when both are there", async () => {
    await Promise.all([pair().left.ready({ timeoutMs: 10_000 }), pair().right.ready({ timeoutMs: 10_000 })]);
    expect([pair().left.status, pair().right.status]).toEqual(["up", "up"]);
    expect(pair().left.statistics.sessions).toBe(1);
  });

  test("ready() rejects with the reason when its signal has aborted", async () => {
    const reason = new Error("no longer");
    await expect(pair().left.ready({ signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
  });

  test("poll() returns 0 when it is called from within a handler", async () => {
    const left = attach(pair().left);
    const right = attach(pair().right);
    await until(() => left.port.open && right.port.open, "both ports are open");
    let nested: number | undefined;
    right.seen.onRecord = () => {
      nested = pair().right.poll();
    };
    commitBytes(left.port, [1]);
    commitBytes(left.port, [2]);
    await until(() => right.seen.records.length === 2, "both records are there");
    expect(nested).toBe(0);
  });
}

function describeAnnouncement(pair: () => LinkPair, openBoth: OpenBoth): void {
  test("attach() calls the handler later when the peer has announced already", async () => {
    await pair().left.ready({ timeoutMs: 10_000 });
    const left = attach(pair().left);
    const right = attach(pair().right);
    expect([left.seen.opens, right.seen.opens]).toEqual([0, 0]);
    await until(() => left.seen.opens + right.seen.opens === 2, "both handlers are told");
  });

  test("attach() throws ERR_CHANNEL_IN_USE when the name is taken", () => {
    attach(pair().left);
    expect(() => attach(pair().left)).toThrow(expect.objectContaining({ code: "ERR_CHANNEL_IN_USE" }));
  });

  test("attach() tells both of a mismatch when the types differ, and the link goes on", async () => {
    const left = attach(pair().left, "odd", 1n);
    const right = attach(pair().right, "odd", 2n);
    await until(() => left.seen.mismatches.length + right.seen.mismatches.length === 2, "both are told");
    expect(left.seen.mismatches).toEqual([{ name: "odd", protocolName: "protocol2", typeHash: 2n }]);
    expect(right.seen.mismatches).toEqual([{ name: "odd", protocolName: "protocol1", typeHash: 1n }]);
    expect([left.port.open, left.port.claim(1), left.seen.opens]).toEqual([false, NO_ROOM, 0]);
    await openBoth();
  });

  test("attach() carries a type hash of all 64 bits", async () => {
    const left = attach(pair().left, "wide", 0xfedc_ba98_7654_3210n);
    const right = attach(pair().right, "wide", 0xfedc_ba99_7654_3210n);
    await until(() => left.seen.mismatches.length + right.seen.mismatches.length === 2, "both are told");
    expect(left.seen.mismatches[0]?.typeHash).toBe(0xfedc_ba99_7654_3210n);
  });

  test("claim() gives NO_ROOM and opened() follows when only one side has attached", async () => {
    await pair().left.ready({ timeoutMs: 10_000 });
    const left = attach(pair().left);
    expect(left.port.claim(8)).toBe(NO_ROOM);
    attach(pair().right);
    await until(() => left.seen.opens === 1, "the left handler is told");
    expect(left.port.claim(8)).toBeGreaterThanOrEqual(0);
  });

  test("close() of a port withdraws the channel when the peer has it open", async () => {
    const { left, right } = await openBoth();
    commitBytes(left.port, [7]);
    left.port.close();
    left.port.close();
    await until(() => right.seen.downs.length === 1, "the peer is told");
    expect(right.seen.records.map((record) => record.bytes)).toEqual([[7]]);
    expect(right.seen.downs[0]).toMatchObject({ reason: "peer closed", resumable: false });
    expect(right.port.claim(1)).toBe(NO_ROOM);
    expect(pair().right.status).toBe("up");
    const again = attach(pair().left);
    await until(() => again.seen.opens === 1 && right.seen.opens === 2, "the channel opens again");
    expect(left.seen.downs).toEqual([]);
  });
}

function describeRecords(pair: () => LinkPair, openBoth: OpenBoth): void {
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

function describePressure(openBoth: OpenBoth): void {
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

function describeTopics(pair: () => LinkPair, limits: LinkLimits): void {
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

function describeBroadcasts(pair: () => LinkPair, openBoth: OpenBoth, limits: LinkLimits): void {
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
    for (let index = 0; index < count; index++) left.port.broadcast(0, Uint8Array.of(index & 0xff, index >> 8));
    const sum = (): number => right.seen.broadcasts.reduce((total, { missed }) => total + missed + 1, 0);
    await until(() => sum() === count, "received and missed add up");
    expect(right.seen.broadcasts.at(-1)?.bytes).toEqual([(count - 1) & 0xff, (count - 1) >> 8]);
    expect(pair().right.statistics.missedBroadcasts).toBe(count - right.seen.broadcasts.length);
  });
}

function describeRestart(pair: () => LinkPair, openBoth: OpenBoth): void {
  test("lost() tells of a restart when the peer is killed and starts again", async () => {
    const { left, right } = await openBoth();
    const ups: LinkUp[] = [];
    const downs: LinkDown[] = [];
    pair().left.events.on("up", (up) => ups.push(up));
    pair().left.events.on("down", (down) => downs.push(down));
    right.seen.refusals = 1;
    const committed = await fill(left, right);
    await pair().restartRight?.();
    await until(() => left.seen.downs.length > 0 && ups.length === 1, "the link is up again");
    expect(left.seen.downs).toMatchObject([{ reason: "restarted", resumable: false }]);
    expect(downs).toEqual(left.seen.downs);
    const lost = left.seen.downs[0]?.lost ?? 0;
    expect(lost).toBeGreaterThan(0);
    expect(lost).toBeLessThanOrEqual(committed);
    expect(ups[0]?.resumed).toBe(false);
    expect([left.port.open, left.port.claim(1)]).toEqual([false, NO_ROOM]);
    expect(pair().left.statistics).toMatchObject({ lostRecords: lost, sessions: 2 });
    const again = attach(pair().right);
    await until(() => left.seen.opens === 2, "the channel is open again");
    commitBytes(left.port, [2]);
    await until(() => again.seen.records.length === 1, "records flow");
    expect(again.seen.records[0]?.bytes).toEqual([2]);
  });

  test("record() gets what the peer published before it was killed", async () => {
    const { left, right } = await openBoth();
    for (const byte of [1, 2, 3]) commitBytes(right.port, [byte]);
    right.port.flush();
    await pair().restartRight?.();
    await until(() => left.seen.downs.length === 1, "the end is told");
    expect(left.seen.records.map((record) => record.bytes)).toEqual([[1], [2], [3]]);
  });
}

function describeSuspend(pair: () => LinkPair, openBoth: OpenBoth): void {
  test("lost() is resumable and nothing is lost when the peer is absent for a while", async () => {
    const { left, right } = await openBoth();
    const ups: LinkUp[] = [];
    pair().left.events.on("up", (up) => ups.push(up));
    await pair().suspendRight?.();
    await until(() => left.seen.downs.length === 1, "the absence is told");
    expect(left.seen.downs[0]).toMatchObject({ resumable: true, lost: 0 });
    expect(["away", "stalled"]).toContain(pair().left.status);
    expect(left.port.claim(1)).toBe(NO_ROOM);
    commitBytes(right.port, [1]);
    await pair().resumeRight?.();
    await until(() => left.seen.opens === 2, "the channel is open again");
    expect(ups).toMatchObject([{ resumed: true }]);
    commitBytes(right.port, [2]);
    commitBytes(left.port, [3]);
    await until(() => left.seen.records.length > 0 && right.seen.records.length === 1, "records flow");
    expect(right.seen.records[0]?.bytes).toEqual([3]);
    expect(pair().left.statistics).toMatchObject({ lostRecords: 0, sessions: 1 });
  });
}

function describeBreak(pair: () => LinkPair, openBoth: OpenBoth): void {
  test("lost() names a fault when the peer breaks the protocol, and the link waits for its restart", async () => {
    const { left } = await openBoth();
    const errors: unknown[] = [];
    pair().left.events.on("error", (error) => errors.push(error));
    await pair().breakRight?.();
    await until(() => left.seen.downs.length === 1 && errors.length === 1, "the fault is told");
    expect(left.seen.downs[0]).toMatchObject({ reason: "fault", resumable: false });
    expect(isIntercellError(errors[0])).toBe(true);
    expect(pair().left.status).toBe("refused");
    expect(left.port.claim(1)).toBe(NO_ROOM);
  });
}

function describeClose(pair: () => LinkPair, openBoth: OpenBoth): void {
  test("close() of the link ends its ports and tells the peer, once", async () => {
    const { left, right } = await openBoth();
    let closes = 0;
    pair().left.events.on("close", () => closes++);
    commitBytes(left.port, [9]);
    pair().left.close();
    pair().left.close();
    expect(left.seen.downs).toMatchObject([{ reason: "closed", resumable: false }]);
    expect([pair().left.status, left.port.open, left.port.claim(1), closes]).toEqual(["closed", false, NO_ROOM, 1]);
    expect(() => attach(pair().left, "late")).toThrow(expect.objectContaining({ code: "ERR_CLOSED" }));
    await expect(pair().left.ready()).rejects.toMatchObject({ code: "ERR_CLOSED" });
    await until(() => right.seen.downs.length === 1, "the peer is told");
    expect(right.seen.records.map((record) => record.bytes)).toEqual([[9]]);
    expect(right.seen.downs[0]).toMatchObject({ reason: "peer closed", resumable: false });
  });

  test("close() rejects whoever waits for the link", async () => {
    const { right } = await openBoth();
    pair().left.close();
    await until(() => right.seen.downs.length === 1, "the peer is told");
    const ready = pair().right.ready();
    pair().right.close();
    await expect(ready).rejects.toMatchObject({ code: "ERR_CLOSED" });
  });
}
