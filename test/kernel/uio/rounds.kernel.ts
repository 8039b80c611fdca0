import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { openChannel } from "../../../src/channel/index.js";
import type { ShmNode } from "../../../src/shm/index.js";
import { type Program, WarmPool } from "../../support/processes.js";
import type { EchoSettings } from "./programs/cell.js";
import { echoProtocol } from "./programs/echo-protocol.js";
import { cellProgram, openLocalNode } from "./stage.js";
import { addressOf, loadModule, loseInterrupts, lostInterrupts, raspberryPi4, unloadModule } from "./test-module.js";

const LOCAL = 0;
const REMOTE = 1;
/** INTERCELL_ROUNDS asks for another number. */
const ROUNDS = Number(process.env["INTERCELL_ROUNDS"] ?? 100_000);
const LONG_MS = 600_000;
/** A poll that no test is quick enough for by chance. */
const POLL_MS = 200;

let pool: WarmPool;
let node: ShmNode;

beforeEach(async () => {
  loadModule([raspberryPi4]);
  pool = await WarmPool.open(cellProgram(), 1);
});

afterEach(async () => {
  node.close();
  expect(await pool.close()).toEqual([]);
  unloadModule();
});

async function openEcho(fallbackPollMs: number) {
  const cell: Program = await pool.take({ refill: false });
  node = await openLocalNode(LOCAL, fallbackPollMs);
  const channel = openChannel(node.link(REMOTE), echoProtocol);
  cell.tell("echo", { address: addressOf(0, REMOTE), peer: LOCAL, fallbackPollMs } satisfies EchoSettings);
  await Promise.all([channel.ready({ timeoutMs: 20_000 }), cell.next("open")]);
  return { cell, channel };
}

describe("ShmLink on UIO between two processes", () => {
  test("notes arrive in both directions", async () => {
    const { channel } = await openEcho(50);
    const answers: number[] = [];
    const last = new Promise<void>((resolve) => {
      channel.messages.on("note", ({ value }) => {
        answers.push(value);
        if (answers.length === 100) resolve();
      });
    });
    for (let value = 0; value < 100; value += 1) await channel.send("note", { value });
    await last;
    expect(answers).toEqual(Array.from({ length: 100 }, (_, value) => value + 1));
  });

  test(
    `request() loses no interrupt in ${ROUNDS} rounds when both sides sleep and the fallback poll is off`,
    async () => {
      const { channel } = await openEcho(0);
      const beginMs = performance.now();
      for (let value = 0; value < ROUNDS; value += 1) {
        const reply = await channel.request("echo", { value }, { timeoutMs: 20_000 });
        if (reply.value !== value) throw new Error(`Request ${value} was answered with ${reply.value}`);
      }
      const tookMs = performance.now() - beginMs;
      const { doorbellsRung, rescuedByPoll } = node.link(REMOTE).statistics;
      const perRound = Math.round((tookMs * 1000) / ROUNDS);
      console.log(`${ROUNDS} rounds: ${perRound} us each, ${doorbellsRung} doorbells, ${Math.round(tookMs)} ms`);
      expect(rescuedByPoll).toBe(0);
      // Otherwise the rounds would not have gone by doorbell.
      expect(doorbellsRung).toBeGreaterThanOrEqual(ROUNDS / 2);
    },
    LONG_MS,
  );

  test("request() is served by the fallback poll and counted when the doorbell is lost", async () => {
    const { cell, channel } = await openEcho(POLL_MS);
    await channel.request("echo", { value: 0 });
    cell.tell("rescued", LOCAL);
    const [before] = await cell.next("rescued");
    const lost = lostInterrupts(0, REMOTE);
    // Until it sleeps again it may see the record without an interrupt.
    for (let value = 1; lostInterrupts(0, REMOTE) === lost; value += 1) {
      await new Promise((resolve) => setTimeout(resolve, 2 * POLL_MS));
      loseInterrupts(0, REMOTE, 1);
      expect(await channel.request("echo", { value }, { timeoutMs: 20_000 })).toEqual({ value });
    }
    cell.tell("rescued", LOCAL);
    const [after] = await cell.next("rescued");
    expect(after).toBe((before as number) + 1);
  });
});
