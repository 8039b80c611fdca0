import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { findMap, listUio, MapName, openUio } from "../../../src/uio/index.js";
import { describeDevice } from "../../uio/device-contract.js";
import { addressOf, loadModule, openPeer, raspberryPi4, type TestMachine, unloadModule } from "./test-module.js";

const machines: readonly { readonly name: string; readonly machine: TestMachine; readonly peers: number[] }[] = [
  { name: "the Raspberry Pi 4 demo link", machine: raspberryPi4, peers: [0, 1] },
  { name: "two peers with 2 MSI-X vectors", machine: { ...raspberryPi4, peers: 2, vectors: 2 }, peers: [1, 0] },
  {
    name: "twelve peers, 16 vectors and sizes that are no power of two",
    machine: { protocol: 0x4001, peers: 12, vectors: 16, rwBytes: 0x3000, outputBytes: 0x5000 },
    peers: [11, 5],
  },
  {
    name: "a link without R/W section",
    machine: { ...raspberryPi4, peers: 2, protocol: 1, rwBytes: 0 },
    peers: [0, 1],
  },
  { name: "a link without output sections", machine: { ...raspberryPi4, outputBytes: 0 }, peers: [2, 0] },
  { name: "a link without any section", machine: { ...raspberryPi4, rwBytes: 0, outputBytes: 0 }, peers: [0, 2] },
];

for (const { name, machine, peers } of machines) {
  describeDevice(`openUio() on ${name}`, {
    expected: machine,
    openable: peers,
    start: () => {
      loadModule([machine]);
      return Promise.resolve({
        // Forced, as the search for a process that has the device takes longer here than all else.
        open: (peer, options) => openPeer(0, peer, { ...options, force: true }),
        close: () => Promise.resolve(unloadModule()),
      });
    },
  });
}

describe("on machines of all kinds", () => {
  beforeAll(() => loadModule(machines.map(({ machine }) => machine)));

  afterAll(() => unloadModule());

  test("listUio() describes each peer", () => {
    const { devices, skipped } = listUio();
    expect(skipped).toEqual([]);
    expect(devices).toHaveLength(machines.reduce((sum, { machine }) => sum + machine.peers, 0));
    machines.forEach(({ machine }, number) => {
      for (let peer = 0; peer < machine.peers; peer += 1) {
        const address = addressOf(number, peer);
        const found = devices.find(({ pci }) => pci.address === address);
        expect(found).toMatchObject({
          name: `uio_ivshmem[${address}]`,
          pci: { vendor: 0x110a, device: 0x4106, protocol: machine.protocol, driver: "uio_ivshmem" },
          interrupt: { kind: machine.vectors === 0 ? "intx" : "msix", vectors: Math.max(1, machine.vectors) },
          id: machine.outputBytes === 0 ? undefined : peer,
          maxPeers: machine.outputBytes === 0 ? undefined : machine.peers,
        });
        const size = (map: MapName) => found && findMap(found, map)?.sizeBytes;
        expect(size(MapName.RW_SECTION)).toBe(machine.rwBytes || undefined);
        expect(size(MapName.OUTPUT_SECTION)).toBe(machine.outputBytes || undefined);
        expect(size(MapName.INPUT_SECTIONS)).toBe(machine.peers * machine.outputBytes || undefined);
      }
    });
  });

  test("openUio() takes the device of a protocol when there is one, and refuses when there are several", async () => {
    const only = machines.findIndex(({ machine }) => machine.protocol === 0x4001);
    await expect(openUio({ protocol: 0x4001 })).rejects.toMatchObject({ code: "ERR_CONFIG" });
    await expect(openUio({ protocol: 0x7fff })).rejects.toMatchObject({ code: "ERR_NOT_FOUND" });
    const device = await openPeer(only, 3);
    expect(device.id).toBe(3);
    device.close();
  });

  test("openUio() refuses a device that is open, and takes it when forced", async () => {
    const held = await openPeer(0, 1);
    held.setState(5);
    await expect(openPeer(0, 1)).rejects.toMatchObject({ code: "ERR_IN_USE" });
    expect(held.stateTable.get(1)).toBe(5);
    const second = await openPeer(0, 1, { force: true });
    second.close();
    expect(held.stateTable.get(1)).toBe(0);
    held.close();
  });
});
