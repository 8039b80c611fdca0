import { afterEach, describe, expect, test } from "vitest";
import { listMachines, openSim } from "../../src/sim/index.js";
import { tracesOf } from "../support/processes.js";
import { expectNoTraces, RunningCommand, runCommand } from "./command.js";

const running: RunningCommand[] = [];

afterEach(async () => {
  for (const command of running.splice(0)) await command.interrupt("SIGKILL");
});

/** Starts `intercell sim` and waits until it is ready. */
async function startSim(...options: readonly string[]): Promise<{ command: RunningCommand; name: string }> {
  const command = new RunningCommand(["sim", ...options]);
  running.push(command);
  const [, name = ""] = await command.printed(/^Machine (\S+) runs[\s\S]*Ctrl-C ends the machine\.\n/m);
  return { command, name };
}

describe("intercell sim", () => {
  test("intercell sim prints an environment for each peer when it is ready", async () => {
    const { command, name } = await startSim("--peers", "3");
    const lines = [0, 1, 2].map((peer) => `  export INTERCELL_SIM=${name} INTERCELL_PEER=${peer}`);
    const { stdout } = await command.interrupt();
    expect(stdout.split("\n").slice(1, 4)).toEqual([
      `${lines[0]}  # cell Raspberry-Pi4`,
      `${lines[1]}  # cell inmate-demo`,
      lines[2],
    ]);
  });

  test("intercell sim makes the device that is asked for when all options are given", async () => {
    const sizes = ["--state-table", "8K", "--rw", "0", "--output", "0x4000"];
    const { name } = await startSim("--peers", "5", "--vectors", "2", ...sizes);
    using device = await openSim({ machine: name, peer: 4 });
    expect([device.maxPeers, device.vectors, device.rwSection]).toEqual([5, 2, undefined]);
    expect(device.outputSection?.bytes.byteLength).toBe(0x4000);
  });

  test("intercell sim makes the network device that is asked for, and none with --net 0", async () => {
    const { name, command } = await startSim("--net", "0x20000", "--net-vectors", "2");
    const network = await openSim({ machine: name, peer: 1, device: "net" });
    expect([network.outputSection?.sizeBytes, network.vectors, network.maxPeers]).toEqual([0x20000, 2, 2]);
    await command.printed(/^Peer 1 is there on the network\.$/m);
    network.close();
    await command.printed(/^Peer 1 is gone on the network\.$/m);
    const { name: without } = await startSim("--net", "0");
    await expect(openSim({ machine: without, peer: 1, device: "net" })).rejects.toMatchObject({ code: "ENODEV" });
  });

  test("intercell sim tells who comes and goes when a peer is opened and closed", async () => {
    const { command, name } = await startSim();
    const device = await openSim({ machine: name, peer: 1 });
    await command.printed(/^Peer 1 is there\.$/m);
    device.close();
    await command.printed(/^Peer 1 is gone\.$/m);
  });

  test.each(["SIGINT", "SIGTERM", "SIGHUP"] as const)(
    "intercell sim leaves nothing behind when it gets %s",
    async (signal) => {
      const { command, name } = await startSim("--name", `sim-test-${process.pid}-${signal}`);
      expect(listMachines()).toContain(name);
      const { code, stderr } = await command.interrupt(signal);
      expect([code, stderr]).toEqual([0, ""]);
      await expectNoTraces(name);
    },
  );

  test("intercell sim fails with one line when the name is taken", async () => {
    const { name } = await startSim();
    const { code, stdout, stderr } = await runCommand("sim", "--name", name);
    expect([code, stdout]).toEqual([1, ""]);
    expect(stderr).toMatch(
      /^intercell: The simulated machine cannot start: a machine of that name runs already: .*intercell sim list\n$/,
    );
  });

  test("intercell sim fails when its machine ends by itself", async () => {
    const { command, name } = await startSim();
    const brokers = tracesOf(name).filter((path) => path.endsWith("/cmdline"));
    for (const path of brokers) process.kill(Number(path.split("/")[2]), "SIGKILL");
    const { code, stderr } = await command.ended;
    expect(stderr).toMatch(new RegExp(`^intercell: The simulated machine ${name} is gone`));
    expect(code).toBe(1);
  });
});

describe("intercell sim list", () => {
  test("intercell sim list names the machines that run, one to a line", async () => {
    const { name } = await startSim();
    const { code, stdout } = await runCommand("sim", "list");
    expect(code).toBe(0);
    expect(stdout.split("\n")).toContain(name);
  });

  test("intercell sim list prints an array of objects when it is given --json", async () => {
    const { name } = await startSim();
    const { code, stdout } = await runCommand("sim", "list", "--json");
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toContainEqual({ name });
  });
});
