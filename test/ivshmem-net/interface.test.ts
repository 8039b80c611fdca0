import { afterEach, describe, expect, test } from "vitest";
import { describeNetInterface, listNetInterfaces, readNetStatistics } from "../../src/ivshmem-net/index.js";
import { Tree } from "../uio/tree.js";

let tree: Tree | undefined;

afterEach(() => tree?.[Symbol.dispose]());

function on(made: Tree): { sysfsRoot: string } {
  tree = made;
  return { sysfsRoot: made.roots.sysfsRoot };
}

describe("listNetInterfaces()", () => {
  const machines: readonly [string, string][] = [
    ["qemu-arm64-enabled-net", "8a:10:ae:e9:12:10"],
    ["qemu-arm64-running-net", "3a:6a:e5:07:35:18"],
  ];
  test.each(machines)(
    "listNetInterfaces() finds the interface of the ivshmem device alone when the machine is %s",
    (name, address) => {
      expect(listNetInterfaces(on(Tree.fromFixture(name)))).toEqual([
        {
          name: "eth0",
          index: 3,
          pciAddress: "0001:00:01.0",
          address,
          mtu: 16384,
          up: false,
          carrier: false,
          operState: "down",
          carrierChanges: 0,
          txQueueLength: 1000,
        },
      ]);
    },
  );

  test("listNetInterfaces() tells an interface that is up and has its peer, by any PCI domain, in the order of the bus", () => {
    const made = new Tree();
    for (const [address, name, carrier] of [
      ["ffffffff:00:01.0", "eth2", "1"],
      ["0001:00:03.0", "eth1", "0"],
    ] as const) {
      const folder = made.addFunction(address, 1, "ivshmem-net");
      made.file(`${folder}/net/${name}/flags`, "0x1003\n");
      made.file(`${folder}/net/${name}/carrier`, `${carrier}\n`);
      made.file(`${folder}/net/${name}/operstate`, carrier === "1" ? "up\n" : "down\n");
    }
    expect(listNetInterfaces(on(made))).toMatchObject([
      { name: "eth1", up: true, carrier: false, operState: "down" },
      { name: "eth2", up: true, carrier: true, operState: "up", pciAddress: "ffffffff:00:01.0" },
    ]);
  });

  test("listNetInterfaces() leaves out a device that another driver has, or whose interface is in another namespace", () => {
    const made = new Tree();
    made.file(`${made.addFunction("0001:00:01.0", 1, "uio_ivshmem")}/net/eth0/mtu`, "1500");
    made.addFunction("0001:00:02.0", 1, "ivshmem-net");
    made.file(`${made.addFunction("0001:00:03.0", 1)}/net/eth0/mtu`, "1500");
    expect(listNetInterfaces(on(made))).toEqual([]);
  });

  test("listNetInterfaces() refuses an unknown option", () => {
    expect(() => listNetInterfaces({ root: "/" } as object)).toThrow(/Unknown option "root"/);
  });
});

describe("describeNetInterface()", () => {
  test("describeNetInterface() gives the one of a name, or says which there are", () => {
    const options = on(Tree.fromFixture("qemu-arm64-running-net"));
    expect(describeNetInterface("eth0", options)).toMatchObject({ pciAddress: "0001:00:01.0" });
    expect(() => describeNetInterface("lo", options)).toThrow(
      /lo is no network interface of ivshmem-net: there is eth0/,
    );
  });
});

test("readNetStatistics() fails when there is no such interface", () => {
  expect(() => readNetStatistics("nope")).toThrow(expect.objectContaining({ code: "ERR_NOT_FOUND" }));
});
