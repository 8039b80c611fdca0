import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type IvshmemNet, type NetDownReason, openIvshmemNet } from "../../src/ivshmem-net/index.js";
import { startMachine } from "../../src/sim/index.js";
import { until } from "../channel/until.js";

const folder = import.meta.dirname;
const native = join(folder, "../../native");
const work = mkdtempSync(join(tmpdir(), "intercell-c-net-"));
const program = join(work, "net-echo");

beforeAll(() => {
  const options = ["-std=c11", "-O2", "-g", "-Wall", "-Wextra", "-Werror", "-fsanitize=address,undefined"];
  const includes = ["include", "sim"].map((name) => `-I${join(native, name)}`);
  const sources = [join(folder, "net_echo.c"), join(native, "sim/intercell_sim.c")];
  execFileSync("gcc", [...options, ...includes, ...sources, "-o", program], { stdio: ["ignore", "ignore", "inherit"] });
});
afterAll(() => rmSync(work, { recursive: true, force: true }));

/** A frame from an address to another whose content depends on a number. */
function frameOf(number: number, length: number): Uint8Array {
  const frame = Uint8Array.from({ length }, (_, at) => (number + at * 7) & 0xff);
  frame.set([2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2]);
  return frame;
}

/** Sends frames of all lengths as fast as they are taken, and expects each of them back, once and in order. */
async function expectEchoes(net: IvshmemNet, count: number): Promise<void> {
  const lengthOf = (number: number) => 14 + ((number * 131) % 1505);
  let returned = 0;
  let wrong: string | undefined;
  const leave = net.onFrames((batch) => {
    for (let index = 0; index < batch.count; index++) {
      const wanted = frameOf(returned, lengthOf(returned));
      wanted.set([2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1]);
      if (Buffer.compare(wanted, batch.frame(index)) !== 0) wrong ??= `frame ${returned} is another`;
      returned++;
    }
  });
  for (let number = 0; number < count; number++) {
    await net.send(frameOf(number, lengthOf(number)), { timeoutMs: 10_000 });
  }
  await until(() => returned === count, "all frames came back");
  leave();
  expect(wrong).toBeUndefined();
}

describe("net.h as a process, with an endpoint in TypeScript", () => {
  test("net.h carries frames of all lengths both ways, wakes and is woken, and comes back after it was killed", async () => {
    await using machine = await startMachine();
    using net = openIvshmemNet(await machine.openDevice({ peer: 0, device: "net" }), { mtu: 1500 });
    const told: (NetDownReason | "up")[] = [];
    net.events.on("up", () => told.push("up"));
    net.events.on("down", (reason) => told.push(reason));
    const errors: string[] = [];
    net.events.on("error", ({ message }) => errors.push(message));
    await machine.startCell(1, { command: [program], stdio: ["ignore", "ignore", "inherit"] });
    await net.ready({ timeoutMs: 10_000 });
    await expectEchoes(net, 5_000);
    // One at a time, so that both sides sleep between any two.
    for (let round = 0; round < 50; round++) await expectEchoes(net, 1);
    await machine.crashCell(1);
    await machine.startCell(1, { command: [program], stdio: ["ignore", "ignore", "inherit"] });
    await until(() => told.length >= 3 && net.up, "the link is back");
    await expectEchoes(net, 1_000);
    expect([told, errors]).toEqual([["up", "peer reset", "up"], []]);
    expect(net.statistics).toMatchObject({ rxFrames: 6_050, txFrames: 6_050, txLost: 0, faults: 0, rxOversized: 0 });
  });
});
