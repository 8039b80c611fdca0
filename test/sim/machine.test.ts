import { once } from "node:events";
import { afterEach, describe, expect, test } from "vitest";
import { listMachines, type Machine, type MachineOptions, startMachine } from "../../src/sim/index.js";
import { heard, recordStates } from "../uio/device-events.js";
import { allGone, isRunning, startToldCell, ToldCell, toldProgram } from "./program.js";

const machines: Machine[] = [];

async function start(options?: MachineOptions): Promise<Machine> {
  const machine = await startMachine(options);
  machines.push(machine);
  return machine;
}

afterEach(async () => {
  for (const machine of machines.splice(0)) await machine.close();
});

describe("startMachine()", () => {
  test("gives the Raspberry Pi 4 with its demo inmate when told nothing", async () => {
    const machine = await start();
    expect(await machine.cells()).toEqual([
      { id: 0, name: "Raspberry-Pi4", state: "running", cpusAssigned: "0,2-3", cpusFailed: "" },
      { id: 1, name: "inmate-demo", state: "shut down", cpusAssigned: "1", cpusFailed: "" },
    ]);
    const device = await machine.openDevice({ peer: 0 });
    expect([device.maxPeers, device.vectors, device.protocol]).toEqual([3, 1, 0]);
    expect([device.rwSection?.sizeBytes, device.outputSection?.sizeBytes]).toEqual([0x9000, 0x2000]);
  });

  test("gives machines side by side names of their own", async () => {
    const [one, two] = [await start(), await start()];
    expect(listMachines()).toEqual(expect.arrayContaining([one.name, two.name].sort()));
    const [ours, theirs] = [await one.openDevice({ peer: 0 }), await two.openDevice({ peer: 0 })];
    ours.setState(1);
    expect(theirs.stateTable.get(0)).toBe(0);
  });

  test("rejects with EADDRINUSE when the name is taken, and the name is free again after close()", async () => {
    const { name } = await start();
    await expect(startMachine({ name })).rejects.toMatchObject({ code: "EADDRINUSE" });
    await machines.pop()?.close();
    expect(listMachines()).not.toContain(name);
    expect((await start({ name })).name).toBe(name);
  });

  test("rejects when an option is wrong", async () => {
    const wrong: [unknown, RegExp][] = [
      [{ nmae: "x" }, /nmae/],
      [{ name: "" }, /1 to 64/],
      [{ name: "a b" }, /1 to 64/],
      [{ devices: [{ peers: 1 }] }, /peers/],
      [{ devices: [{ peers: 13 }] }, /peers/],
      [{ devices: [{ vectors: 17 }] }, /vectors/],
      [{ devices: [{ rwBytes: 1 }] }, /rwBytes/],
      [{ devices: [{ stateTableBytes: 0 }] }, /stateTableBytes/],
      [{ devices: [{ outputbytes: 0 }] }, /outputbytes/],
      [{ cells: [] }, /root cell/],
      [
        {
          cells: [
            { name: "a", cpus: "0" },
            { name: "a", cpus: "1" },
          ],
        },
        /named a/,
      ],
      [
        {
          cells: [
            { name: "a", cpus: "0-1" },
            { name: "b", cpus: "1" },
          ],
        },
        /CPU 1/,
      ],
      [{ cells: [{ name: "a", cpus: "1-0" }] }, /1-0/],
      [{ cells: [{ name: "a", cpus: "all" }] }, /all/],
    ];
    for (const [options, message] of wrong)
      await expect(startMachine(options as MachineOptions)).rejects.toThrow(message);
  });

  test("rejects with the signal's reason when it is aborted, and leaves no machine", async () => {
    const reason = new Error("enough");
    const name = `aborted-${process.pid}`;
    await expect(startMachine({ name, signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
    const controller = new AbortController();
    const starting = startMachine({ name, signal: controller.signal });
    setTimeout(() => controller.abort(reason), 20);
    await expect(starting).rejects.toBe(reason);
    expect(listMachines()).not.toContain(name);
  });

  test("rejects with ERR_TIMEOUT when the time is too short for a process to start", async () => {
    await expect(startMachine({ timeoutMs: 1 })).rejects.toMatchObject({ code: "ERR_TIMEOUT" });
  });
});

describe("Machine.close()", () => {
  test("closes its devices, kills its cells and its broker, and may be called again", async () => {
    const machine = await start();
    const device = await machine.openDevice({ peer: 0 });
    const cell = await startToldCell(machine);
    await Promise.all([machine.close(), machine[Symbol.asyncDispose]()]);
    expect(device.closed).toBe(true);
    expect([cell.child.signalCode, isRunning(machine.brokerPid)]).toEqual(["SIGKILL", false]);
    expect(listMachines()).not.toContain(machine.name);
    await expect(machine.cells()).rejects.toMatchObject({ code: "ERR_CLOSED" });
    await expect(machine.openDevice({ peer: 0 })).rejects.toMatchObject({ code: "ERR_NOT_FOUND" });
  });
});

describe("Machine.startCell()", () => {
  test("runs a program that shares memory, state and doorbells with this process", async () => {
    const machine = await start();
    const device = await machine.openDevice({ peer: 0, fallbackPollMs: 0 });
    device.outputSection?.bytes.set([1, 2, 3, 4], 8);
    const cell = await startToldCell(machine, "inmate-demo");
    const [, inmate] = await machine.cells();
    expect(inmate).toMatchObject({ state: "running", pid: cell.child.pid });

    const change = heard(device, "state");
    await cell.tell("state 7");
    expect(await change).toEqual([1, 7, 0]);
    cell.leave("load 0 8");
    expect(await cell.next("loaded")).toEqual([0x04030201]);
    await cell.next("ok");
    await cell.tell("store 5 9");
    const copy = new Uint8Array(1);
    device.inputSection(1).copyTo(copy, 5);
    expect(copy[0]).toBe(9);
    device.ring(1);
    expect(await cell.next("interrupt")).toEqual([1]);
    const rung = heard(device, "interrupt");
    await cell.tell("ring 0");
    expect(await rung).toEqual([1]);
  });

  test("shows the cell shut down with state 0 when the program ends, however it ends", async () => {
    const machine = await start();
    const device = await machine.openDevice({ peer: 0, fallbackPollMs: 0 });
    for (const end of ["close", "exit 0", "exit 3", "kill"]) {
      const cell = await startToldCell(machine);
      await cell.tell("state 7");
      device.rearm();
      const gone = heard(device, "state");
      if (end === "kill") cell.child.kill("SIGKILL");
      else cell.leave(end);
      expect(await gone).toEqual([1, 0, 7]);
      await cell.exited();
      expect((await machine.cells())[1]).toMatchObject({ state: "shut down" });
    }
  });

  test("stops a program behind a shell with the cell", async () => {
    const machine = await start();
    const { command } = await toldProgram();
    const child = await machine.startCell(1, {
      command: ["/bin/sh", "-c", `"${command[0]}" "${command[1]}" <&0; exit 0`],
      stdio: ["pipe", "pipe", "inherit"],
    });
    const cell = new ToldCell(child);
    await cell.next("open");
    const pid = (await machine.cells())[1]?.pid ?? 0;
    expect(pid).not.toBe(child.pid);
    await machine.shutdownCell(1);
    await allGone(pid, child.pid ?? 0);
  });

  test("rejects with a code when the cell or the program cannot run", async () => {
    const machine = await start();
    await startToldCell(machine);
    const program = { command: ["/bin/true"] };
    await expect(machine.startCell(1, program)).rejects.toMatchObject({ code: "EBUSY" });
    await expect(machine.startCell(0, program)).rejects.toMatchObject({ code: "EINVAL" });
    await expect(machine.startCell("nobody", program)).rejects.toMatchObject({ code: "ENOENT" });
    await expect(machine.startCell("nobody", program)).rejects.toThrow("1 inmate-demo");
    await machine.shutdownCell(1);
    await expect(machine.startCell(1, { command: ["/no/such/program"] })).rejects.toMatchObject({ code: "ENOENT" });
    await expect(machine.startCell(1, { command: [] })).rejects.toThrow(TypeError);
    await expect(machine.startCell(1, { comand: [] } as never)).rejects.toThrow(/comand/);
    expect((await machine.cells())[1]).toMatchObject({ state: "shut down" });
  });
});

describe("Machine.shutdownCell()", () => {
  test("stops a cell in this process by failing its devices", async () => {
    const machine = await start();
    const ours = await machine.openDevice({ peer: 0, fallbackPollMs: 0 });
    const theirs = await machine.openDevice({ peer: 1, fallbackPollMs: 0 });
    const events: string[] = [];
    theirs.events.on("error", (error) => events.push(error.message));
    theirs.events.on("close", () => events.push("close"));
    theirs.setState(2);
    ours.rearm();
    const gone = heard(ours, "state");
    await machine.shutdownCell(1);
    expect(await gone).toEqual([1, 0, 2]);
    expect(events).toEqual([expect.stringContaining("was shut down"), "close"]);
    expect(theirs.closed).toBe(true);
  });

  test("is refused for the root cell and for a cell that is not there", async () => {
    const machine = await start();
    await expect(machine.shutdownCell(0)).rejects.toMatchObject({ code: "EINVAL" });
    await expect(machine.shutdownCell(2)).rejects.toMatchObject({ code: "ENOENT" });
    await machine.shutdownCell(1);
  });
});

describe("Machine.crashCell()", () => {
  test("leaves the state word, interrupts nobody and shows the cell failed until it is shut down", async () => {
    const machine = await start();
    const ours = await machine.openDevice({ peer: 0, fallbackPollMs: 0 });
    const cell = await startToldCell(machine);
    await cell.tell("state 2");
    ours.rearm();
    const events = recordStates(ours);
    const before = (await machine.inspect())[0]?.peers[0];
    await machine.crashCell("inmate-demo");
    await cell.exited();
    expect((await machine.inspect())[0]?.peers[0]).toEqual(before);
    expect(ours.stateTable.get(1)).toBe(2);
    expect((await machine.cells())[1]).toEqual(
      expect.objectContaining({ state: "failed", cpusFailed: "1", cpusAssigned: "1" }),
    );
    await expect(machine.openDevice({ peer: 1 })).rejects.toMatchObject({ code: "ESHUTDOWN" });
    expect(events).toEqual([]);

    const gone = heard(ours, "state");
    await machine.shutdownCell(1);
    expect(await gone).toEqual([1, 0, 2]);
    (await machine.openDevice({ peer: 1 })).close();
  });

  test("ends a cell in this process without a word of it in the state table", async () => {
    const machine = await start();
    const ours = await machine.openDevice({ peer: 0 });
    const theirs = await machine.openDevice({ peer: 1 });
    const error = new Promise<Error>((resolve) => theirs.events.on("error", resolve));
    theirs.setState(9);
    await machine.crashCell(1);
    expect((await error).message).toContain("crashed");
    expect([theirs.closed, ours.stateTable.get(1)]).toEqual([true, 9]);
  });

  test("is refused when the cell does not run", async () => {
    const machine = await start();
    await expect(machine.crashCell(1)).rejects.toMatchObject({ code: "EINVAL" });
    await expect(machine.crashCell(0)).rejects.toMatchObject({ code: "EINVAL" });
  });
});

describe("Machine.restartCell()", () => {
  test("runs the program again, after a crash too, with the sections as they were", async () => {
    const machine = await start();
    const ours = await machine.openDevice({ peer: 0 });
    const first = await startToldCell(machine);
    await first.tell("store 0 5");
    await first.tell("state 2");
    for (const crash of [false, true]) {
      if (crash) await machine.crashCell(1);
      const again = new ToldCell(await machine.restartCell(1));
      expect(await again.next("open")).toEqual([1, [0, 0, 0]]);
      expect(ours.inputSection(1).readUint32(0)).toBe(5);
      await again.tell("state 2");
    }
    await first.exited();
    expect((await machine.cells())[1]).toMatchObject({ state: "running" });
  });

  test("is refused when startCell() never started the cell", async () => {
    const machine = await start();
    await expect(machine.restartCell(1)).rejects.toMatchObject({ code: "ERR_UNSUPPORTED" });
    await expect(machine.restartCell(5)).rejects.toMatchObject({ code: "ENOENT" });
  });
});

describe("Machine.destroyCell()", () => {
  test("takes the cell off the machine", async () => {
    const machine = await start();
    const ours = await machine.openDevice({ peer: 0 });
    const cell = await startToldCell(machine);
    await cell.tell("state 2");
    ours.rearm();
    const gone = heard(ours, "state");
    await machine.destroyCell("inmate-demo");
    expect(await gone).toEqual([1, 0, 2]);
    expect((await machine.cells()).map(({ id }) => id)).toEqual([0]);
    await expect(machine.openDevice({ peer: 1 })).rejects.toThrow(/destroyed/);
    await expect(machine.destroyCell(1)).rejects.toMatchObject({ code: "ENOENT" });
    (await machine.openDevice({ peer: 2 })).close();
  });
});

describe("Machine.inspect()", () => {
  test("counts what was delivered and what was lost", async () => {
    const machine = await start();
    const ours = await machine.openDevice({ peer: 0, fallbackPollMs: 0 });
    const theirs = await machine.openDevice({ peer: 1, fallbackPollMs: 0 });
    const interrupt = heard(theirs, "interrupt");
    for (let round = 0; round < 3; round++) ours.ring(1);
    await interrupt;
    ours.setState(0x12345678);
    await once(theirs.events as unknown as NodeJS.EventEmitter, "interrupt");
    expect(await machine.inspect()).toEqual([
      {
        protocol: 0,
        peers: [
          { intControl: 1, present: true, lost: 0, delivered: 0, state: 0x12345678 },
          { intControl: 1, present: true, lost: 2, delivered: 2, state: 0 },
          { intControl: 0, present: false, lost: 0, delivered: 0, state: 0 },
        ],
      },
      {
        protocol: 1,
        peers: [
          { intControl: 0, present: false, lost: 0, delivered: 0, state: 0 },
          { intControl: 0, present: false, lost: 0, delivered: 0, state: 0 },
        ],
      },
    ]);
  });
});
