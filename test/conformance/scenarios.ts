import { setTimeout as wait } from "node:timers/promises";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type Cell, enter, heard, hears, type Languages, meet, type Stage, waitUntil } from "./cell.js";
import { describeHostilePeer, type HowManyLies } from "./hostile.js";

const LEFT = 0;
const RIGHT = 1;

export type MakeStage = () => Promise<Stage> | Stage;

export const LANGUAGES: readonly Languages[] = [
  ["TypeScript", "TypeScript"],
  ["TypeScript", "C"],
  ["C", "TypeScript"],
  ["C", "C"],
];

/** Sends blobs numbered from `first`, waiting for room. */
async function sendAll(from: Cell, to: number, sizes: readonly number[], first = 0): Promise<void> {
  for (const [index, size] of sizes.entries()) {
    await waitUntil(
      async () => (await from.tell("send", 0, to, first + index, size)) === 0,
      () => `there is room for blob ${index} from peer ${from.peer} to peer ${to}`,
    );
  }
}

const numbered = (sizes: readonly number[], first = 0) => sizes.map((size, index) => [first + index, size]);

export interface ConformanceOptions {
  /**
   * How many of the lies of hostile.ts are told: fewer, where starting cells takes long.
   * @defaultValue "all"
   */
  readonly lies?: HowManyLies;
  /**
   * Only messages and the lives of cells: what depends on the device and on the start of a process.
   * @defaultValue false
   */
  readonly brief?: boolean;
}

/** What two cells that follow docs/wire-protocol.md can rely on, whatever they are written in. */
export function describeConformance(
  where: string,
  languages: Languages,
  makeStage: MakeStage,
  options: ConformanceOptions = {},
): void {
  describe(`${languages.join(" and ")} ${where}`, () => {
    let stage: Stage;

    beforeEach(async () => {
      stage = await makeStage();
    });

    afterEach(async () => {
      await stage.close();
    });

    describeMessages(() => stage, languages);
    describeLives(() => stage, languages);
    if (options.brief === true) return;
    describeOverwritten(() => stage, languages);
    describeRequests(() => stage, languages);
    describeChannels(() => stage, languages);
    describeHostilePeer(() => stage, languages, options.lies ?? "all");
  });
}

function describeMessages(stage: () => Stage, languages: Languages): void {
  test("messages of all sizes arrive in order when both sides send beyond the wrap", async () => {
    const [left, right] = await meet(stage(), languages);
    const sizes = fc.sample(fc.integer({ min: 0, max: 900 }), 120);
    await Promise.all([sendAll(left, RIGHT, sizes), sendAll(right, LEFT, [...sizes].reverse())]);
    expect(await hears(right, "blob", [0, LEFT], sizes.length)).toEqual(numbered(sizes));
    expect(await hears(left, "blob", [0, RIGHT], sizes.length)).toEqual(numbered([...sizes].reverse()));
  });

  test("a sender is refused when the ring is full and goes on when the receiver does", async () => {
    const [left, right] = await meet(stage(), languages);
    await right.tell("hold", 1);
    let sent = 0;
    // A receiver may take some into its own memory before it holds.
    for (let round = 0; round < 20; round += 1) {
      while ((await left.tell("send", 0, RIGHT, sent, 200)) === 0) sent += 1;
      await wait(5);
    }
    expect(sent).toBeGreaterThan(4);
    await right.tell("hold", 0);
    const sizes = Array.from({ length: sent }, () => 200);
    expect(await hears(right, "blob", [0, LEFT], sent)).toEqual(numbered(sizes));
    await sendAll(left, RIGHT, sizes, sent);
    expect(await hears(right, "blob", [0, LEFT], 2 * sent)).toEqual(numbered([...sizes, ...sizes]));
  });
}

function describeOverwritten(stage: () => Stage, languages: Languages): void {
  test("the latest value is the newest that was published, and none before", async () => {
    const [left, right] = await meet(stage(), languages);
    await right.tell("latest", 0, LEFT);
    expect(heard(right, "mark", 0, LEFT)).toEqual([[]]);
    for (let id = 1; id <= 40; id += 1) await left.tell("publish", 0, id, (id * 37) % 300);
    await right.tell("latest", 0, LEFT);
    await right.tell("publish", 0, 7, 300);
    await left.tell("latest", 0, RIGHT);
    expect(heard(right, "mark", 0, LEFT)).toEqual([[], [40, (40 * 37) % 300]]);
    expect(heard(left, "mark", 0, RIGHT)).toEqual([[7, 300]]);
  });

  test("a broadcast arrives at all peers when they are quick, and is counted as missed when not", async () => {
    const [left, right] = await meet(stage(), languages);
    const other = await enter(stage(), languages[1], 2);
    await hears(left, "matched", [0, 2]);
    await hears(other, "matched", [0, LEFT]);
    await left.tell("news", 0, 1, 100, 1);
    for (const cell of [right, other]) expect(await hears(cell, "news", [0, LEFT])).toEqual([[1, 100, 0]]);
    await left.tell("news", 0, 2, 300, 49);
    for (const cell of [right, other]) {
      await hears(cell, "news", [0, LEFT, 50]);
      const all = heard(cell, "news", 0, LEFT);
      const ids = all.map(([id]) => Number(id));
      expect(ids).toEqual([...ids].sort((a, b) => a - b));
      expect(all.length + all.reduce((sum, [, , missed]) => sum + Number(missed), 0)).toBe(50);
    }
  });
}

function describeRequests(stage: () => Stage, languages: Languages): void {
  test("each request gets its own answer: a reply, an error with its text, none without a handler", async () => {
    const [left, right] = await meet(stage(), languages);
    for (const [asker, peer] of [
      [left, RIGHT],
      [right, LEFT],
    ] as const) {
      const reply = await asker.tell("ask", 0, peer, 4, 700);
      const failure = await asker.tell("ask", 0, peer, 6, 3);
      expect(await hears(asker, "replied", [reply])).toEqual([[5, 700]]);
      expect(await hears(asker, "failed", [failure])).toEqual([[1, "no ink"]]);
    }
    await right.tell("unhandle", 1);
    const unheard = await left.tell("ask", 0, RIGHT, 8, 0);
    expect((await hears(left, "failed", [unheard]))[0]?.[0]).toBe(2);
  });

  test("a request ends when it is cancelled, on both sides, and when the peer restarts", async () => {
    const [left, right] = await meet(stage(), languages);
    const given = await left.tell("ask", 0, RIGHT, 3, 10);
    await hears(right, "asked", [0, LEFT, 3]);
    await left.tell("cancel", given);
    expect(await hears(left, "failed", [given])).toEqual([["cancelled"]]);
    await hears(right, "cancelled", [0, LEFT]);
    const cut = await left.tell("ask", 0, RIGHT, 7, 10);
    await hears(right, "asked", [0, LEFT, 7]);
    await right.kill();
    await enter(stage(), languages[1], RIGHT);
    expect(await hears(left, "failed", [cut])).toEqual([["ended"]]);
  });
}

function describeChannels(stage: () => Stage, languages: Languages): void {
  test("channels of one name are not joined when their types differ, and others go on", async () => {
    const [left, right] = await meet(stage(), languages);
    await left.tell("open", 1, 0);
    await right.tell("open", 1, 1);
    await hears(left, "mismatched", [1, RIGHT]);
    await hears(right, "mismatched", [1, LEFT]);
    expect(await left.tell("send", 1, RIGHT, 1, 1)).toBeLessThan(0);
    await sendAll(left, RIGHT, [5]);
    expect(await hears(right, "blob", [0, LEFT])).toEqual([[0, 5]]);
    await right.tell("close", 1);
    await right.tell("open", 1, 0);
    await hears(left, "matched", [1, RIGHT]);
    await hears(right, "matched", [1, LEFT]);
  });

  test("a channel is withdrawn when it is closed and comes back when it is opened", async () => {
    const [left, right] = await meet(stage(), languages);
    for (let round = 1; round <= 3; round += 1) {
      await right.tell("close", 0);
      await hears(left, "withdrawn", [0, RIGHT], round);
      expect(await left.tell("send", 0, RIGHT, 1, 1)).toBeLessThan(0);
      await right.tell("open", 0, 0);
      await hears(left, "matched", [0, RIGHT], round + 1);
      await hears(right, "matched", [0, LEFT], round + 1);
      await sendAll(left, RIGHT, [20], round);
      await hears(right, "blob", [0, LEFT, round, 20]);
    }
    expect(heard(left, "down", RIGHT)).toEqual([]);
  });
}

function describeLives(stage: () => Stage, languages: Languages): void {
  test.each(["TypeScript", "C"] as const)(
    "nothing that was committed is lost or doubled when a cell is killed and comes back in %s",
    async (language) => {
      const [left, right] = await meet(stage(), languages);
      await sendAll(right, LEFT, [1, 2, 3, 4]);
      await right.kill();
      const again = await enter(stage(), language, RIGHT);
      await hears(left, "down", [RIGHT, "ended"]);
      await hears(left, "matched", [0, RIGHT], 2);
      await hears(again, "matched", [0, LEFT]);
      await sendAll(again, LEFT, [5, 6], 4);
      await sendAll(left, RIGHT, [7], 100);
      expect(await hears(left, "blob", [0, RIGHT], 6)).toEqual(numbered([1, 2, 3, 4, 5, 6]));
      expect(await hears(again, "blob", [0, LEFT])).toEqual([[100, 7]]);
      expect([...heard(left, "fault"), ...heard(again, "fault"), ...heard(left, "torn")]).toEqual([]);
    },
  );

  test("the peer is told and waits when a cell leaves in good order", async () => {
    const [left, right] = await meet(stage(), languages);
    await sendAll(right, LEFT, [9]);
    await hears(left, "blob", [0, RIGHT]);
    await right.tell("stop");
    await hears(left, "down", [RIGHT, "ended"]);
    await right.kill();
    await enter(stage(), languages[1], RIGHT);
    await hears(left, "matched", [0, RIGHT], 2);
    expect(heard(left, "refused")).toEqual([]);
  });
}
