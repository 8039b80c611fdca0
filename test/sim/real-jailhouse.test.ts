/**
 * What was seen on a real Jailhouse (v0.12 and later on arm64: a root cell, a bare-metal inmate and a second Linux cell),
 * as far as a simulated machine can show it. Each title is the behaviour.
 */
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type Machine, startMachine } from "../../src/sim/index.js";
import { doorbellValue, Register } from "../../src/uio/index.js";
import { heard, recordStates } from "../uio/device-events.js";
import { startToldCell, ToldCell } from "./program.js";
import { RawCell } from "./raw-cell.js";

let machine: Machine;
const raw: RawCell[] = [];

beforeEach(async () => {
  machine = await startMachine({ devices: [{}, { peers: 2, vectors: 2 }] });
});
afterEach(async () => {
  for (const cell of raw.splice(0)) cell.vanish();
  await machine.close();
});

async function plugIn(peer: number): Promise<RawCell> {
  const cell = await RawCell.open(machine.name, peer);
  raw.push(cell);
  return cell;
}

async function plugInArmed(...peers: readonly number[]): Promise<readonly [RawCell, RawCell]> {
  const [one, two] = [await plugIn(peers[0] ?? 0), await plugIn(peers[1] ?? 1)];
  for (const cell of [one, two]) cell.write(Register.INT_CONTROL, 1);
  return [one, two];
}

describe("registers", () => {
  test("State takes all 32 bits and shows at once in one's own table slot", async () => {
    const cell = await plugIn(1);
    for (const value of [0x0a0b0c0d, 0xffffffff, 0x80000000]) {
      cell.write(Register.STATE, value);
      expect([cell.read(Register.STATE), cell.states()]).toEqual([value, [0, value, 0]]);
    }
  });

  test("State does not interrupt oneself; a doorbell to one's own id does", async () => {
    const cell = await plugIn(1);
    cell.write(Register.INT_CONTROL, 1);
    cell.write(Register.STATE, 5);
    expect(cell.takeInterrupts()).toBe(0);
    cell.write(Register.DOORBELL, doorbellValue(1, 0));
    expect(cell.takeInterrupts()).toBe(1);
  });

  test("State interrupts the peers only if the value changes", async () => {
    const [root, inmate] = await plugInArmed();
    inmate.write(Register.STATE, 5);
    expect(root.takeInterrupts()).toBe(1);
    root.write(Register.INT_CONTROL, 1);
    inmate.write(Register.STATE, 5);
    expect(root.takeInterrupts()).toBe(0);
  });

  test("Doorbell ignores unknown peers", async () => {
    const [root, inmate] = await plugInArmed();
    for (const target of [2, 3, 12, 0xffff]) inmate.write(Register.DOORBELL, doorbellValue(target, 0));
    expect([root.takeInterrupts(), inmate.takeInterrupts()]).toEqual([0, 0]);
    expect(root.read(Register.INT_CONTROL)).toBe(1);
  });

  test("Doorbell reads 0", async () => {
    const cell = await plugIn(1);
    cell.write(Register.DOORBELL, doorbellValue(0, 0));
    expect(cell.read(Register.DOORBELL)).toBe(0);
  });

  test("IntControl keeps bit 0 only", async () => {
    const cell = await plugIn(1);
    for (const [written, kept] of [
      [0xffffffff, 1],
      [0xfffffffe, 0],
      [3, 1],
    ] as const) {
      cell.write(Register.INT_CONTROL, written);
      expect(cell.read(Register.INT_CONTROL)).toBe(kept);
    }
  });

  test("ID and MaxPeers say who one is and cannot be written", async () => {
    const cell = await plugIn(2);
    cell.write(Register.ID, 0);
    cell.write(Register.MAX_PEERS, 0);
    expect([cell.read(Register.ID), cell.read(Register.MAX_PEERS)]).toEqual([2, 3]);
  });
});

describe("interrupts", () => {
  test("a delivery clears IntControl; what comes until it is set again is lost, not latched", async () => {
    const [root, inmate] = await plugInArmed();
    for (let ring = 0; ring < 3; ring++) inmate.write(Register.DOORBELL, doorbellValue(0, 0));
    inmate.write(Register.STATE, 1);
    expect([root.takeInterrupts(), root.read(Register.INT_CONTROL)]).toEqual([1, 0]);
    root.write(Register.INT_CONTROL, 1);
    expect(root.takeInterrupts()).toBe(0);
    inmate.write(Register.DOORBELL, doorbellValue(0, 0));
    expect(root.takeInterrupts()).toBe(1);
  });

  test("with INTx a doorbell to vector 1 silences the target without an interrupt", async () => {
    const [root, inmate] = await plugInArmed();
    inmate.write(Register.DOORBELL, doorbellValue(0, 1));
    expect([root.takeInterrupts(), root.read(Register.INT_CONTROL)]).toEqual([0, 0]);
    inmate.write(Register.DOORBELL, doorbellValue(0, 0));
    expect(root.takeInterrupts()).toBe(0);
  });

  test("the fallback poll hears a peer that was silenced by a doorbell to a wrong vector", async () => {
    const root = await machine.openDevice({ peer: 0, fallbackPollMs: 5 });
    const inmate = await plugIn(1);
    const change = heard(root, "state");
    inmate.write(Register.DOORBELL, doorbellValue(0, 1));
    inmate.write(Register.STATE, 3);
    expect(await change).toEqual([1, 3, 0]);
    await heard(root, "poll");
    const interrupt = heard(root, "interrupt");
    inmate.write(Register.DOORBELL, doorbellValue(0, 0));
    expect(await interrupt).toEqual([1]);
  });

  test("one counter serves all vectors: a state change and a doorbell look the same", async () => {
    const root = await machine.openDevice({ device: 1, peer: 0, fallbackPollMs: 0 });
    const inmate = await machine.openDevice({ device: 1, peer: 1, fallbackPollMs: 0 });
    for (const act of [() => inmate.ring(0, 0), () => inmate.ring(0, 1), () => inmate.setState(4)]) {
      const interrupt = heard(root, "interrupt");
      act();
      expect(await interrupt).toEqual([1]);
    }
  });

  test("events before open are not pending", async () => {
    const [, inmate] = await plugInArmed();
    const first = raw.shift();
    inmate.write(Register.DOORBELL, doorbellValue(0, 0));
    first?.vanish();
    inmate.write(Register.DOORBELL, doorbellValue(0, 0));
    const again = await plugIn(0);
    expect([again.takeInterrupts(), again.read(Register.INT_CONTROL)]).toEqual([0, 0]);
  });
});

describe("the end of an opener", () => {
  test("kill -9 zeroes the state and interrupts the peers", async () => {
    const root = await plugIn(0);
    const cell = await startToldCell(machine);
    await cell.tell("state 2");
    root.write(Register.INT_CONTROL, 1);
    cell.child.kill("SIGKILL");
    await expect.poll(() => root.takeInterrupts()).toBe(1);
    expect(root.states()).toEqual([0, 0, 0]);
  });

  test("exit without close zeroes the state and interrupts the peers", async () => {
    const root = await plugIn(0);
    const cell = await startToldCell(machine);
    await cell.tell("state 2");
    root.write(Register.INT_CONTROL, 1);
    cell.leave("exit 0");
    await expect.poll(() => root.takeInterrupts()).toBe(1);
    expect(root.states()).toEqual([0, 0, 0]);
  });
});

describe("cells", () => {
  test("shutdown of a cell: its state goes to 0 with one event", async () => {
    const root = await plugIn(0);
    const cell = await startToldCell(machine);
    await cell.tell("state 2");
    root.write(Register.INT_CONTROL, 1);
    await machine.shutdownCell(1);
    expect([root.takeInterrupts(), root.states()]).toEqual([1, [0, 0, 0]]);
    const [peer] = (await machine.inspect())[0]?.peers ?? [];
    expect(peer).toMatchObject({ delivered: 1, lost: 1 });
  });

  test("shutdown of a cell is no event for a peer that is not armed", async () => {
    const root = await plugIn(0);
    const cell = await startToldCell(machine);
    await cell.tell("state 2");
    await machine.shutdownCell(1);
    expect([root.takeInterrupts(), root.states()]).toEqual([0, [0, 0, 0]]);
  });

  test("destroy of a cell: its state goes to 0 with one event", async () => {
    const root = await plugIn(0);
    const cell = await startToldCell(machine);
    await cell.tell("state 2");
    root.write(Register.INT_CONTROL, 1);
    await machine.destroyCell(1);
    expect([root.takeInterrupts(), root.states()]).toEqual([1, [0, 0, 0]]);
  });

  test("a restart goes 2, 0, 2 and a cell that sleeps meanwhile has no way to tell from the table", async () => {
    const root = await plugIn(0);
    const cell = await startToldCell(machine);
    await cell.tell("state 2");
    const before = root.states();
    const again = new ToldCell(await machine.restartCell(1));
    await again.tell("state 2");
    expect(root.states()).toEqual(before);
  });

  test("a restart is 2, 0, 2 for a cell that listens", async () => {
    const root = await machine.openDevice({ peer: 0, fallbackPollMs: 0 });
    const cell = await startToldCell(machine);
    await cell.tell("state 2");
    root.rearm();
    const events = recordStates(root);
    const again = new ToldCell(await machine.restartCell(1));
    await again.tell("state 2");
    root.rearm();
    expect(events).toEqual([
      [1, 0, 2],
      [1, 2, 0],
    ]);
  });

  test("the content of the R/W section and of output sections survives a restart", async () => {
    const root = await machine.openDevice({ peer: 0 });
    const cell = await startToldCell(machine);
    root.rwSection?.bytes.set([1, 2, 3], 0x8ffd);
    await cell.tell("store 8191 77");
    await machine.restartCell(1);
    expect([...(root.rwSection?.bytes.subarray(0x8ffd) ?? [])]).toEqual([1, 2, 3]);
    expect(root.inputSection(1).readUint32(8188)).toBe(77 * 0x1000000);
  });

  test("a crashed cell keeps its state value with no event until someone shuts it down", async () => {
    const root = await plugIn(0);
    const cell = await startToldCell(machine);
    await cell.tell("state 2");
    root.write(Register.INT_CONTROL, 1);
    await machine.crashCell(1);
    expect([root.takeInterrupts(), root.states()]).toEqual([0, [0, 2, 0]]);
    expect((await machine.cells())[1]).toMatchObject({ state: "failed", cpusFailed: "1" });
    await machine.shutdownCell(1);
    expect([root.takeInterrupts(), root.states()]).toEqual([1, [0, 0, 0]]);
    expect((await machine.cells())[1]).toMatchObject({ state: "shut down", cpusFailed: "" });
  });

  test("starting a crashed cell shuts it down first: its state goes to 0 with one event", async () => {
    const root = await plugIn(0);
    const cell = await startToldCell(machine);
    await cell.tell("state 2");
    await machine.crashCell(1);
    root.write(Register.INT_CONTROL, 1);
    await startToldCell(machine);
    expect([root.takeInterrupts(), root.states()]).toEqual([1, [0, 0, 0]]);
  });

  test("what a cell does after it was stopped has no effect", async () => {
    const root = await plugIn(0);
    const inmate = await plugIn(1);
    inmate.write(Register.STATE, 2);
    inmate.hangUp();
    await machine.shutdownCell(1);
    root.takeInterrupts();
    root.write(Register.INT_CONTROL, 1);
    inmate.write(Register.STATE, 3);
    inmate.write(Register.DOORBELL, doorbellValue(0, 0));
    inmate.write(Register.INT_CONTROL, 1);
    expect([root.takeInterrupts(), root.states(), inmate.read(Register.INT_CONTROL)]).toEqual([0, [0, 0, 0], 0]);
  });
});
