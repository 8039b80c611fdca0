import { execFileSync } from "node:child_process";
import { afterEach, describe, expect, test } from "vitest";
import type { SessionRecord } from "../../stress/ledger.js";
import { createRandom, finish, type LocalCell, sleep, until } from "../../stress/stage.js";
import type { TrafficOptions } from "../../stress/traffic.js";
import type { Program } from "../../support/processes.js";
import { KernelStage } from "./stage.js";
import { nodeOf } from "./test-module.js";

const KILLS = 20;
/** Kills come up to this long after the link is up. */
const KILL_MS = 200;
const WARM = 2;

let stage: KernelStage;

afterEach(async () => {
  expect(await stage.close()).toEqual([]);
});

function trafficTo(peer: number, options: Partial<TrafficOptions> = {}): TrafficOptions {
  return { peers: [peer], batch: 1, pauseMs: 0, ...options };
}

/** Kills the cell of peer 1 again and again; gives all its sessions, by the order of its lives. */
async function killAgainAndAgain(cell: LocalCell): Promise<(SessionRecord | undefined)[]> {
  const random = createRandom("a cell on UIO");
  let next: Program = await stage.pool.take();
  for (let life = 0; ; life += 1) {
    const victim = next;
    const heardSoFar = cell.reports.length;
    victim.tell("go", stage.settings(1, life, trafficTo(0)));
    await cell.heard(`life ${life}`, ([event, , , resumed]) => event === "up" && resumed === false, heardSoFar);
    if (life === KILLS) {
      await finish([victim]);
      return Array.from({ length: KILLS + 1 }, (_, each) => stage.ledger(each).sessions[0]);
    }
    next = await stage.pool.take();
    await sleep(random() * KILL_MS);
    victim.kill();
  }
}

describe("a cell on UIO with a peer that is killed", () => {
  test(`ShmLink loses, repeats and swaps nothing when its peer is killed ${KILLS} times`, async () => {
    stage = await KernelStage.open({ lives: KILLS + 1, warm: WARM });
    const cell = await stage.openLocal(0, trafficTo(1), KILLS + 2);
    const victims = await killAgainAndAgain(cell);
    await cell.heard("the end", ([event, , reason]) => event === "down" && reason === "peer closed");
    expect(cell.reported("fault")).toEqual([]);
    const bySurvivor = new Map(cell.ledger.sessions.map((session) => [session.peerEpoch, session]));
    let messages = 0;
    victims.forEach((victim, life) => {
      const survivor = bySurvivor.get(victim?.ownEpoch ?? 0);
      expect(survivor?.ownEpoch, `life ${life}`).toBe(victim?.peerEpoch);
      const committed = victim?.committed ?? 0;
      // One more may be committed and not noted when the process is killed.
      expect([committed, committed + 1], `life ${life}`).toContain(survivor?.received);
      expect(victim?.received).toBeLessThanOrEqual(survivor?.committed ?? 0);
      messages += committed + (victim?.received ?? 0);
    });
    expect(new Set(victims.map((victim) => victim?.ownEpoch)).size).toBe(KILLS + 1);
    expect(messages).toBeGreaterThan(KILLS);
    console.log(`${KILLS} kills: ${messages} messages noted`);
  }, 300_000);
});

describe("a device of UIO that a stranger opens", () => {
  test("ShmNode writes its state again, and the link goes on with nothing lost, when a shell opens its device", async () => {
    stage = await KernelStage.open({ lives: 1, warm: 1 });
    const cell = await stage.openLocal(0, trafficTo(1, { pauseMs: 5 }));
    const peer = await stage.pool.take({ refill: false });
    peer.tell("go", stage.settings(1, 0, trafficTo(0, { pauseMs: 5 })));
    await cell.heard("messages", ([event]) => event === "open");
    const state = cell.traffic.node.device.stateTable.get(0);
    expect(state).not.toBe(0);
    execFileSync("sh", ["-c", `: < ${nodeOf(0, 0)}`]);
    await cell.heard("the loss of the state", ([event]) => event === "stateLost");
    await until("the own state", () => cell.traffic.node.device.stateTable.get(0) === state);
    const received = cell.ledger.sessions[0]?.received ?? 0;
    await until("more messages", () => (cell.ledger.sessions[0]?.received ?? 0) > received + 10);
    await cell.traffic.stop();
    await finish([peer]);
    await cell.heard("the end", ([event, , reason]) => event === "down" && reason === "peer closed");
    expect(cell.ledger.sessions).toHaveLength(1);
    expect(cell.ledger.sessions[0]?.received).toBe(stage.ledger(0).sessions[0]?.committed);
    expect(stage.ledger(0).sessions[0]?.received).toBe(cell.ledger.sessions[0]?.committed);
    expect(cell.reported("fault")).toEqual([]);
  });
});
