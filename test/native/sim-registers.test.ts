import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setImmediate } from "node:timers/promises";
import fc from "fast-check";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import {
  closeDescriptor,
  closePoller,
  createEventfd,
  createMemfd,
  createPoller,
  createSimRegisters,
  type Descriptor,
  mapMemory,
  type Registers,
  readRegister,
  reopenReadOnly,
  type SimHypervisor,
  simAttach,
  simClose,
  simDetach,
  simInitialise,
  simInspect,
  simOpen,
  unmapMemory,
  unmapRegisters,
  writeRegister,
} from "../../src/native.js";
import { fixture } from "./child.js";

const PAGE_BYTES = 4096;
const MAX_PEERS = 3;
const ID = 0x00;
const MAX_PEERS_REGISTER = 0x04;
const INT_CONTROL = 0x08;
const DOORBELL = 0x0c;
const STATE = 0x10;
const U32_MAX = 0xffff_ffff;

/** A simulated device with all peers attached, and the register page of each. */
interface Device {
  readonly hypervisor: Descriptor;
  readonly stateTable: Descriptor;
  readonly eventfds: readonly Descriptor[];
  readonly handle: SimHypervisor;
  readonly registers: readonly Registers[];
  readonly states: Uint32Array<ArrayBuffer>;
}

function makeDevice(vectors = 0): Device {
  const hypervisor = createMemfd("hypervisor", PAGE_BYTES);
  const stateTable = createMemfd("state-table", PAGE_BYTES);
  const eventfds = Array.from({ length: MAX_PEERS }, () => createEventfd());
  simInitialise(hypervisor, { maxPeers: MAX_PEERS, vectors, protocol: 1 });
  const handle = simOpen({ hypervisor, stateTable, eventfds });
  const registers = eventfds.map((_, peer) => {
    simAttach(handle, peer);
    return createSimRegisters({ hypervisor, stateTable, eventfds, peer });
  });
  const states = new Uint32Array(mapMemory(stateTable, { sizeBytes: PAGE_BYTES }));
  return { hypervisor, stateTable, eventfds, handle, registers, states };
}

function closeDevice({ hypervisor, stateTable, eventfds, handle, registers, states }: Device): void {
  for (const page of registers) unmapRegisters(page);
  unmapMemory(states.buffer);
  simClose(handle);
  for (const fd of [hypervisor, stateTable, ...eventfds]) closeDescriptor(fd);
}

let device: Device;

function page(peer: number): Registers {
  const registers = device.registers[peer];
  if (registers === undefined) throw new RangeError(`Expected a peer below ${MAX_PEERS}, found ${peer}`);
  return registers;
}

/** Interrupts of a peer since the last call. */
function takeInterrupts(peer: number): number {
  const count = new BigUint64Array(1);
  try {
    readSync(device.eventfds[peer] ?? -1, count);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EAGAIN") return 0;
    throw error;
  }
  return Number(count[0]);
}

function arm(...peers: number[]): void {
  for (const peer of peers) writeRegister(page(peer), INT_CONTROL, 1);
}

function ring(self: number, target: number, vector = 0): void {
  writeRegister(page(self), DOORBELL, target * 0x10000 + vector);
}

function report(peer: number): unknown {
  return simInspect(device.handle)[peer];
}

beforeEach(() => {
  device = makeDevice();
});

afterEach(() => closeDevice(device));

describe("createSimRegisters()", () => {
  test("createSimRegisters() reads what the hypervisor would answer when each register is read", () => {
    writeRegister(page(2), STATE, 5);
    const offsets = [ID, MAX_PEERS_REGISTER, INT_CONTROL, DOORBELL, STATE, 0x14, PAGE_BYTES - 4];
    expect(offsets.map((offsetBytes) => readRegister(page(2), offsetBytes))).toEqual([2, MAX_PEERS, 0, 0, 5, 0, 0]);
  });

  test("createSimRegisters() ignores a store when the register cannot be written", () => {
    for (const offsetBytes of [ID, MAX_PEERS_REGISTER, 0x14]) writeRegister(page(1), offsetBytes, 7);
    expect([readRegister(page(1), ID), readRegister(page(1), MAX_PEERS_REGISTER)]).toEqual([1, MAX_PEERS]);
  });

  test("createSimRegisters() throws ERR_CLOSED on access when unmapped", () => {
    unmapRegisters(page(0));
    unmapRegisters(page(0));
    const closed = expect.objectContaining({ code: "ERR_CLOSED" });
    expect(() => readRegister(page(0), ID)).toThrow(closed);
    expect(() => writeRegister(page(0), STATE, 1)).toThrow(closed);
  });

  test("createSimRegisters() throws EPROTO when the page was not prepared", () => {
    const { stateTable, eventfds } = device;
    const blank = createMemfd("blank", PAGE_BYTES);
    expect(() => createSimRegisters({ hypervisor: blank, stateTable, eventfds, peer: 0 })).toThrow(
      expect.objectContaining({ code: "EPROTO" }),
    );
    closeDescriptor(blank);
  });

  test("createSimRegisters() throws when its memory is too small, read-only, or lacks an eventfd", () => {
    const { hypervisor, stateTable, eventfds } = device;
    const small = createMemfd("small", 4);
    const readOnly = reopenReadOnly(stateTable);
    const make = (options: object) => () =>
      createSimRegisters({ hypervisor, stateTable, eventfds, peer: 0, ...options });
    expect(make({ hypervisor: small })).toThrow(expect.objectContaining({ code: "ENXIO" }));
    expect(make({ stateTable: small })).toThrow(expect.objectContaining({ code: "ENXIO" }));
    expect(make({ stateTable: readOnly })).toThrow(expect.objectContaining({ code: "EACCES" }));
    expect(make({ eventfds: eventfds.slice(1) })).toThrow(expect.objectContaining({ code: "EINVAL" }));
    expect(make({ eventfds: [0, 1, 1_000_000] })).toThrow(expect.objectContaining({ code: "EBADF" }));
    expect(make({ eventfds: new Array(13).fill(0) })).toThrow(RangeError);
    expect(make({ eventfds: undefined })).toThrow(TypeError);
    expect(make({ peer: MAX_PEERS })).toThrow(RangeError);
    expect(make({ peers: 1 })).toThrow(TypeError);
    for (const fd of [small, readOnly]) closeDescriptor(fd);
  });
});

describe("IntControl", () => {
  test("IntControl keeps bit 0 only when any value is written", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: U32_MAX }), (value) => {
        writeRegister(page(0), INT_CONTROL, value);
        expect(readRegister(page(0), INT_CONTROL)).toBe(value % 2);
      }),
    );
  });

  test("IntControl is cleared by a delivery, and what follows is lost, when not armed again", () => {
    arm(1);
    for (let index = 0; index < 3; index++) ring(0, 1);
    expect(readRegister(page(1), INT_CONTROL)).toBe(0);
    expect(takeInterrupts(1)).toBe(1);
    expect(report(1)).toEqual({ intControl: 0, present: true, lost: 2, delivered: 1 });
    arm(1);
    expect(takeInterrupts(1)).toBe(0);
  });
});

describe("Doorbell", () => {
  test("Doorbell interrupts the target alone when it is armed", () => {
    arm(0, 1, 2);
    ring(0, 2);
    expect([0, 1, 2].map(takeInterrupts)).toEqual([0, 0, 1]);
    expect([0, 1, 2].map((peer) => readRegister(page(peer), INT_CONTROL))).toEqual([1, 1, 0]);
  });

  test("Doorbell interrupts its own cell when it is rung for itself", () => {
    arm(1);
    ring(1, 1);
    expect(takeInterrupts(1)).toBe(1);
  });

  test.each([1, 2, 0xffff])(
    "Doorbell silences the target without an interrupt when INTx has no vector %d",
    (vector) => {
      arm(1);
      ring(0, 1, vector);
      expect(takeInterrupts(1)).toBe(0);
      expect(report(1)).toEqual({ intControl: 0, present: true, lost: 0, delivered: 0 });
      ring(0, 1);
      expect(takeInterrupts(1)).toBe(0);
      expect(report(1)).toMatchObject({ lost: 1 });
    },
  );

  test("Doorbell delivers the vectors that MSI-X has when there are 4", () => {
    closeDevice(device);
    device = makeDevice(4);
    const delivered = [0, 3, 4, 5].map((vector) => {
      arm(1);
      ring(0, 1, vector);
      return takeInterrupts(1);
    });
    expect(delivered).toEqual([1, 1, 0, 0]);
  });

  test.each([MAX_PEERS, 12, 0xffff])("Doorbell is ignored when there is no peer %d", (target) => {
    arm(0, 1, 2);
    ring(0, target);
    expect([0, 1, 2].map(takeInterrupts)).toEqual([0, 0, 0]);
    expect([0, 1, 2].map((peer) => readRegister(page(peer), INT_CONTROL))).toEqual([1, 1, 1]);
  });

  test("Doorbell is ignored when the target is absent", () => {
    simDetach(device.handle, 1, false);
    ring(0, 1);
    expect(report(1)).toEqual({ intControl: 0, present: false, lost: 0, delivered: 0 });
  });

  test("Doorbell has no effect when the cell that rings is detached", () => {
    arm(1);
    simDetach(device.handle, 0, false);
    ring(0, 1);
    writeRegister(page(0), STATE, 3);
    writeRegister(page(0), INT_CONTROL, 1);
    expect(takeInterrupts(1)).toBe(0);
    expect([device.states[0], readRegister(page(0), INT_CONTROL)]).toEqual([0, 0]);
  });
});

describe("State", () => {
  test("State holds all 32 bits and shows in the table at once when any value is written", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: U32_MAX }), fc.integer({ min: 0, max: MAX_PEERS - 1 }), (value, peer) => {
        writeRegister(page(peer), STATE, value);
        expect([readRegister(page(peer), STATE), device.states[peer]]).toEqual([value, value]);
      }),
    );
  });

  test("State interrupts every other peer but not its own when the value changes", () => {
    arm(0, 1, 2);
    writeRegister(page(1), STATE, 0x0a0b_0c0d);
    expect([0, 1, 2].map(takeInterrupts)).toEqual([1, 0, 1]);
  });

  test("State interrupts nobody when the value stays the same", () => {
    writeRegister(page(1), STATE, 4);
    arm(0, 1, 2);
    writeRegister(page(1), STATE, 4);
    expect([0, 1, 2].map(takeInterrupts)).toEqual([0, 0, 0]);
    expect([0, 1, 2].map((peer) => readRegister(page(peer), INT_CONTROL))).toEqual([1, 1, 1]);
  });
});

describe("a poller with rearm", () => {
  test("createPoller() re-arms a simulated device when it has read the count", async () => {
    const callback = vi.fn();
    const rearm = { registers: page(1), offsetBytes: INT_CONTROL, value: 1 };
    const poller = createPoller(device.eventfds[1] ?? -1, { countBytes: 8, rearm }, callback);
    arm(1);
    for (let rings = 1; rings <= 3; rings++) {
      ring(0, 1);
      while (callback.mock.calls.length < rings) await setImmediate();
      expect(readRegister(page(1), INT_CONTROL)).toBe(1);
    }
    expect(report(1)).toMatchObject({ delivered: 3, lost: 0 });
    closePoller(poller);
  });
});

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
    closeDevice(device);
    device = makeDevice(16);
    const words = new Uint32Array(mapMemory(device.hypervisor, { sizeBytes: PAGE_BYTES }));
    expect([...words.subarray(0, 6)]).toEqual([0x5648_4349, 1, MAX_PEERS, 16, 1, 0]);
    arm(1);
    expect([...words.subarray(0x80 / 4, 0x80 / 4 + 5)]).toEqual([1, 1, 0, 0, 0]);
    unmapMemory(words.buffer);
  });
});

describe("simAttach() and simDetach()", () => {
  test("simAttach() throws EBUSY when the peer is attached", () => {
    expect(() => simAttach(device.handle, 0)).toThrow(expect.objectContaining({ code: "EBUSY" }));
  });

  test("simAttach() starts masked with nothing pending when the peer had interrupts before", () => {
    arm(1);
    ring(0, 1);
    arm(1);
    simDetach(device.handle, 1, false);
    simAttach(device.handle, 1);
    expect(takeInterrupts(1)).toBe(0);
    expect(report(1)).toMatchObject({ intControl: 0, present: true });
  });

  test("simDetach() zeroes the state and interrupts the others when the state was set", () => {
    writeRegister(page(1), STATE, 2);
    arm(0, 1, 2);
    simDetach(device.handle, 1, false);
    expect(device.states[1]).toBe(0);
    expect([0, 1, 2].map(takeInterrupts)).toEqual([1, 0, 1]);
    arm(0);
    simDetach(device.handle, 1, false);
    expect(takeInterrupts(0)).toBe(0);
  });

  test("simDetach() leaves the state and interrupts nobody when told to keep it", () => {
    writeRegister(page(1), STATE, 2);
    arm(0, 2);
    simDetach(device.handle, 1, true);
    expect(device.states[1]).toBe(2);
    expect([0, 2].map(takeInterrupts)).toEqual([0, 0]);
    simDetach(device.handle, 1, false);
    expect(device.states[1]).toBe(0);
    expect([0, 2].map(takeInterrupts)).toEqual([1, 1]);
  });

  test("simAttach(), simDetach() and simInspect() throw when the handle or the peer is wrong", () => {
    expect(() => simAttach(device.handle, MAX_PEERS)).toThrow(RangeError);
    expect(() => simDetach(device.handle, -1, false)).toThrow(RangeError);
    expect(() => simDetach(device.handle, 0, undefined as never)).toThrow(TypeError);
    expect(() => simInspect(page(0) as never)).toThrow(TypeError);
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
    while (readRegister(page(1), INT_CONTROL) !== 0) await setImmediate();
    child.kill("SIGKILL");
    expect(await exited).toEqual([null, "SIGKILL"]);
    // The cell made the shared descriptor block and filled it: undo both, and see that no signal came through.
    const poller = createPoller(target, { countBytes: 0 }, () => {});
    closePoller(poller);
    expect(takeInterrupts(1)).toBe(2 ** 64);
    expect(report(1)).toMatchObject({ intControl: 0, delivered: 0 });
  }

  test.each(["doorbell", "state"] as const)("simDetach() finishes the delivery when it was a %s", async (what) => {
    arm(1);
    await killInDelivery(what);
    simDetach(device.handle, 0, true);
    expect(takeInterrupts(1)).toBe(1);
    expect(report(1)).toMatchObject({ intControl: 0, delivered: 1 });
    expect(device.states[0]).toBe(what === "state" ? 9 : 0);
    simAttach(device.handle, 0);
    simDetach(device.handle, 0, true);
    expect(takeInterrupts(1)).toBe(0);
  });

  test("simDetach() tells all that were not yet told when the state was changing", async () => {
    arm(1, 2);
    await killInDelivery("state");
    expect(takeInterrupts(2)).toBe(0);
    simDetach(device.handle, 0, true);
    expect([1, 2].map(takeInterrupts)).toEqual([1, 1]);
  });
});
