import { execFileSync } from "node:child_process";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { readEthtool } from "../../src/native.js";
import { createLink, deleteLink } from "../../src/netlink/create-link.js";
import { describeLink, findLink, listLinks, requireLinkName } from "../../src/netlink/list-links.js";
import { formatMacAddress, parseMacAddress } from "../../src/netlink/mac-address.js";
import { setLink } from "../../src/netlink/set-link.js";
import { canMakeNamespaces, NO_NAMESPACES, SINGLE, TestNamespace } from "../support/network-namespace.js";
import { skipUnless } from "../support/skip.js";

/** What `ip` of iproute2 says of an interface. */
function ip(...parameters: readonly string[]): Record<string, unknown>[] {
  return JSON.parse(execFileSync("ip", ["-json", "-details", "-statistics", ...parameters], { encoding: "utf8" }));
}

describe("network interfaces in a namespace", skipUnless(canMakeNamespaces(), NO_NAMESPACES), () => {
  let namespace: TestNamespace;

  beforeAll(() => {
    namespace = new TestNamespace();
  });
  afterEach(() => {
    for (const { name, kind } of listLinks()) if (kind !== undefined && findLink(name) !== undefined) deleteLink(name);
  });
  afterAll(() => namespace?.close());

  test("listLinks() agrees with ip about every interface", async () => {
    createLink("d0", { kind: SINGLE, mtu: 1400, address: "02:00:00:00:00:01", txQueueLength: 77, up: true });
    createLink("v0", { kind: "veth", alias: "to the inmate", peer: { name: "v1", mtu: 1300 } });
    // The kernel finds out a moment later that nothing is on the bridge.
    await expect.poll(() => describeLink("d0").operState).toBe("down");
    const expected = ip("link", "show").sort((one, other) => Number(one["ifindex"]) - Number(other["ifindex"]));
    expect(listLinks().map(({ index, name }) => ({ index, name }))).toEqual(
      expected.map(({ ifindex, ifname }) => ({ index: ifindex, name: ifname })),
    );
    for (const line of expected) {
      const link = describeLink(String(line["ifname"]));
      const kind = (line["linkinfo"] as { info_kind?: string } | undefined)?.info_kind;
      const flags = line["flags"] as string[];
      expect(link).toMatchObject({
        kind,
        mtu: line["mtu"],
        txQueueLength: line["txqlen"] ?? 0,
        address: line["address"],
      });
      expect(link).toMatchObject({ minMtu: line["min_mtu"] || undefined, maxMtu: line["max_mtu"] || undefined });
      expect(link).toMatchObject({
        up: flags.includes("UP"),
        carrier: flags.includes("LOWER_UP"),
        alias: line["ifalias"],
      });
      expect(link.operState).toBe(String(line["operstate"]).toLowerCase());
    }
    expect(describeLink("d0")).toMatchObject({ kind: SINGLE, up: true, txQueueLength: 77, type: 1 });
  });

  test("listLinks() counts what went over an interface as ip does", () => {
    createLink("v0", { kind: "veth", up: true, peer: { name: "v1" } });
    setLink("v1", { up: true });
    execFileSync("ip", ["neigh", "add", "10.9.0.2", "lladdr", "02:00:00:00:00:09", "dev", "v0"]);
    const counts = (name: string) => {
      const [line = {}] = ip("link", "show", name);
      const { rx, tx } = line["stats64"] as Record<"rx" | "tx", Record<string, number>>;
      return {
        receivedPackets: rx["packets"],
        receivedBytes: rx["bytes"],
        sentPackets: tx["packets"],
        sentBytes: tx["bytes"],
      };
    };
    // IPv6 says hello on its own account, so that the counts may grow between two looks.
    const settled = () => {
      const before = counts("v1");
      const found = describeLink("v1").statistics;
      return JSON.stringify(before) === JSON.stringify(counts("v1")) ? { before, found } : undefined;
    };
    const both = [1, 2, 3, 4, 5].map(settled).find((result) => result !== undefined);
    expect(both?.found).toMatchObject(both?.before ?? { never: true });
  });

  test("setLink() changes what ip then shows, and leaves the rest", () => {
    createLink("d0", { kind: SINGLE });
    const { index } = describeLink("d0");
    setLink("d0", { mtu: 9000, address: "02:00:00:00:00:02", txQueueLength: 5, alias: "a", name: "d1", up: true });
    expect(ip("link", "show", "d1")[0]).toMatchObject({ ifindex: index, mtu: 9000, txqlen: 5, ifalias: "a" });
    expect(ip("link", "show", "d1")[0]).toMatchObject({
      address: "02:00:00:00:00:02",
      flags: expect.arrayContaining(["UP"]),
    });
    setLink(index, { up: false, name: "d2" });
    expect(describeLink("d2")).toMatchObject({ up: false, carrier: false, mtu: 9000, operState: "down" });
  });

  test("setLink() takes an interface down before it changes the rest when it is told up: false", () => {
    createLink("d0", { kind: SINGLE, up: true });
    // A name is given to an interface that is down (IFF_LIVE_RENAME_OK is not set on every kernel).
    setLink("d0", { up: false, name: "d5" });
    expect(describeLink("d5").up).toBe(false);
  });

  test("setLink() moves an interface to another namespace, where it is up with its new name", () => {
    const other = new TestNamespace();
    try {
      namespace.enter();
      createLink("d0", { kind: "veth" });
      setLink("d0", { namespace: { path: other.path }, name: "moved", up: true });
      expect(findLink("d0")).toBeUndefined();
      other.enter();
      expect(describeLink("moved")).toMatchObject({ kind: "veth", up: true });
      namespace.enter();
    } finally {
      other.close();
      namespace.enter();
    }
  });

  test("createLink() makes a pair whose ends lie in two namespaces when it is told so", () => {
    const other = new TestNamespace();
    try {
      namespace.enter();
      createLink("v0", { kind: "veth", up: true, peer: { name: "far", namespace: { path: other.path } } });
      expect(describeLink("v0")).toMatchObject({ up: true, carrier: false, linkNamespace: expect.any(Number) });
      expect(findLink("far")).toBeUndefined();
      other.enter();
      setLink("far", { up: true });
      expect(describeLink("far")).toMatchObject({ kind: "veth", up: true, carrier: true, operState: "up" });
      deleteLink("far");
      namespace.enter();
      expect(findLink("v0")).toBeUndefined();
    } finally {
      other.close();
      namespace.enter();
    }
  });

  test("createLink() fails with EEXIST when the name is taken", () => {
    createLink("d0", { kind: SINGLE });
    expect(() => createLink("d0", { kind: SINGLE })).toThrow(
      /^Cannot create the bridge interface d0 as RTM_NEWLINK failed with EEXIST .*: d0\. Choose another name/,
    );
  });

  test("setLink() fails with the kernel's reason when it refuses", () => {
    createLink("d0", { kind: SINGLE });
    expect(() => setLink("d0", { mtu: 4_000_000_000 })).toThrow(
      /Cannot change MTU to 4000000000 of d0 as RTM_NEWLINK failed with EINVAL .*The kernel says: mtu/,
    );
  });

  test("setLink(), deleteLink() and describeLink() fail with ERR_NOT_FOUND when there is no such interface", () => {
    const missing = { code: "ERR_NOT_FOUND", path: "nope" };
    expect(() => describeLink("nope")).toThrow(expect.objectContaining(missing));
    expect(() => setLink("nope", { up: true })).toThrow(expect.objectContaining(missing));
    expect(() => deleteLink("nope")).toThrow(expect.objectContaining(missing));
    expect(() => describeLink(0x7fff_ffff)).toThrow(/no network interface with index 2147483647/);
    expect(findLink("nope")).toBeUndefined();
  });

  test("deleteLink() fails when the interface is no creation of a user", () => {
    expect(() => deleteLink("lo")).toThrow(/ENOTSUP.*It belongs to a device/);
  });

  test("readEthtool() tells driver and counters of an interface", () => {
    createLink("v0", { kind: "veth", peer: { name: "v1" } });
    const found = readEthtool("v0");
    expect(found).toMatchObject({ driver: "veth", version: "1.0", bus: "" });
    expect(found.statistics).toMatchObject({ peer_ifindex: describeLink("v1").index });
    expect(() => readEthtool("nope")).toThrow(expect.objectContaining({ code: "ENODEV", path: "nope" }));
    expect(() => readEthtool("lo")).toThrow(expect.objectContaining({ code: "ENOTSUP" }));
  });

  const refused: readonly [string, () => void, RegExp][] = [
    ["an unknown option", () => setLink("lo", { speed: 1 } as object), /Unknown option "speed"/],
    ["a MAC address of 5 bytes", () => setLink("lo", { address: "02:00:00:00:01" }), /looks like 02:00/],
    ["a MAC address of a group", () => setLink("lo", { address: "01:00:00:00:00:01" }), /that of a group/],
    ["a MAC address of zeros", () => setLink("lo", { address: "00:00:00:00:00:00" }), /all zero/],
    ["an MTU that is no integer", () => setLink("lo", { mtu: 1.5 }), /mtu must be an integer/],
    ["an alias that is too long", () => setLink("lo", { alias: "a".repeat(256) }), /255 bytes at most/],
    ["a name that is too long", () => setLink("lo", { name: "a".repeat(16) }), /15 bytes at most, not 16/],
    ["a kind that is none", () => createLink("d0", { kind: "" }), /a text such as vcan/],
    ["a peer of one that is no pair", () => createLink("d0", { kind: SINGLE, peer: { name: "d1" } }), /has no peer/],
    ["a namespace that is neither", () => setLink("lo", { namespace: {} as { pid: number } }), /pid or a path/],
    ["a pid that is none", () => setLink("lo", { namespace: { pid: 0 } }), /positive integer/],
  ];
  test.each(refused)("setLink() and createLink() refuse %s", (_, action, message) => {
    expect(action).toThrow(message);
  });
});

describe("requireLinkName()", () => {
  test.each(["", ".", "..", "a b", "a/b", "a:b", "a\0"])("requireLinkName() refuses %j", (name) => {
    expect(() => requireLinkName(name)).toThrow(TypeError);
  });
});

test("formatMacAddress() gives back what parseMacAddress() read", () => {
  expect(formatMacAddress(parseMacAddress("A2:0:00:ff:10:01"))).toBe("a2:00:00:ff:10:01");
});
