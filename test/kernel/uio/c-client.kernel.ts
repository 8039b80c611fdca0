import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { constants } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import type { IvshmemDevice } from "../../../src/uio/index.js";
import { heard } from "../../uio/device-events.js";
import { askOwner, buildOwner } from "../../uio/owner.js";
import { loadModule, nodeOf, openPeer, raspberryPi4, unbind, unloadModule } from "./test-module.js";

const STOP = 0xffffffff;
const ROUNDS = 100;
const folder = mkdtempSync("/tmp/intercell-owner-");
const owner = join(folder, "owner");
const opened: IvshmemDevice[] = [];

const machines = [
  raspberryPi4,
  { protocol: 0x4001, peers: 12, vectors: 16, rwBytes: 0, outputBytes: 0x5000 },
  { protocol: 1, peers: 2, vectors: 2, rwBytes: 0x3000, outputBytes: 0 },
];

beforeAll(async () => {
  await buildOwner(owner);
  loadModule(machines);
});
afterEach(() => {
  for (const device of opened.splice(0)) device.close();
});
afterAll(() => {
  unloadModule();
  rmSync(folder, { recursive: true });
});

async function open(machine: number, peer: number): Promise<IvshmemDevice> {
  const device = await openPeer(machine, peer);
  opened.push(device);
  return device;
}

/** Starts a process that serves as peer 1, and waits until peer 0 sees its state. */
async function startServer(machine: number, device: IvshmemDevice): Promise<ChildProcess> {
  const ready = heard(device, "state");
  const child = spawn(owner, ["serve", nodeOf(machine, 1)], { stdio: "inherit" });
  expect(await ready).toEqual([1, 1, 0]);
  return child;
}

/** The first word of the own output section. */
function wordsOf(device: IvshmemDevice): Uint32Array {
  const { bytes } = device.outputSection ?? { bytes: new Uint8Array(0) };
  return new Uint32Array(bytes.buffer, bytes.byteOffset, 1);
}

describe("intercell_uio.c on UIO", () => {
  test.each([0, 1])("shares memory, state and doorbells with a device in TypeScript (machine %i)", async (machine) => {
    const device = await open(machine, 0);
    const child = await startServer(machine, device);
    const words = wordsOf(device);
    for (let round = 1; round <= ROUNDS; round += 1) {
      const answer = heard(device, "interrupt");
      words[0] = round;
      device.ring(1);
      await answer;
      expect(device.inputSection(1).readUint32(0)).toBe(round + 1);
    }
    const [gone, exit] = [heard(device, "state"), once(child, "exit")];
    words[0] = STOP;
    device.ring(1);
    expect(await gone).toEqual([1, 0, 1]);
    expect(await exit).toEqual([0, null]);
  });

  test.each([
    [0, 2],
    [1, 11],
    [2, 1],
  ])("gives the geometry of machine %i, and each interrupt once", async (number, peer) => {
    const { peers, protocol, rwBytes, outputBytes } = machines[number] ?? raspberryPi4;
    expect(await askOwner(owner, "look", nodeOf(number, peer))).toEqual({
      ...{ id: peer, peer, maxPeers: peers, peers, protocol, stateTableBytes: 0x1000, rwBytes, outputBytes },
      ...{ rw: Number(rwBytes > 0), output: Number(outputBytes > 0), interrupts: [0, 1, 0] },
    });
  });

  test("refuses a device that a process has, unless forced", async () => {
    const device = await open(0, 1);
    device.setState(5);
    expect(await askOwner(owner, "holder", nodeOf(0, 1))).toBe(process.pid);
    expect(await askOwner(owner, "open", nodeOf(0, 1))).toEqual([-constants.errno.EBUSY, -1]);
    expect(device.stateTable.get(1)).toBe(5);
    expect(await askOwner(owner, "force", nodeOf(0, 1))).toEqual([0, -1]);
    expect(device.stateTable.get(1)).toBe(0);
  });

  test.each(["store-input", "store-state"])("dies of SIGSEGV when it stores to what it may only read (%s)", (what) => {
    expect(spawnSync(owner, [what, nodeOf(0, 2)]).signal).toBe("SIGSEGV");
  });

  test("leaves state 0 when its process is killed", async () => {
    const device = await open(0, 0);
    const child = await startServer(0, device);
    const gone = heard(device, "state");
    child.kill("SIGKILL");
    expect(await gone).toEqual([1, 0, 1]);
  });

  // The last one, as the peer's device is gone after it.
  test("is told by intercell_uio_wait() when the driver is unbound, and touches no register after it", async () => {
    const child = await startServer(0, await open(0, 0));
    const exit = once(child, "exit");
    unbind(0, 1);
    expect(await exit).toEqual([3, null]);
  });
});
