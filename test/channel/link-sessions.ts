import { expect, test } from "vitest";
import { type LinkDown, type LinkUp, NO_ROOM } from "../../src/channel/index.js";
import { isIntercellError } from "../../src/errors.js";
import { attach, commitBytes, fill, type LinkPair, type OpenBoth } from "./link-pair.js";
import { until } from "./until.js";

export function describeSession(pair: () => LinkPair): void {
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

export function describeAnnouncement(pair: () => LinkPair, openBoth: OpenBoth): void {
  test("attach() calls the handler later when the peer has announced already", async () => {
    await pair().left.ready({ timeoutMs: 10_000 });
    const left = attach(pair().left);
    const right = attach(pair().right);
    expect([left.seen.opens, right.seen.opens]).toEqual([0, 0]);
    await until(() => left.seen.opens + right.seen.opens === 2, "both handlers are told");
  });

  test("attach() throws ERR_IN_USE when the name is taken", () => {
    attach(pair().left);
    expect(() => attach(pair().left)).toThrow(expect.objectContaining({ code: "ERR_IN_USE" }));
  });

  test("attach() tells both of a mismatch when the types differ, and the link goes on", async () => {
    const left = attach(pair().left, "odd", 1n);
    const right = attach(pair().right, "odd", 2n);
    await until(() => left.seen.mismatches.length + right.seen.mismatches.length === 2, "both are told");
    expect(left.seen.mismatches).toMatchObject([{ name: "odd", protocolName: "protocol2", typeHash: 2n }]);
    expect(right.seen.mismatches).toMatchObject([{ name: "odd", protocolName: "protocol1", typeHash: 1n }]);
    expect([left.port.open, left.port.claim(1), left.seen.opens]).toEqual([false, NO_ROOM, 0]);
    await openBoth();
  });

  test("lost() takes a mismatch back when the peer withdraws the channel", async () => {
    const left = attach(pair().left, "odd", 1n);
    const right = attach(pair().right, "odd", 2n);
    await until(() => left.seen.mismatches.length + right.seen.mismatches.length === 2, "both are told");
    right.port.close();
    await until(() => left.seen.downs.length === 1, "the peer is told");
    expect(left.seen.downs[0]).toMatchObject({ reason: "peer closed", resumable: false });
    attach(pair().right, "odd", 1n);
    await until(() => left.port.open, "the channel is open");
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

export function describeRestart(pair: () => LinkPair, openBoth: OpenBoth): void {
  test("lost() tells of a restart when the peer is killed and starts again", async () => {
    const { left, right } = await openBoth();
    const ups: LinkUp[] = [];
    const downs: LinkDown[] = [];
    pair().left.events.on("up", (up) => ups.push(up));
    pair().left.events.on("down", (down) => downs.push(down));
    right.seen.refusals = 1;
    const committed = await fill(left, right);
    await pair().restartRight?.();
    await until(() => ups.some(({ resumed }) => !resumed), "the link is up again");
    // On a machine that has pauses, the peer may have counted as stalled before.
    const ends = left.seen.downs.filter(({ resumable }) => !resumable);
    expect(ends).toMatchObject([{ reason: "restarted" }]);
    expect(downs).toEqual(left.seen.downs);
    const lost = ends[0]?.lost ?? 0;
    expect(lost).toBeGreaterThan(0);
    expect(lost).toBeLessThanOrEqual(committed);
    expect([left.port.open, left.port.claim(1)]).toEqual([false, NO_ROOM]);
    expect(pair().left.statistics).toMatchObject({ lostRecords: lost, sessions: 2 });
    const again = attach(pair().right);
    await until(() => left.port.open, "the channel is open again");
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

export function describeSuspend(pair: () => LinkPair, openBoth: OpenBoth): void {
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

export function describeBreak(pair: () => LinkPair, openBoth: OpenBoth): void {
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

export function describeClose(pair: () => LinkPair, openBoth: OpenBoth): void {
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

  test("close() of the link tells a port that never opened", () => {
    const { port, seen } = attach(pair().left, "alone");
    pair().left.close();
    expect(seen.downs).toMatchObject([{ reason: "closed", resumable: false, lost: 0 }]);
    expect([port.open, port.claim(1)]).toEqual([false, NO_ROOM]);
  });

  test("close() of the link tells nothing to a port that a handler closed meanwhile", async () => {
    const { left } = await openBoth();
    const other = attach(pair().left, "other");
    left.seen.onLost = () => other.port.close();
    pair().left.close();
    expect([left.seen.downs.length, other.seen.downs.length]).toEqual([1, 0]);
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
