import { readdirSync, readFileSync } from "node:fs";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type Machine, openSim, type SimDeviceOptions, startMachine } from "../../src/sim/index.js";
import { describeDevice, type ExpectedDevice } from "../uio/device-contract.js";
import { heard } from "../uio/device-events.js";

const raspberryPi4: ExpectedDevice = { protocol: 0, peers: 3, vectors: 0, rwBytes: 0x9000, outputBytes: 0x2000 };

const geometries: readonly { readonly name: string; readonly device: ExpectedDevice; readonly peers: number[] }[] = [
  { name: "the Raspberry Pi 4 demo link", device: raspberryPi4, peers: [0, 1] },
  { name: "two peers with 2 MSI-X vectors", device: { ...raspberryPi4, peers: 2, vectors: 2 }, peers: [1, 0] },
  {
    name: "twelve peers, 16 vectors and sizes that are no power of two",
    device: { protocol: 0x4001, peers: 12, vectors: 16, rwBytes: 0x3000, outputBytes: 0x5000 },
    peers: [11, 5],
  },
  { name: "a link without R/W section", device: { ...raspberryPi4, protocol: 1, peers: 2, rwBytes: 0 }, peers: [0, 1] },
  { name: "a link without output sections", device: { ...raspberryPi4, outputBytes: 0 }, peers: [2, 0] },
  { name: "a link without any section", device: { ...raspberryPi4, rwBytes: 0, outputBytes: 0 }, peers: [0, 2] },
];

for (const { name, device, peers } of geometries) {
  describeDevice(`openSim() on ${name}`, {
    expected: device,
    openable: peers,
    start: async () => {
      const machine = await startMachine({ devices: [device satisfies SimDeviceOptions] });
      return {
        open: (peer, options) => machine.openDevice({ fallbackPollMs: 0, ...options, peer }),
        close: () => machine.close(),
      };
    },
  });
}

describe("openSim()", () => {
  let machine: Machine;

  beforeEach(async () => {
    machine = await startMachine({ devices: [{}, { protocol: 1, peers: 2, rwBytes: 0, outputBytes: 0x7f000 }] });
  });
  afterEach(async () => {
    await machine.close();
  });

  test("opens each of several devices", async () => {
    const demo = await openSim({ machine: machine.name, peer: 1 });
    const network = await openSim({ machine: machine.name, peer: 1, device: 1 });
    expect([demo.protocol, network.protocol, network.maxPeers]).toEqual([0, 1, 2]);
    network.setState(3);
    expect(demo.stateTable.get(1)).toBe(0);
    demo.close();
    network.close();
  });

  test("openSim() opens the first device of a protocol when it is given one in place of an index", async () => {
    for (const device of ["net", { protocol: 1 }] as const) {
      using network = await machine.openDevice({ peer: 1, device });
      expect([network.protocol, network.outputSection?.sizeBytes, network.name]).toEqual([
        ...[1, 0x7f000, `sim[${machine.name}:1]`],
      ]);
    }
    await expect(openSim({ machine: machine.name, peer: 0, device: { protocol: 9 } })).rejects.toMatchObject({
      code: "ENODEV",
      message: expect.stringContaining("no device of protocol 0x9"),
    });
    for (const wrong of [-1, 0x8000_0000, 1.5, { protocol: 0x10000 }]) {
      await expect(openSim({ machine: machine.name, peer: 0, device: wrong })).rejects.toThrow(RangeError);
    }
    for (const wrong of ["demo", { index: 1 }, { protocol: 1, index: 1 }]) {
      await expect(openSim({ machine: machine.name, peer: 0, device: wrong as never })).rejects.toThrow(TypeError);
    }
  });

  test("rejects with a code when the machine cannot grant the device", async () => {
    const name = machine.name;
    const held = await openSim({ machine: name, peer: 1 });
    await expect(openSim({ machine: name, peer: 1 })).rejects.toMatchObject({ code: "EBUSY", path: name });
    await expect(openSim({ machine: name, peer: 1 })).rejects.toThrow(`in use by process ${process.pid}`);
    await expect(openSim({ machine: name, peer: 3 })).rejects.toMatchObject({ code: "EINVAL" });
    await expect(openSim({ machine: name, peer: 0, device: 2 })).rejects.toMatchObject({ code: "ENODEV" });
    const nowhere = openSim({ machine: "no-such-machine", peer: 0 });
    await expect(nowhere).rejects.toMatchObject({ code: "ERR_NOT_FOUND" });
    await expect(nowhere).rejects.toThrow(name);
    held.close();
  });

  test("rejects with TypeError or RangeError when its options are wrong", async () => {
    const name = machine.name;
    await expect(openSim({})).rejects.toThrow(TypeError);
    await expect(openSim({ machine: name })).rejects.toThrow(/INTERCELL_PEER/);
    await expect(openSim({ machine: "a/b", peer: 0 })).rejects.toThrow(TypeError);
    await expect(openSim({ machine: name, peer: -1 })).rejects.toThrow(RangeError);
    await expect(openSim({ machine: name, peer: 0, fallbackPollMs: -1 })).rejects.toThrow(RangeError);
    await expect(openSim({ machine: name, peer: 0, pollMs: 1 } as never)).rejects.toThrow(/pollMs/);
  });

  test("rejects with the signal's reason when it is aborted", async () => {
    const reason = new Error("enough");
    const options = { machine: machine.name, peer: 0 };
    await expect(openSim({ ...options, signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
    const controller = new AbortController();
    const opening = openSim({ ...options, signal: controller.signal });
    controller.abort(reason);
    await expect(opening).rejects.toBe(reason);
    (await openSim(options)).close();
  });

  test("can take the peer at once when its device was closed a moment ago", async () => {
    for (let round = 0; round < 20; round++) (await openSim({ machine: machine.name, peer: 1 })).close();
  });

  test("leaves no descriptor and no mapping behind when the device is closed", async () => {
    const cycle = async () => {
      const devices = [await machine.openDevice({ peer: 0 }), await machine.openDevice({ peer: 1 })];
      for (const device of devices) device.close();
      await machine.cells();
    };
    await cycle();
    const count = (pid: number) => readdirSync(`/proc/${pid}/fd`).length;
    const before = [count(process.pid), count(machine.brokerPid)];
    for (let round = 0; round < 20; round++) await cycle();
    expect([count(process.pid), count(machine.brokerPid)]).toEqual(before);
    expect(readFileSync("/proc/self/maps", "utf8")).not.toContain(`intercell:${machine.name}`);
  });

  test("maps what a cell may not write without the permission to write", async () => {
    const device = await machine.openDevice({ peer: 1 });
    const maps = readFileSync("/proc/self/maps", "utf8").split("\n");
    const permissions = (part: string) =>
      maps.filter((line) => line.includes(`${machine.name}:0:${part}`)).map((line) => line.split(" ")[1]);
    expect(permissions("output_0")).toEqual(["r--s"]);
    expect(permissions("output_1").sort()).toEqual(["r--s", "rw-s"]);
    expect(permissions("output_2")).toEqual(["r--s"]);
    expect(permissions("rw_section")).toEqual(["rw-s"]);
    // The trap code has the second mapping; JavaScript has no way to it.
    expect(permissions("state_table").sort()).toEqual(["r--s", "rw-s"]);
    expect(permissions("hypervisor")).toEqual(["rw-s"]);
    device.close();
  });

  test("reports a change by the fallback poll when the interrupt is lost", async () => {
    const ours = await machine.openDevice({ peer: 0, fallbackPollMs: 1 });
    const theirs = await machine.openDevice({ peer: 1, fallbackPollMs: 0 });
    const change = heard(ours, "state");
    theirs.setState(4);
    expect(await change).toEqual([1, 4, 0]);
  });
});
