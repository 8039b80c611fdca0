import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { isIntercellError } from "../../src/errors.js";
import { describeUio, type UioTarget } from "../../src/uio/index.js";
import { Tree } from "./tree.js";

let tree: Tree;

beforeEach(() => {
  tree = new Tree();
});
afterEach(() => tree[Symbol.dispose]());

/** Code and message of the failure. */
function failureOf(target: UioTarget): string {
  try {
    describeUio(target, tree.roots);
  } catch (error) {
    return isIntercellError(error) ? `${error.code}: ${error.message}` : String(error);
  }
  return "none";
}

describe("describeUio()", () => {
  test.each<[string, (dev: string) => UioTarget]>([
    ["its path", (dev) => `${dev}/uio0`],
    ["its PCI address", () => "ffffffff:00:00.0"],
    ["its PCI address in capitals", () => "FFFFFFFF:0:00.0"],
    ["its protocol", () => ({ protocol: 0 })],
  ])("describeUio() finds the device when it is given %s", (_, target) => {
    tree.addUio({ address: "ffffffff:00:00.0" });
    const found = describeUio(target(tree.roots.deviceDirectory), tree.roots);
    expect(found.pci.address).toBe("ffffffff:00:00.0");
  });

  test("describeUio() finds the device when it is given a link to its node, such as udev makes", () => {
    tree.addUio({ number: 0, address: "0001:00:00.0", deviceNumber: "1:3" });
    tree.addUio({ number: 1, address: "0001:00:01.0" });
    tree.link("/dev/uio0", "/dev/null");
    tree.link("/dev/uio1", "/dev/full");
    tree.link("/dev/ivshmem/0001:00:01.0", "../uio1");
    expect(describeUio(tree.path("/dev/ivshmem/0001:00:01.0"), tree.roots).pci.address).toBe("0001:00:01.0");
  });

  test.each([["uio0"], [""], [{}], [null], [7]])("describeUio() throws when the target is %j", (target) => {
    expect(() => describeUio(target as UioTarget, tree.roots)).toThrow(/device is named by|protocol is 0/);
  });

  test.each([-1, 0x10000, 0.5, "0"])("describeUio() throws RangeError when the protocol is %j", (protocol) => {
    expect(() => describeUio({ protocol: protocol as number }, tree.roots)).toThrow(RangeError);
  });

  test("describeUio() says why when the path is that of a UIO device of another kind", () => {
    tree.addUio({ name: "uio_pci_generic" });
    expect(failureOf(tree.path("/dev/uio0"))).toMatch(/^ERR_UNSUPPORTED: .*uio0 is not an ivshmem device: its driver/);
  });

  test.each<[string, string | undefined, RegExp]>([
    ["the jailhouse module is not loaded", undefined, /modprobe jailhouse, then jailhouse enable/],
    ["Jailhouse is not enabled", "0\n", /Jailhouse is not enabled: jailhouse enable/],
    ["Jailhouse is enabled", "1\n", /Jailhouse is enabled: look whether uio_ivshmem is loaded/],
  ])("describeUio() says what to do when there is no device and %s", (_, enabled, advice) => {
    if (enabled !== undefined) tree.file("/sys/devices/jailhouse/enabled", enabled);
    for (const target of ["/dev/uio7", "0001:00:00.0", { protocol: 0 }]) {
      expect(failureOf(target)).toMatch(/^ERR_NOT_FOUND: .*no ivshmem device has a UIO driver/);
      expect(failureOf(target)).toMatch(advice);
    }
  });

  test("describeUio() names what there is when another device is meant", () => {
    tree.addUio();
    expect(failureOf("0001:00:05.0")).toMatch(/found \S+\/uio0 \(0001:00:00.0\)/);
  });

  test("describeUio() says which driver is missing when no driver is loaded", () => {
    tree.addFunction("0001:00:00.0", 0);
    for (const target of ["0001:00:00.0", { protocol: 0 }]) {
      expect(failureOf(target)).toMatch(/^ERR_NOT_FOUND: .*0001:00:00.0 .* has no driver\. .*modprobe uio_ivshmem/);
    }
  });

  test("describeUio() leads to the binding when the driver does not take the protocol", () => {
    tree.addDriver("uio_ivshmem");
    tree.addFunction("0001:00:02.0", 0x4001);
    expect(failureOf({ protocol: 0x4001 })).toMatch(/protocol 0x4001.* has no driver.*intercell uio bind 0001:00:02.0/);
  });

  test("describeUio() names the driver when another one has the device", () => {
    tree.addFunction("0001:00:01.0", 1, "ivshmem-net");
    for (const target of ["0001:00:01.0", { protocol: 1 }]) {
      expect(failureOf(target)).toMatch(/^ERR_IN_USE: .*bound to the driver ivshmem-net.*uio bind 0001:00:01.0/);
    }
  });

  test("describeUio() suspects the kernel when the driver has the device but there is no UIO device", () => {
    tree.addFunction("0001:00:00.0", 0, "uio_ivshmem");
    expect(failureOf("0001:00:00.0")).toMatch(/^ERR_NOT_FOUND: .*has no UIO device.*dmesg/);
  });

  test("describeUio() asks for a name when several devices have the protocol", () => {
    tree.addUio({ number: 0, address: "0001:00:00.0" });
    tree.addUio({ number: 1, address: "0001:00:02.0" });
    expect(failureOf({ protocol: 0 })).toMatch(/^ERR_CONFIG: 2 devices have protocol 0x0000.*0:00.0.*0:02.0/);
  });
});
