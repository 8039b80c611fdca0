import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setImmediate } from "node:timers/promises";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import {
  closePoller,
  createPoller,
  mapMemory,
  readRegister,
  simAttach,
  simClose,
  simDetach,
  simInitialise,
  simInspect,
  unmapMemory,
  writeRegister,
} from "../../src/native.js";
import { fixture } from "./child.js";
import { MAX_PEERS, PAGE_BYTES, Register, SimDevice } from "./sim-device.js";

let device: SimDevice;

beforeEach(() => {
  device = new SimDevice();
});

afterEach(() => device.close());

describe("simInitialise()", () => {
  test.each([
    { maxPeers: 0, vectors: 0, protocol: 0 },
    { maxPeers: 13, vectors: 0, protocol: 0 },
    { maxPeers: 1, vectors: 17, protocol: 0 },
    { maxPeers: 1, vectors: 0, protocol: 0x10000 },
  ])("simInitialise() refuses %j", (geometry) => {
    expect(() => simInitialise(device.hypervisor, geometry)).toThrow(RangeError);
  });

  test("simInitialise() refuses an option when it is unknown", () => {
    const geometry = { maxPeers: 1, vectors: 0, protocol: 0, peers: 1 };
    expect(() => simInitialise(device.hypervisor, geometry as never)).toThrow(TypeError);
  });

  test("simInitialise() lays the page out as the header says when it has run", () => {
    device.close();
    device = new SimDevice(16);
    const words = new Uint32Array(mapMemory(device.hypervisor, { sizeBytes: PAGE_BYTES }));
    expect([...words.subarray(0, 6)]).toEqual([0x5648_4349, 1, MAX_PEERS, 16, 1, 0]);
    device.arm(1);
    expect([...words.subarray(0x80 / 4, 0x80 / 4 + 5)]).toEqual([1, 1, 0, 0, 0]);
    unmapMemory(words.buffer);
  });
});

describe("simAttach() and simDetach()", () => {
  test("simAttach() throws EBUSY when the peer is attached", () => {
    expect(() => simAttach(device.handle, 0)).toThrow(expect.objectContaining({ code: "EBUSY" }));
  });

  test("simAttach() starts masked with nothing pending when the peer had interrupts before", () => {
    device.arm(1);
    device.ring(0, 1);
    device.arm(1);
    simDetach(device.handle, 1, false);
    simAttach(device.handle, 1);
    expect(device.takeInterrupts(1)).toBe(0);
    expect(device.report(1)).toMatchObject({ intControl: 0, present: true });
  });

  test("simDetach() zeroes the state and interrupts the others when the state was set", () => {
    writeRegister(device.registers(1), Register.STATE, 2);
    device.arm(0, 1, 2);
    simDetach(device.handle, 1, false);
    expect(device.states[1]).toBe(0);
    expect([0, 1, 2].map((peer) => device.takeInterrupts(peer))).toEqual([1, 0, 1]);
    device.arm(0);
    simDetach(device.handle, 1, false);
    expect(device.takeInterrupts(0)).toBe(0);
  });

  test("simDetach() leaves the state and interrupts nobody when told to keep it", () => {
    writeRegister(device.registers(1), Register.STATE, 2);
    device.arm(0, 2);
    simDetach(device.handle, 1, true);
    expect(device.states[1]).toBe(2);
    expect([0, 2].map((peer) => device.takeInterrupts(peer))).toEqual([0, 0]);
    simDetach(device.handle, 1, false);
    expect(device.states[1]).toBe(0);
    expect([0, 2].map((peer) => device.takeInterrupts(peer))).toEqual([1, 1]);
  });

  test("simAttach(), simDetach() and simInspect() throw when the handle or the peer is wrong", () => {
    expect(() => simAttach(device.handle, MAX_PEERS)).toThrow(RangeError);
    expect(() => simDetach(device.handle, -1, false)).toThrow(RangeError);
    expect(() => simDetach(device.handle, 0, undefined as never)).toThrow(TypeError);
    expect(() => simInspect(device.registers(0) as never)).toThrow(TypeError);
    simClose(device.handle);
    simClose(device.handle);
    for (const use of [
      () => simAttach(device.handle, 0),
      () => simDetach(device.handle, 0, false),
      () => simInspect(device.handle),
    ]) {
      expect(use).toThrow(expect.objectContaining({ code: "EBADF" }));
    }
  });
});

describe("a cell killed in the middle of a delivery", () => {
  let folder: string;
  let program: string;
  let child: ChildProcess | undefined;

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "intercell-native-"));
    program = join(folder, "stuck-doorbell");
    const flags = ["-std=c11", "-D_GNU_SOURCE", "-O2", "-Wall", "-Wextra", "-Wpedantic", "-Werror"];
    execFileSync("gcc", [...flags, "-o", program, fixture("stuck-doorbell.c")]);
  });

  afterAll(() => rmSync(folder, { recursive: true }));
  afterEach(() => child?.kill("SIGKILL"));

  /** Starts a cell that takes peer 1's interrupt and cannot deliver it, and kills it there. */
  async function killInDelivery(what: "doorbell" | "state"): Promise<void> {
    const [, target = -1] = device.eventfds;
    child = spawn(program, [what], {
      stdio: ["ignore", "pipe", "inherit", device.hypervisor, device.stateTable, target],
    });
    const exited = once(child, "exit");
    if (child.stdout !== null) await once(child.stdout, "data");
    while (readRegister(device.registers(1), Register.INT_CONTROL) !== 0) await setImmediate();
    child.kill("SIGKILL");
    expect(await exited).toEqual([null, "SIGKILL"]);
    // The cell made the shared descriptor block and filled it: undo both, and see that no signal came through.
    const poller = createPoller(target, { countBytes: 0 }, () => {});
    closePoller(poller);
    expect(device.takeInterrupts(1)).toBe(2 ** 64);
    expect(device.report(1)).toMatchObject({ intControl: 0, delivered: 0 });
  }

  test.each(["doorbell", "state"] as const)("simDetach() finishes the delivery when it was a %s", async (what) => {
    device.arm(1);
    await killInDelivery(what);
    simDetach(device.handle, 0, true);
    expect(device.takeInterrupts(1)).toBe(1);
    expect(device.report(1)).toMatchObject({ intControl: 0, delivered: 1 });
    expect(device.states[0]).toBe(what === "state" ? 9 : 0);
    simAttach(device.handle, 0);
    simDetach(device.handle, 0, true);
    expect(device.takeInterrupts(1)).toBe(0);
  });

  test("simDetach() tells all that were not yet told when the state was changing", async () => {
    device.arm(1, 2);
    await killInDelivery("state");
    expect(device.takeInterrupts(2)).toBe(0);
    simDetach(device.handle, 0, true);
    expect([1, 2].map((peer) => device.takeInterrupts(peer))).toEqual([1, 1]);
  });
});
