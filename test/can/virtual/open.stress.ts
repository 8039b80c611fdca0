import { randomBytes } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openVirtualCan, type ReceivedFrame, type VirtualCan } from "../../../src/can/index.js";
import { until } from "../../channel/until.js";
import { type Program, tracesOf, WarmPool } from "../../support/processes.js";
import { frame } from "./support.js";

let pool: WarmPool;

beforeAll(async () => {
  pool = await WarmPool.open(new URL("../programs/bus-member.ts", import.meta.url).pathname, 3);
});

afterAll(async () => {
  expect(await pool.close()).toEqual([]);
});

function freshName(): string {
  return `test-${randomBytes(6).toString("hex")}`;
}

/** The process that carries a bus. */
function carrierOf(name: string): number {
  const wanted = readdirSync("/proc").filter((entry) => {
    if (!/^\d+$/.test(entry)) return false;
    try {
      const [title = ""] = readFileSync(`/proc/${entry}/cmdline`, "latin1").split("\0");
      return title === `intercell-can ${name}`;
    } catch {
      return false;
    }
  });
  expect(wanted).toHaveLength(1);
  return Number(wanted[0]);
}

async function join(name: string, options: object = {}, verb = "open"): Promise<Program> {
  const program = await pool.take();
  program.tell(verb, name, options);
  await program.next("open");
  return program;
}

async function leaveNothing(name: string): Promise<void> {
  await expect.poll(() => tracesOf(name), { timeout: 15_000 }).toEqual([]);
}

describe("openVirtualCan() between processes", () => {
  test("frames arrive whole and in order, and a process that is killed takes neither the bus nor the others with it", async () => {
    const name = freshName();
    // The first process starts the bus, and is the first to die.
    const starter = await join(name, { node: "starter" });
    const sender = await join(name, { node: "sender" });
    const can = await openVirtualCan(name, { node: "here" });
    const numbers: number[] = [];
    can.listen(({ frame: each }) => {
      if (each.kind === "data") numbers.push(new DataView(each.data.buffer, each.data.byteOffset).getUint32(0));
    });
    sender.tell("send", 0x123, 20_000);
    await until(() => numbers.length > 100, "frames arrive");
    starter.kill();
    await starter.exited;
    await sender.next("sent");
    await until(() => numbers.length === 20_000, "all frames arrived");
    expect(numbers.every((number, index) => number === index)).toBe(true);
    expect(can.status).toBe("up");
    sender.kill();
    await sender.exited;
    await expect.poll(async () => (await can.busStatistics()).handles, { timeout: 10_000 }).toBe(1);
    can.close();
    await leaveNothing(name);
  });

  test("when the process that carries the bus is killed, handles are removed and come back, on one new bus", async () => {
    const name = freshName();
    const options = { bitRate: 1_000_000, restartMs: 7 };
    const members = [await join(name, { node: "a", ...options }), await join(name, { node: "b" })];
    const can = await openVirtualCan(name, { node: "here" });
    const statuses: string[] = [];
    can.events.on("status", (status) => statuses.push(status));
    for (let round = 1; round <= 3; round += 1) {
      const carrier = carrierOf(name);
      process.kill(carrier, "SIGKILL");
      for (const member of members) {
        expect(await member.next("status")).toEqual(["removed"]);
        expect(await member.next("status")).toEqual(["up"]);
      }
      await until(() => statuses.length === 2 * round, "this handle is back as well");
      expect(statuses.slice(-2)).toEqual(["removed", "up"]);
      expect(carrierOf(name)).not.toBe(carrier);
      await can.sendConfirmed(frame(round));
      for (const member of members) expect(await member.next("frame")).toEqual([`00${round}#`, "remote"]);
    }
    // The new bus is as the old one.
    await expect(openVirtualCan(name, { bitRate: 500_000 })).rejects.toMatchObject({ code: "ERR_CONFIG" });
    expect((await can.busStatistics()).busyNs).toBeGreaterThan(0);
    for (const member of members) member.kill();
    can.close();
    await leaveNothing(name);
  });

  test("what waits when the bus is killed is told: sends are refused, confirmations in doubt, commands gone", async () => {
    const name = freshName();
    const can = await openVirtualCan(name, { reopen: false, txQueueFrames: 1 });
    await can.setHeld(true);
    const results = Promise.allSettled([can.sendConfirmed(frame(1)), can.send(frame(2))]);
    await until(() => can.statistics.sentFrames === 1, "one frame was taken");
    process.kill(carrierOf(name), "SIGKILL");
    const codes = (await results).map((result) => (result.status === "rejected" ? result.reason.code : "fulfilled"));
    expect(codes).toEqual(["ERR_UNCONFIRMED", "ENODEV"]);
    expect(can.status).toBe("removed");
    expect(() => can.trySend(frame(3))).toThrow(expect.objectContaining({ code: "ENODEV" }));
    await expect(can.busStatistics()).rejects.toMatchObject({ code: "ENODEV" });
    can.close();
    await leaveNothing(name);
  });

  test("a reader that does not read loses frames, each counted, and holds nobody up", async () => {
    const name = freshName();
    const slow = await join(name, { node: "slow", receiveFrames: 100 }, "quiet");
    const can = await openVirtualCan(name, { node: "here" });
    const heard: ReceivedFrame[] = [];
    const witness: VirtualCan = await openVirtualCan(name, { node: "witness" });
    witness.listen((received) => heard.push(received));
    slow.tell("block", 4000);
    await slow.next("blocked");
    const count = 20_000;
    for (let index = 0; index < count - 1; index += 1) await can.send(frame(index & 0x7ff, 1, 2, 3, 4, 5, 6, 7, 8));
    await can.sendConfirmed(frame(1));
    await until(() => heard.length === count, "the witness heard all");
    expect(witness.statistics.droppedFrames).toBe(0);
    await slow.next("unblocked");
    await can.sendConfirmed(frame(2));
    await expect
      .poll(
        async () => {
          slow.tell("statistics");
          const [statistics] = (await slow.next("statistics")) as [{ receivedFrames: number; droppedFrames: number }];
          return statistics.receivedFrames + statistics.droppedFrames;
        },
        { timeout: 15_000 },
      )
      .toBe(count + 1);
    slow.tell("statistics");
    const [statistics] = (await slow.next("statistics")) as [{ droppedFrames: number }];
    expect(statistics.droppedFrames).toBeGreaterThan(0);
    const dropped = slow.reports.filter(([event]) => event === "dropped");
    expect(dropped.reduce((sum, [, each]) => sum + Number(each), 0)).toBe(statistics.droppedFrames);
    slow.kill();
    for (const each of [can, witness]) each.close();
    await leaveNothing(name);
  });

  test("a bus whose processes are all killed at once leaves nothing behind", async () => {
    const name = freshName();
    const members = [await join(name), await join(name)];
    process.kill(carrierOf(name), "SIGKILL");
    for (const member of members) member.kill();
    await Promise.all(members.map(({ exited }) => exited));
    await leaveNothing(name);
    const can = await openVirtualCan(name);
    await can.sendConfirmed(frame(1));
    can.close();
    await leaveNothing(name);
  });
});
