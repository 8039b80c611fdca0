import { execFile, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { constants, tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { type Machine, startMachine } from "../../src/sim/index.js";
import { skipUnless } from "../support/skip.js";
import { heard } from "../uio/device-events.js";

const run = promisify(execFile);
const hasGcc = spawnSync("gcc", ["--version"]).status === 0;

describe("intercell_sim.c", skipUnless(hasGcc, "gcc is missing"), () => {
  const folder = mkdtempSync(join(tmpdir(), "intercell-inmate-"));
  const inmate = join(folder, "inmate");
  let machine: Machine;

  beforeAll(async () => {
    const client = fileURLToPath(new URL("../../native/sim/", import.meta.url));
    const program = fileURLToPath(new URL("./inmate.c", import.meta.url));
    const flags = ["-std=c11", "-O2", "-Wall", "-Wextra", "-Werror", "-fsanitize=undefined", `-I${client}`];
    await run("gcc", [...flags, program, join(client, "intercell_sim.c"), "-o", inmate]);
  });
  afterAll(() => rmSync(folder, { recursive: true }));
  beforeEach(async () => {
    machine = await startMachine({
      devices: [{}, { protocol: 0x4002, peers: 12, vectors: 16, rwBytes: 0, outputBytes: 0 }],
    });
  });
  afterEach(() => machine.close());

  async function ask(...parameters: readonly (string | number)[]): Promise<unknown> {
    return JSON.parse((await run(inmate, parameters.map(String))).stdout);
  }

  test("shares memory, state and doorbells with a device in TypeScript", async () => {
    const device = await machine.openDevice({ peer: 0, fallbackPollMs: 0 });
    const words = new Uint32Array(device.outputSection?.bytes.buffer ?? new ArrayBuffer(0));
    words[0] = 0xcafe0000;
    const ready = heard(device, "state");
    const child = await machine.startCell("inmate-demo", { command: [inmate] });
    expect(await ready).toEqual([1, 1, 0]);
    expect(device.inputSection(1).readUint32(0)).toBe(0xcafe0000);
    for (let round = 1; round <= 100; round++) {
      const answer = heard(device, "interrupt");
      words[0] = round;
      device.ring(1);
      await answer;
      expect(device.inputSection(1).readUint32(0)).toBe(round + 1);
    }
    const gone = heard(device, "state");
    const exit = once(child, "exit");
    words[0] = 0xffffffff;
    device.ring(1);
    expect(await gone).toEqual([1, 0, 1]);
    expect(await exit).toEqual([0, null]);
  });

  test("gives the geometry that the machine was started with", async () => {
    const common = { peers: 3, maxPeers: 3, vectors: 0, protocol: 0, stateTableBytes: 0x1000, state: 0 };
    expect(await ask(machine.name, 0, 2)).toEqual({
      ...{ ...common, id: 2, rwBytes: 0x9000, outputBytes: 0x2000, rw: 1, output: 1, timeout: 0, self: 1 },
    });
    expect(await ask(machine.name, 1, 11)).toEqual({
      ...{ ...common, id: 11, peers: 12, maxPeers: 12, vectors: 16, protocol: 0x4002 },
      ...{ rwBytes: 0, outputBytes: 0, rw: 0, output: 0, timeout: 0, self: 1 },
    });
  });

  test("returns -errno when the machine, the device or the peer cannot be had", async () => {
    const { ECONNREFUSED, ENODEV, EINVAL, EBUSY, ENAMETOOLONG } = constants.errno;
    expect(await ask("no-such-machine", 0, 1)).toBe(-ECONNREFUSED);
    expect(await ask("x".repeat(120), 0, 1)).toBe(-ENAMETOOLONG);
    expect(await ask(machine.name, 2, 1)).toBe(-ENODEV);
    expect(await ask(machine.name, 0, 3)).toBe(-EINVAL);
    await machine.openDevice({ peer: 1 });
    expect(await ask(machine.name, 0, 1)).toBe(-EBUSY);
  });

  test("returns -ENOENT or -EINVAL when the environment does not say who it is", () => {
    const { ENOENT, EINVAL } = constants.errno;
    const status = (env: NodeJS.ProcessEnv) => spawnSync(inmate, [], { env }).status;
    expect(status({})).toBe(ENOENT);
    expect(status({ INTERCELL_SIM: machine.name })).toBe(ENOENT);
    for (const peer of ["x", "12", "-1", "1 "]) {
      expect(status({ INTERCELL_SIM: machine.name, INTERCELL_PEER: peer })).toBe(EINVAL);
    }
  });

  test("dies of SIGSEGV when it stores to memory that the hypervisor gave for reading", async () => {
    for (const memory of ["input", "state_table"]) {
      const { signal } = spawnSync(inmate, [machine.name, "0", "2", memory]);
      expect([memory, signal]).toEqual([memory, "SIGSEGV"]);
    }
    expect((await machine.inspect())[0]?.peers[2]).toMatchObject({ present: false, state: 0 });
  });

  test("is told by intercell_sim_wait() when the machine ends", async () => {
    const device = await machine.openDevice({ peer: 0 });
    device.events.on("error", () => undefined);
    const ready = heard(device, "state");
    const env = { INTERCELL_SIM: machine.name, INTERCELL_PEER: "2" };
    const stranger = execFile(inmate, [], { env });
    await ready;
    const exit = once(stranger, "exit");
    await machine.close();
    expect(await exit).toEqual([3, null]);
  });
});
