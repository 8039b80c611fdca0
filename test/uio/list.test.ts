import { afterEach, describe, expect, test } from "vitest";
import { findMap, InterruptEvidence, listIvshmemFunctions, listUio, MapName } from "../../src/uio/index.js";
import { piMaps, Tree } from "./tree.js";

/** What the kernel of a Raspberry Pi 4 says when Jailhouse starts. */
const bootLog = `
pci ffffffff:00:00.0: [110a:4106] type 00 class 0xff0000
pci ffffffff:00:01.0: [110a:4106] type 00 class 0xff0001
uio_ivshmem ffffffff:00:00.0: state_table at 0x000000003faf0000, size 0x0000000000001000
uio_ivshmem ffffffff:00:00.0: rw_section at 0x000000003faf1000, size 0x0000000000009000
uio_ivshmem ffffffff:00:00.0: input_sections at 0x000000003fafa000, size 0x0000000000006000
uio_ivshmem ffffffff:00:00.0: output_section at 0x000000003fafa000, size 0x0000000000002000
`;

let tree: Tree | undefined;

afterEach(() => tree?.[Symbol.dispose]());

function fixture(name: string): Tree {
  tree = Tree.fromFixture(name);
  return tree;
}

function emptyTree(): Tree {
  tree = new Tree();
  return tree;
}

/** Name, address and size of each map. */
function mapsOf(roots: Tree["roots"]): readonly (readonly [string, number, number])[] {
  const [device] = listUio(roots).devices;
  return (device?.maps ?? []).map(({ name, address, sizeBytes }) => [name, address, sizeBytes] as const);
}

describe("listUio() of a real machine", () => {
  test.each(["qemu-arm64-enabled", "qemu-arm64-running"])("listUio() describes the device of %s", (name) => {
    const { roots } = fixture(name);
    const { devices, skipped } = listUio(roots);
    expect(skipped).toEqual([]);
    expect(devices).toHaveLength(1);
    expect(devices[0]).toMatchObject({
      path: `${roots.deviceDirectory}/uio0`,
      name: "uio_ivshmem[0001:00:00.0]",
      pci: {
        address: "0001:00:00.0",
        vendor: 0x110a,
        device: 0x4106,
        classCode: 0xff0000,
        protocol: 0,
        driver: "uio_ivshmem",
        driverOverride: undefined,
      },
      id: 0,
      maxPeers: 3,
      eventCount: 0,
      deviceNumber: "253:0",
    });
    expect(mapsOf(roots)).toEqual([
      ["registers", 0x08f00000, 0x1000],
      ["state_table", 0x7faf0000, 0x1000],
      ["rw_section", 0x7faf1000, 0x9000],
      ["input_sections", 0x7fafa000, 0x6000],
      ["output_section", 0x7fafa000, 0x2000],
    ]);
  });

  test.each(["qemu-arm64-enabled", "qemu-arm64-running"])(
    "listUio() finds INTx on %s, though msi_irqs is there",
    (name) => {
      const { roots } = fixture(name);
      expect(listUio(roots).devices[0]?.interrupt).toEqual({
        kind: "intx",
        vectors: 1,
        evidence: InterruptEvidence.PROC_INTERRUPTS,
        numbers: [19],
      });
    },
  );

  test("listIvshmemFunctions() finds the network device too, from the links of the drivers", () => {
    const { roots } = fixture("qemu-arm64-running");
    expect(
      listIvshmemFunctions(roots.sysfsRoot)
        .map(({ address, protocol, driver }) => [address, protocol, driver])
        .sort(),
    ).toEqual([
      ["0001:00:00.0", 0, "uio_ivshmem"],
      ["0001:00:01.0", 1, "ivshmem-net"],
    ]);
  });
});

describe("listUio() of a Raspberry Pi 4", () => {
  test("listUio() gives the names, addresses and sizes of the boot log", () => {
    const { roots } = fixture("raspberry-pi-4");
    const logged = [...bootLog.matchAll(/^uio_ivshmem (\S+): (\w+) at (0x\w+), size (0x\w+)$/gm)];
    expect(logged).toHaveLength(4);
    expect(new Set(logged.map(([, address]) => address))).toEqual(new Set(["ffffffff:00:00.0"]));
    const [registers, ...sections] = mapsOf(roots);
    expect(sections).toEqual(logged.map(([, , name, address, size]) => [name, Number(address), Number(size)]));
    expect(registers?.[0]).toBe("registers");
  });

  test("listUio() gives the PCI identity of the boot log, whose domain is -1", () => {
    const { roots } = fixture("raspberry-pi-4");
    const logged = [...bootLog.matchAll(/^pci (\S+): \[(\w+):(\w+)\] type 00 class (0x\w+)$/gm)];
    const functions = listIvshmemFunctions(roots.sysfsRoot);
    expect(
      functions.map(({ address, vendor, device, classCode }) => [address, vendor, device, classCode]).sort(),
    ).toEqual(
      logged.map(([, address, vendor, device, code]) => [
        address,
        Number.parseInt(vendor ?? "", 16),
        Number.parseInt(device ?? "", 16),
        Number(code),
      ]),
    );
    const [device] = listUio(roots).devices;
    expect(device).toMatchObject({ id: 0, maxPeers: 3, pci: { address: "ffffffff:00:00.0" } });
    expect(device?.interrupt).toMatchObject({ kind: "intx", vectors: 1 });
  });
});

describe("listUio()", () => {
  test("listUio() gives nothing when there is no /sys/class/uio", () => {
    const { roots } = emptyTree();
    tree?.remove("/sys/class");
    expect(listUio(roots)).toEqual({ devices: [], skipped: [] });
  });

  test("listUio() throws TypeError when an option is not known", () => {
    expect(() => listUio({ sysfs: "/sys" } as object)).toThrow(/Unknown option "sysfs"/);
  });

  test("listUio() sorts by number when there are more than ten", () => {
    const { roots } = emptyTree();
    for (const number of [10, 9, 0]) tree?.addUio({ number, address: `0001:00:${number}.0` });
    expect(listUio(roots).devices.map(({ path }) => path.replace(/.*\//, ""))).toEqual(["uio0", "uio9", "uio10"]);
  });

  test("listUio() finds maps by name when their indexes have shifted", () => {
    const { roots } = emptyTree();
    tree?.addUio({ maps: piMaps.filter(({ name }) => name !== "rw_section").reverse() });
    const [device] = listUio(roots).devices;
    expect(device).toMatchObject({ id: 1, maxPeers: 3 });
    expect(device && findMap(device, MapName.RW_SECTION)).toBeUndefined();
    expect(device && findMap(device, MapName.REGISTERS)).toMatchObject({ index: 3, sizeBytes: 0x1000 });
  });

  test("listUio() leaves id and peers open when there are no outputs", () => {
    const { roots } = emptyTree();
    tree?.addUio({ maps: piMaps.slice(0, 3) });
    expect(listUio(roots).devices[0]).toMatchObject({ id: undefined, maxPeers: undefined });
  });

  test.each<[string, number, number]>([
    ["the output section lies before the inputs", 0x3faf8000, 0x2000],
    ["the output section lies behind the inputs", 0x3fb00000, 0x2000],
    ["the output section lies between two", 0x3fafb000, 0x2000],
    ["the inputs are no multiple of it", 0x3fafa000, 0x4000],
    ["the output section has no size", 0x3fafa000, 0],
  ])("listUio() leaves id and peers open when %s", (_, address, sizeBytes) => {
    const { roots } = emptyTree();
    tree?.addUio({ maps: [...piMaps.slice(0, 4), { name: "output_section", address, sizeBytes }] });
    expect(listUio(roots).devices[0]).toMatchObject({ id: undefined, maxPeers: undefined });
  });

  test("listUio() reads the protocol from the PCI class", () => {
    const { roots } = emptyTree();
    tree?.addUio({ classCode: 0xff8003 });
    expect(listUio(roots).devices[0]?.pci.protocol).toBe(0x8003);
  });

  const skips: [string, (tree: Tree) => void, RegExp][] = [
    ["another driver made it", (at) => at.addUio({ name: "uio_pci_generic" }), /calls it "uio_pci_generic"/],
    ["the name holds no PCI address", (at) => at.addUio({ name: "uio_ivshmem[0]" }), /not uio_ivshmem\[...\]/],
    ["the vendor is another", (at) => at.addUio({ vendor: "0x1af4" }), /PCI ids are 1af4:4106, not 110a:4106/],
    ["the vendor is no number", (at) => at.addUio({ vendor: "siemens" }), /vendor, device or class/],
    ["a map has no size", (at) => at.remove(`${at.addUio()}/maps/map2/size`), /Map 2 lacks/],
    ["an address is above 2^53", (at) => at.file(`${at.addUio()}/maps/map2/addr`, "0x20000000000000"), /Map 2 lacks/],
    ["its PCI function is missing", (at) => at.remove(`${at.addUio()}/device`), /cannot be read: ENOENT/],
    ["its name is missing", (at) => at.remove(`${at.addUio()}/name`), /its name cannot be read/],
  ];
  test.each(skips)("listUio() skips a device and says so when %s", (_, prepare, reason) => {
    const at = emptyTree();
    prepare(at);
    const { devices, skipped } = listUio(at.roots);
    expect(devices).toEqual([]);
    expect(skipped).toHaveLength(1);
    expect(skipped[0]?.path).toBe(`${at.roots.deviceDirectory}/uio0`);
    expect(skipped[0]?.reason).toMatch(reason);
  });
});
