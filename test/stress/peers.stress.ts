import { expect, test } from "vitest";
import type { Program } from "../support/processes.js";
import type { Ledger, SessionRecord } from "./ledger.js";
import { createRandom, finish, Stage, sleep, until } from "./stage.js";
import type { TrafficOptions } from "./traffic.js";

const PEERS = 12;
const VICTIMS = 3;
const BATCH = 4;
const PAUSE_MS = 50;
/** Rings to eleven peers, 1 KiB each. */
const OUTPUT_BYTES = 0x6000;

interface Life {
  readonly peer: number;
  readonly killed: boolean;
  readonly ledger: Ledger;
}

function trafficOf(peer: number): TrafficOptions {
  return {
    peers: Array.from({ length: PEERS }, (_, other) => other).filter((other) => other !== peer),
    batch: BATCH,
    pauseMs: PAUSE_MS,
  };
}

/** Holds the two ends of each session against each other; gives how many messages of how many sessions arrived. */
function compare(lives: readonly Life[]): { readonly pairs: number; readonly messages: number } {
  const key = (peer: number, epoch: number, otherPeer: number, otherEpoch: number) =>
    [peer, epoch, otherPeer, otherEpoch].join();
  const ends = new Map<string, { readonly life: Life; readonly session: SessionRecord }>();
  for (const life of lives) {
    for (const session of life.ledger.sessions) {
      ends.set(key(life.peer, session.ownEpoch, session.peer, session.peerEpoch), { life, session });
    }
  }
  let pairs = 0;
  let messages = 0;
  for (const { life, session } of ends.values()) {
    const other = ends.get(key(session.peer, session.peerEpoch, life.peer, session.ownEpoch));
    const sent = session.committed;
    const arrived = other?.session.received ?? 0;
    const found = `peer ${life.peer} to ${session.peer}: committed ${sent}, received ${arrived}`;
    // A life that was killed may not have noted its last batch; what a killed peer had not taken went with it.
    expect(arrived, found).toBeLessThanOrEqual(sent + (life.killed ? BATCH : 0));
    if (other?.life.killed !== true) expect(arrived, found).toBeGreaterThanOrEqual(sent);
    pairs += 1;
    messages += arrived;
  }
  return { pairs, messages };
}

test("ShmNode keeps all sessions apart when 12 peers all talk to each other and 3 of them are killed", async () => {
  const random = createRandom("peers");
  const last = PEERS - 1;
  const stage = await Stage.open({
    lives: last + VICTIMS,
    warm: last + VICTIMS,
    peers: PEERS,
    outputBytes: OUTPUT_BYTES,
  });
  try {
    const cells: Program[] = [];
    const lives: Life[] = [];
    const start = (cell: Program, peer: number) => {
      cell.tell("go", stage.settings(peer, lives.length, trafficOf(peer)));
      cells[peer] = cell;
      lives.push({ peer, killed: false, ledger: stage.ledger(lives.length) });
    };
    for (let peer = 0; peer < last; peer += 1) start(await stage.pool.take({ refill: false }), peer);
    const local = await stage.openLocal(last, trafficOf(last), { sessions: PEERS + VICTIMS });
    const allUp = () =>
      lives.every(({ killed, ledger }) => killed || ledger.sessions.filter(({ ended }) => !ended).length === last);
    await until("all pairs up", allUp);
    for (let count = 0; count < VICTIMS; count += 1) {
      const peer = (Math.floor(random() * 3) + 3 * count) % last;
      const next = await stage.pool.take({ refill: false });
      await sleep(random() * 300);
      cells[peer]?.kill();
      lives[peer] = { peer, killed: true, ledger: stage.ledger(peer) };
      start(next, peer);
    }
    await until("all pairs up again", allUp);
    await sleep(300);
    await local.traffic.stop();
    await finish(cells);
    await until("the end of all sessions", () => local.ledger.sessions.every(({ ended }) => ended));
    const { pairs, messages } = compare([...lives, { peer: last, killed: false, ledger: local.ledger }]);
    // Twelve peers with eleven others each, and the sessions that the three began anew, seen from both ends.
    expect(pairs).toBeGreaterThanOrEqual(PEERS * last + VICTIMS * last * 2 - VICTIMS * (VICTIMS - 1));
    expect(local.reported("fault")).toEqual([]);
    console.log(`${pairs / 2} sessions of ${PEERS} peers: ${messages} messages`);
  } finally {
    expect(await stage.close()).toEqual({ faults: [], traces: [] });
  }
});
