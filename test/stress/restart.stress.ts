import { afterEach, describe, expect, test } from "vitest";
import { bundleSource } from "../../scripts/bundle-source.mjs";
import { openChannel } from "../../src/channel/index.js";
import { openShm } from "../../src/shm/index.js";
import { DirectoryEntry, HEARTBEAT_OFFSET } from "../../src/shm/layout.js";
import type { IvshmemDevice } from "../../src/uio/index.js";
import type { Report } from "../support/processes.js";
import { writeStateAsStranger } from "./second-handle.js";
import { finish, programSource, Stage, sleep, until } from "./stage.js";
import { directoryIndex, itemProtocol, type TrafficOptions } from "./traffic.js";

const PEERS = 4;
const GUEST = 2;
/** Messages between two flushes where many are to be committed. */
const BATCH = 16;
const QUICK_HEART = { heartbeatMs: 2 };

let stage: Stage;

async function openStage(outputBytes = 0x2000): Promise<void> {
  stage = await Stage.open({ lives: 4, warm: 3, peers: PEERS, outputBytes });
}

afterEach(async () => {
  expect(await stage.close()).toEqual({ faults: [], traces: [] });
});

/** Keeps this process from its event loop until `condition` holds, as a long computation does. */
function blockUntil(what: string, condition: () => boolean): void {
  const never = new Int32Array(new SharedArrayBuffer(4));
  for (let waits = 0; !condition(); waits += 1) {
    if (waits > 1_000) throw new Error(`Waited in vain: ${what}`);
    Atomics.wait(never, 0, 0, 10);
  }
}

/** True once what a life has committed has not grown for a number of looks: its ring is full, or it does not run. */
function createStandstill(life: number): () => boolean {
  let before = 0;
  let looks = 0;
  return () => {
    const committed = stage.ledger(life).sessions[0]?.committed ?? 0;
    looks = committed > 0 && committed === before ? looks + 1 : 0;
    before = committed;
    return looks === 5;
  };
}

/**
 * True once the life of peer 1 that starts has turned its event loop a few times, so that it has done whatever it can
 * do without this side: its epoch is another one than before, and its heart has beaten twice since.
 */
function createPulse(device: IvshmemDevice): () => boolean {
  const section = device.inputSection(1);
  const epochOffset = directoryIndex(0) * 4 + DirectoryEntry.epoch;
  const old = section.readUint32(epochOffset);
  let first: number | undefined;
  return () => {
    const epoch = section.readUint32(epochOffset);
    if (epoch === 0 || epoch === old) return false;
    const beat = section.readUint32(HEARTBEAT_OFFSET);
    first ??= beat;
    return beat - first >= 2;
  };
}

function trafficTo(peer: number, options: Partial<TrafficOptions> = {}): TrafficOptions {
  return { peers: [peer], batch: 1, pauseMs: 0, ...options };
}

function isUp([event]: Report): boolean {
  return event === "up";
}

describe("a peer that is faster than this side looks", () => {
  // A ring of 1 KiB, and one that takes many looks to read.
  test.each([0x2000, 0x200000])(
    "ShmLink delivers what the first life committed when the peer restarts twice meanwhile, with sections of %d bytes",
    async (outputBytes) => {
      await openStage(outputBytes);
      const cell = await stage.openLocal(0, trafficTo(1, { sending: false }));
      const [first, second, third] = [await stage.pool.take(), await stage.pool.take(), await stage.pool.take()];
      first.tell("go", stage.settings(1, 0, trafficTo(0, { batch: BATCH })));
      await cell.heard("messages", ([event]) => event === "open");
      const heardSoFar = cell.reports.length;
      const { device } = cell.traffic.node;
      blockUntil("a full ring", createStandstill(0));
      first.kill();
      second.tell("go", stage.settings(1, 1, trafficTo(0), QUICK_HEART));
      blockUntil("the second life", createPulse(device));
      second.kill();
      third.tell("go", stage.settings(1, 2, trafficTo(0), QUICK_HEART));
      blockUntil("the third life", createPulse(device));
      await cell.heard("the third life up", isUp, heardSoFar);
      const [old, current] = cell.ledger.sessions;
      const committed = stage.ledger(0).sessions[0]?.committed ?? 0;
      expect(committed).toBeGreaterThan(0);
      expect(old?.received).toBeGreaterThanOrEqual(committed);
      expect(old?.received).toBeLessThanOrEqual(committed + BATCH);
      expect(cell.reported("down")).toEqual([[1, "restarted", false, expect.any(Number), old?.received]]);
      expect(cell.reported("up").map(([, epoch]) => epoch)).toEqual([old?.peerEpoch, current?.peerEpoch]);
      await finish([third]);
      expect(stage.ledger(1).sessions).toEqual([]);
      expect(stage.ledger(2).sessions[0]?.ownEpoch).toBe(current?.peerEpoch);
      await until("the end of the third life", () => current?.ended === true);
      expect(current?.received).toBe(stage.ledger(2).sessions[0]?.committed);
    },
  );

  test("ShmLink keeps what the first life committed when the reader is not ready for it", async () => {
    await openStage();
    const node = openShm(await stage.machine.openDevice({ peer: 0 }));
    const link = node.link(1);
    const channel = openChannel(link, itemProtocol);
    const [first, second] = [await stage.pool.take(), await stage.pool.take()];
    first.tell("go", stage.settings(1, 0, trafficTo(0)));
    await channel.ready({ timeoutMs: 10_000 });
    const isFull = createStandstill(0);
    while (!isFull()) await sleep(10);
    const committed = stage.ledger(0).sessions[0]?.committed ?? 0;
    first.kill();
    const isBeating = createPulse(node.device);
    second.tell("go", stage.settings(1, 1, trafficTo(0), QUICK_HEART));
    await until("the second life", isBeating);
    expect(stage.ledger(1).sessions).toEqual([]);
    const arrived: [epoch: number, number: number][] = [];
    channel.messages.on("item", ({ epoch, number }) => arrived.push([epoch, number]));
    await until("messages of the second life", () => arrived.some(([, number], index) => index > 0 && number === 0));
    const epoch = stage.ledger(0).sessions[0]?.ownEpoch ?? 0;
    const next = stage.ledger(1).sessions[0]?.ownEpoch ?? 0;
    const old = arrived.filter(([each]) => each === epoch);
    expect([committed, committed + 1]).toContain(old.length);
    const current = arrived.length - old.length;
    expect(arrived).toEqual([
      ...Array.from({ length: old.length }, (_, number) => [epoch, number]),
      ...Array.from({ length: current }, (_, number) => [next, number]),
    ]);
    node.close();
  });
});

describe("a peer that dies with much in its ring", () => {
  test("ShmLink reports it as away after all of that was read, when one look cannot take it", async () => {
    await openStage(0x200000);
    const cell = await stage.openLocal(0, trafficTo(1, { sending: false }));
    const peer = await stage.pool.take({ refill: false });
    peer.tell("go", stage.settings(1, 0, trafficTo(0, { batch: BATCH })));
    await cell.heard("messages", ([event]) => event === "open");
    blockUntil("a full ring", createStandstill(0));
    peer.kill();
    blockUntil("state 0", () => cell.traffic.node.device.stateTable.get(1) === 0);
    const committed = stage.ledger(0).sessions[0]?.committed ?? 0;
    const [, , , , , received] = await cell.heard("the peer away", ([event]) => event === "down");
    expect(received).toBeGreaterThanOrEqual(committed);
    expect(cell.reported("down").map(([, reason]) => reason)).toEqual(["away"]);
  });
});

describe("a cell that crashes and leaves its state word", () => {
  test("ShmLink stalls, and begins a session with another epoch when the cell restarts", async () => {
    await openStage();
    const settings = stage.settings(1, 0, trafficTo(0), { heartbeatMs: 20 });
    const command = [process.execPath, await bundleSource(programSource("cell")), JSON.stringify(settings)];
    const cell = await stage.openLocal(0, trafficTo(1), { node: { stallMs: 100 } });
    await stage.machine.startCell(1, { command, stdio: ["ignore", "ignore", "inherit"] });
    await cell.heard("messages", ([event]) => event === "open");
    await sleep(20);
    await stage.machine.crashCell(1);
    await cell.heard("the stall", ([event, , reason]) => event === "down" && reason === "stalled");
    const { link } = cell.traffic.conversations[0] ?? {};
    expect(link?.status).toBe("stalled");
    expect(cell.traffic.node.device.stateTable.get(1)).not.toBe(0);
    const [crashed] = stage.ledger(0).sessions;
    const [old] = cell.ledger.sessions;
    expect([crashed?.committed, (crashed?.committed ?? 0) + 1]).toContain(old?.received);
    expect(old?.ended).toBe(false);
    const heardSoFar = cell.reports.length;
    await stage.machine.restartCell(1);
    const up = await cell.heard("the next life up", isUp, heardSoFar);
    expect(old?.ended).toBe(true);
    expect(up).toEqual(["up", 1, cell.ledger.sessions[1]?.peerEpoch, false]);
    expect(cell.ledger.sessions[1]?.peerEpoch).not.toBe(old?.peerEpoch);
    await until("messages of the next life", () => (cell.ledger.sessions[1]?.received ?? 0) > 0);
    expect(cell.reported("fault")).toEqual([]);
  });
});

describe("a stranger that opens the device of a cell", () => {
  test("ShmNode writes its state again, and the link goes on with nothing lost, when its state word becomes 0", async () => {
    await openStage();
    const cell = await stage.openLocal(1, trafficTo(0));
    const victim = await stage.pool.take();
    victim.tell("go", stage.settings(0, 0, trafficTo(1)));
    await cell.heard("messages", ([event]) => event === "open");
    await victim.next("open");
    victim.tell("block", 400);
    // Blocked, it commits no more.
    const isBlocked = createStandstill(0);
    while (!isBlocked()) await sleep(20);
    const record = stage.ledger(0).sessions[0];
    await writeStateAsStranger(stage.machine.name, GUEST, 0, 0);
    await cell.heard("the peer away", ([event, , reason]) => event === "down" && reason === "away");
    expect(cell.traffic.conversations[0]?.link.status).toBe("away");
    await victim.next("stateLost");
    const [, , epoch] = await cell.heard("the peer back", ([event, , , resumed]) => event === "up" && resumed === true);
    expect(epoch).toBe(cell.ledger.sessions[0]?.peerEpoch);
    await sleep(20);
    await cell.traffic.stop();
    await finish([victim]);
    await cell.heard("the end", ([event, , reason]) => event === "down" && reason === "peer closed");
    const [own] = cell.ledger.sessions;
    expect(own?.received).toBe(record?.committed);
    expect(own?.committed).toBe(record?.received);
    expect(own?.lost).toBe(0);
    expect(cell.ledger.sessions).toHaveLength(1);
    expect(cell.reported("fault")).toEqual([]);
  });
});
