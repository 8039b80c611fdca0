import { describe, expect, test } from "vitest";
import type { WaitStrategy } from "../../src/shm/index.js";
import { Control } from "../../src/shm/layout.js";
import type { Program } from "../support/processes.js";
import type { SessionRecord } from "./ledger.js";
import { createRandom, finish, type LocalCell, Stage, sleep } from "./stage.js";
import { directoryIndex, type TrafficOptions } from "./traffic.js";

const WARM = 4;
const WAITS: readonly WaitStrategy[] = ["doorbell", "adaptive", "spin"];
/** Kills that come up to this long after the link is up; the restart follows at once or up to RESTART_MS later. */
const KILL_MS = 30;
const RESTART_MS = 10;
const BLIND_MS = 100;
const FILL_MS = 3;

interface Scene {
  /** Who is killed. */
  readonly name: string;
  readonly kills: number;
  readonly survivor: number;
  readonly victim: number;
  readonly survivorSends: boolean;
  readonly victimSends: boolean;
}

/** Kills and restarts the victim again and again; gives all sessions of the victims, by the order of their lives. */
async function killAgainAndAgain(stage: Stage, cell: LocalCell, scene: Scene): Promise<(SessionRecord | undefined)[]> {
  const random = createRandom(scene.name);
  let next: Program = await stage.pool.take();
  let isBlind = false;
  for (let life = 0; life <= scene.kills; life += 1) {
    const victim = next;
    const heardSoFar = cell.reports.length;
    const traffic: TrafficOptions = {
      peers: [scene.survivor],
      sending: scene.victimSends,
      batch: batchOf(life),
      pauseMs: 0,
    };
    const wait = WAITS[life % WAITS.length] ?? "doorbell";
    victim.tell("go", stage.settings(scene.victim, life, traffic, { wait }));
    if (isBlind) standStill(random() * BLIND_MS);
    // One in eight is killed at any moment of its start, the others once the link is up.
    const inStart = life % 8 === 7;
    if (!inStart) {
      await cell.heard(`the link of life ${life} up`, ([e, , , resumed]) => e === "up" && !resumed, heardSoFar);
    }
    next = await stage.pool.take();
    if (life === scene.kills) {
      await sleep(KILL_MS);
      await finish([victim]);
      break;
    }
    await sleep(random() * (inStart ? KILL_MS / 3 : KILL_MS));
    // One in three dies and returns while the survivor does not look, and so leaves much in its ring.
    isBlind = random() < 0.33;
    if (isBlind) standStill(FILL_MS);
    victim.kill();
    if (!isBlind && random() < 0.5) await sleep(random() * RESTART_MS);
  }
  return Array.from({ length: scene.kills + 1 }, (_, life) => stage.ledger(life).sessions[0]);
}

/** Keeps this process from its event loop. */
function standStill(durationMs: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, durationMs);
}

function batchOf(life: number): number {
  return life % 2 === 0 ? 1 : 16;
}

/** Holds what both sides noted of each session against each other. */
function compare(victims: readonly (SessionRecord | undefined)[], cell: LocalCell, scene: Scene): number {
  const bySurvivor = new Map(cell.ledger.sessions.map((session) => [session.peerEpoch, session]));
  let messages = 0;
  victims.forEach((victim, life) => {
    if (victim === undefined) return;
    const survivor = bySurvivor.get(victim.ownEpoch);
    const found = `life ${life}: committed ${victim.committed} of which ${survivor?.received} arrived`;
    expect(victim.received, `life ${life}`).toBeLessThanOrEqual(survivor?.committed ?? 0);
    // The announcement is a record besides the messages.
    if (survivor?.ended) expect(survivor.lost, found).toBeLessThanOrEqual(survivor.committed + 1 - victim.received);
    if (victim.committed > 0) {
      expect(survivor?.received, found).toBeGreaterThanOrEqual(victim.committed);
      expect(survivor?.received, found).toBeLessThanOrEqual(victim.committed + batchOf(life));
      expect(survivor?.peerEpoch).toBe(victim.ownEpoch);
      expect(survivor?.ownEpoch).toBe(victim.peerEpoch);
    }
    messages += victim.committed + victim.received;
  });
  const [last] = victims.slice(-1);
  const survivor = bySurvivor.get(last?.ownEpoch ?? 0);
  if (scene.victimSends) expect(survivor?.received).toBe(last?.committed);
  return messages;
}

/** Each session is up once, may be away and resume, and goes down for good before the next one is up. */
function checkEvents(cell: LocalCell): void {
  let epoch: unknown;
  for (const [event, , ...values] of cell.reports) {
    if (event === "up") {
      const [reported, resumed] = values;
      expect(resumed).toBe(epoch !== undefined);
      if (resumed === true) expect(reported).toBe(epoch);
      epoch = reported;
    } else if (event === "down") {
      const [reason, resumable] = values;
      expect(epoch).toBeDefined();
      expect(["away", "restarted", "peer closed"]).toContain(reason);
      if (resumable !== true) epoch = undefined;
    }
  }
  const epochs = cell.ledger.sessions.map(({ peerEpoch }) => peerEpoch);
  expect(new Set(epochs).size).toBe(epochs.length);
}

const scenes: readonly Scene[] = [
  { name: "a sender", kills: 100, survivor: 0, victim: 1, survivorSends: false, victimSends: true },
  { name: "a receiver", kills: 100, survivor: 1, victim: 0, survivorSends: true, victimSends: false },
  { name: "one that sends and receives", kills: 40, survivor: 0, victim: 1, survivorSends: true, victimSends: true },
];

describe.each(scenes)("a cell with a peer that restarts", (scene) => {
  test(`ShmLink loses, repeats and swaps nothing when ${scene.name} is killed ${scene.kills} times`, async () => {
    const stage = await Stage.open({ lives: scene.kills + 1, warm: WARM });
    let messages = 0;
    const startMs = performance.now();
    try {
      const traffic: TrafficOptions = { peers: [scene.victim], sending: scene.survivorSends, batch: 1, pauseMs: 0 };
      const cell = await stage.openLocal(scene.survivor, traffic, { sessions: scene.kills + 2 });
      const losses = watchLosses(cell, scene);
      const victims = await killAgainAndAgain(stage, cell, scene);
      await cell.heard(
        "the end of the last session",
        ([event, , reason]) => event === "down" && reason === "peer closed",
      );
      messages = compare(victims, cell, scene);
      checkEvents(cell);
      expect(cell.reported("fault")).toEqual([]);
      expect(losses).toEqual([]);
      const { statistics } = cell.traffic.conversations[0]?.link ?? { statistics: undefined };
      expect(statistics).toMatchObject({ faults: 0, unroutableRecords: 0 });
      expect(statistics?.sessions).toBeGreaterThan(scene.kills / 2);
      expect(messages).toBeGreaterThan(scene.kills);
    } finally {
      expect(await stage.close()).toEqual({ faults: [], traces: [] });
    }
    const tookMs = Math.round(performance.now() - startMs);
    console.log(`${scene.kills} kills of ${scene.name}: ${messages} messages noted, ${tookMs} ms`);
  });
});

/**
 * Counts by the cursors in the sections what the peer had not acknowledged at the end of each session. Gives the sessions
 * for which the link said otherwise.
 */
function watchLosses(cell: LocalCell, scene: Scene): unknown[] {
  const wrong: unknown[] = [];
  const { device } = cell.traffic.node;
  const [conversation] = cell.traffic.conversations;
  if (conversation === undefined) throw new TypeError("The cell has no traffic");
  conversation.link.events.prependListener("down", ({ resumable, lost }) => {
    if (resumable) return;
    const section = device.inputSection(scene.victim);
    const control = section.readUint32(directoryIndex(scene.survivor) * 4);
    const head = section.readUint32(control + Control.head);
    // Cursors do not wrap within the 4 GiB that no session gets to.
    const wanted = conversation.ends.filter((end) => end > head).length;
    // The next life of the peer may have started over at 0 by now, in which case more was acknowledged than can be seen.
    if (head === 0 ? lost > wanted : lost !== wanted)
      wrong.push({ lost, wanted, head, sent: conversation.ends.length });
  });
  return wrong;
}
