import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { Worker } from "node:worker_threads";
import { afterEach, describe, expect, test } from "vitest";
import { listMachines, type Machine, startMachine } from "../../src/sim/index.js";
import { heard, recordStates } from "../uio/device-events.js";
import { allGone, isRunning, programCommand, startToldCell, ToldCell, toldProgram } from "./program.js";

let machine: Machine | undefined;

afterEach(async () => {
  await machine?.close();
  machine = undefined;
});

/** A process of its own that starts a machine, and what it started. */
async function startStarter(...cell: readonly string[]) {
  const [node = "", program = ""] = await programCommand("starter");
  const starter = spawn(node, [program, ...cell], { stdio: ["ignore", "pipe", "inherit"] });
  const [line] = (await once(starter.stdout, "data")) as [Buffer];
  const [name, brokerPid, cellPid] = JSON.parse(line.toString()) as [string, number, number];
  return { starter, name, brokerPid, cellPid };
}

async function killed(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  const exit = once(child, "exit");
  child.kill(signal);
  await exit;
}

describe("the end of the process that started the machine", () => {
  for (const signal of ["SIGKILL", "SIGTERM", "SIGINT"] as const) {
    test(`leaves no broker, no cell and no name when it is ${signal}`, async () => {
      const { starter, name, brokerPid, cellPid } = await startStarter(...(await programCommand("cell")));
      expect([isRunning(brokerPid), isRunning(cellPid), listMachines().includes(name)]).toEqual([true, true, true]);
      await killed(starter, signal);
      await allGone(brokerPid, cellPid);
      expect(listMachines()).not.toContain(name);
    });
  }

  test("kills a cell that does not use its device", async () => {
    const { starter, brokerPid, cellPid } = await startStarter("/bin/sleep", "1000");
    await killed(starter, "SIGKILL");
    await allGone(brokerPid, cellPid);
  });

  test("fails the devices of processes that it did not start", async () => {
    const { starter, name, brokerPid } = await startStarter("/bin/sleep", "1000");
    const [node = "", program = ""] = await programCommand("cell");
    const env = { ...process.env, INTERCELL_SIM: name, INTERCELL_PEER: "2" };
    const stranger = new ToldCell(spawn(node, [program], { env, stdio: ["pipe", "pipe", "inherit"] }));
    await stranger.next("open");
    await killed(starter, "SIGKILL");
    expect(await stranger.next("error")).toEqual(["ERR_CLOSED", expect.stringContaining(name)]);
    await stranger.next("close");
    await stranger.exited();
    expect(stranger.child.exitCode).toBe(0);
    await allGone(brokerPid);
  });

  test("is not held up by a machine that was not closed", async () => {
    const { starter, brokerPid } = await startStarter();
    if (starter.exitCode === null) await once(starter, "exit");
    expect(starter.exitCode).toBe(0);
    await allGone(brokerPid);
  });
});

describe("the end of the broker", () => {
  for (const signal of ["SIGKILL", "SIGTERM"] as const) {
    test(`fails every device and kills the cells when it is ${signal}`, async () => {
      machine = await startMachine();
      const device = await machine.openDevice({ peer: 0 });
      const cell = await startToldCell(machine);
      const error = once(device.events as unknown as NodeJS.EventEmitter, "close").catch((fault: unknown) => fault);
      const closed = heard(device, "close").catch(() => undefined);
      process.kill(machine.brokerPid, signal);
      expect(await error).toMatchObject({ code: "ERR_CLOSED" });
      await closed;
      expect(device.closed).toBe(true);
      await cell.exited();
      await expect.poll(() => listMachines()).not.toContain(machine.name);
      await expect(machine.cells()).rejects.toMatchObject({ code: "ERR_CLOSED" });
      await machine.close();
    });
  }

  test("does not come with an interrupt from the terminal, which is for the starter", async () => {
    machine = await startMachine();
    for (const signal of ["SIGINT", "SIGHUP"]) process.kill(machine.brokerPid, signal);
    for (let round = 0; round < 5; round++) (await machine.openDevice({ peer: 0 })).close();
    expect(await machine.cells()).toHaveLength(2);
  });

  test("rejects what was asked of it and not answered", async () => {
    machine = await startMachine();
    process.kill(machine.brokerPid, "SIGSTOP");
    const asked = expect(machine.cells()).rejects.toMatchObject({ code: "ERR_CLOSED" });
    process.kill(machine.brokerPid, "SIGKILL");
    await asked;
  });

  test("is forced by close() when the broker does not react", async () => {
    machine = await startMachine();
    process.kill(machine.brokerPid, "SIGSTOP");
    await machine.close();
    expect(isRunning(machine.brokerPid)).toBe(false);
  });

  test("leaves opening to its time limit when the broker does not react", async () => {
    machine = await startMachine();
    process.kill(machine.brokerPid, "SIGSTOP");
    const opening = machine.openDevice({ peer: 0, timeoutMs: 20 });
    await expect(opening).rejects.toMatchObject({ code: "ERR_TIMEOUT" });
    process.kill(machine.brokerPid, "SIGCONT");
    (await machine.openDevice({ peer: 0 })).close();
  });
});

describe("the end of a cell", () => {
  test("is told to the others when it is killed at any moment of ringing and changing state", async () => {
    machine = await startMachine();
    const device = await machine.openDevice({ peer: 0, fallbackPollMs: 0 });
    for (let round = 0; round < 5; round++) {
      const events = recordStates(device);
      const cell = await startToldCell(machine);
      await cell.tell("state 1");
      cell.leave("spin 0");
      await heard(device, "interrupt");
      const gone = new Promise<void>((resolve) => {
        device.events.on("state", (_peer, value) => value === 0 && resolve());
      });
      cell.child.kill("SIGKILL");
      await gone;
      expect(events.at(-1)).toEqual([1, 0, 1]);
      device.events.removeAllListeners();
      await cell.exited();
    }
  });

  test("frees the peer for the next process", async () => {
    machine = await startMachine();
    const program = await toldProgram();
    for (let round = 0; round < 3; round++) {
      const cell = new ToldCell(await machine.startCell(1, program));
      await cell.next("open");
      await killed(cell.child, "SIGKILL");
      (await machine.openDevice({ peer: 1 })).close();
    }
  });

  test("is seen when it was a worker thread that is terminated", async () => {
    machine = await startMachine();
    const device = await machine.openDevice({ peer: 0, fallbackPollMs: 0 });
    const [, program = ""] = await programCommand("worker");
    for (let round = 0; round < 3; round++) {
      const worker = new Worker(program, { workerData: { machine: machine.name, peer: 1 } });
      await once(worker, "message");
      device.rearm();
      const gone = heard(device, "state");
      await worker.terminate();
      expect(await gone).toEqual([1, 0, 1]);
    }
  });
});
