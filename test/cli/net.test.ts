import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { createLink, deleteLink } from "../../src/netlink/create-link.js";
import { describeLink } from "../../src/netlink/list-links.js";
import { setLink } from "../../src/netlink/set-link.js";
import { canMakeNamespaces, NO_NAMESPACES, TestNamespace } from "../support/network-namespace.js";
import { skipUnless } from "../support/skip.js";
import { Tree } from "../uio/tree.js";
import { printed } from "./printed.js";

describe("intercell net list", () => {
  let tree: Tree | undefined;

  afterEach(() => tree?.[Symbol.dispose]());

  test("intercell net list shows the interface of a machine whose tree it is given", async () => {
    tree = Tree.fromFixture("qemu-arm64-running-net");
    expect(await printed("net", "list", "--root", tree.root)).toBe(
      [
        "NAME  PCI ADDRESS   MAC ADDRESS        MTU    STATE  IP ADDRESSES",
        "eth0  0001:00:01.0  3a:6a:e5:07:35:18  16384  down   -",
        "",
      ].join("\n"),
    );
    expect(JSON.parse(await printed("net", "list", "--root", tree.root, "--json"))).toMatchObject({
      interfaces: [{ name: "eth0", pciAddress: "0001:00:01.0", mtu: 16384, up: false, carrier: false }],
    });
  });

  test("intercell net list says so when there is none", async () => {
    tree = new Tree();
    expect(await printed("net", "list", "--root", tree.root)).toBe("No ivshmem device has the driver ivshmem-net.\n");
  });
});

describe("intercell net on an interface in a namespace", skipUnless(canMakeNamespaces(), NO_NAMESPACES), () => {
  let namespace: TestNamespace;

  beforeAll(() => {
    namespace = new TestNamespace();
  });
  beforeEach(() => createLink("cell0", { kind: "veth", peer: { name: "cell1" } }));
  afterEach(() => deleteLink("cell0"));
  afterAll(() => namespace?.close());

  test("intercell net up sets all it is told, waits for the peer, and says what it is", async () => {
    setLink("cell1", { up: true });
    const options = ["--mtu", "9000", "--mac", "02:00:00:00:00:08", "--address", "192.0.2.8/24", "--wait", "15000"];
    expect(await printed("net", "up", "cell0", ...options)).toBe(
      "cell0 is up, and so is its peer: MAC address 02:00:00:00:00:08, MTU 9000.\n",
    );
    expect(JSON.parse(await printed("net", "down", "cell0", "--json"))).toMatchObject({
      name: "cell0",
      up: false,
      mtu: 9000,
    });
    expect(await printed("net", "down", "cell0")).toBe("cell0 is down.\n");
  });

  test("intercell net up fails with the reason when the peer does not come", async () => {
    await expect(printed("net", "up", "cell0", "--wait", "1")).rejects.toThrow(
      /did not reach its peer in 1 ms: the other/,
    );
    expect(describeLink("cell0").up).toBe(true);
    expect(await printed("net", "up", "cell0")).toMatch(/^cell0 is up, its peer is not: MAC address .*, MTU 1500\.\n$/);
  });

  test("intercell net stats prints the counters of kernel and driver", async () => {
    expect(await printed("net", "stats", "cell0")).toMatch(/^driver +veth\ndevice +-\nreceivedPackets +\d+\n/);
    expect(JSON.parse(await printed("net", "stats", "cell0", "--json"))).toMatchObject({
      driver: "veth",
      statistics: { sendErrors: 0 },
      driverStatistics: { peer_ifindex: expect.any(Number) },
    });
  });

  test("intercell net up refuses what is no MAC address, no MTU and no interface", async () => {
    await expect(printed("net", "up", "cell0", "--mac", "x")).rejects.toThrow(/MAC address looks like/);
    await expect(printed("net", "up", "cell0", "--mtu", "many")).rejects.toThrow(/whole number/);
    await expect(printed("net", "up", "nope")).rejects.toMatchObject({ code: "ERR_NOT_FOUND" });
  });

  test("intercell can list and stats say so when there is no CAN interface", async () => {
    expect(await printed("can", "list")).toMatch(
      /^There is no CAN interface in this network namespace\. .* can create/,
    );
    expect(JSON.parse(await printed("can", "list", "--json"))).toEqual({ interfaces: [] });
    expect(await printed("can", "stats")).toBe("There is no CAN interface in this network namespace.\n");
    await expect(printed("can", "list", "cell0")).rejects.toThrow(/cell0 is no CAN interface/);
    await expect(printed("can", "up", "cell0", "--sample-point", "late")).rejects.toThrow(/written like 87.5%/);
  });
});
