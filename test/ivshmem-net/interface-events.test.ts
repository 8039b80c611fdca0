import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import {
  configureNetInterface,
  findLinkLocalAddress,
  listAddresses,
  type NetInterfaceWatcher,
  openNetInterfaceWatcher,
  readNetStatistics,
  waitForPeer,
} from "../../src/ivshmem-net/index.js";
import { createLink, deleteLink } from "../../src/netlink/create-link.js";
import { describeLink, findLink } from "../../src/netlink/list-links.js";
import { setLink } from "../../src/netlink/set-link.js";
import { canMakeNamespaces, NO_NAMESPACES, TestNamespace } from "../support/network-namespace.js";
import { skipUnless } from "../support/skip.js";

/** A veth stands in for the interface: its carrier, too, is that the other end is up. */
const NAME = "cell0";
const PEER = "cell1";

describe("the interface between cells, in a namespace", skipUnless(canMakeNamespaces(), NO_NAMESPACES), () => {
  let namespace: TestNamespace;
  let watcher: NetInterfaceWatcher | undefined;

  beforeAll(() => {
    namespace = new TestNamespace();
  });
  beforeEach(() => createLink(NAME, { kind: "veth", peer: { name: PEER } }));
  afterEach(() => {
    watcher?.close();
    if (findLink(NAME) !== undefined) deleteLink(NAME);
  });
  afterAll(() => namespace?.close());

  describe("configureNetInterface()", () => {
    test("configureNetInterface() sets MTU and addresses while it is down, and takes it up then", () => {
      const address = "02:00:00:00:00:05";
      configureNetInterface(NAME, { mtu: 16384, address, ipAddresses: ["192.0.2.5/24"], up: true });
      expect(describeLink(NAME)).toMatchObject({ mtu: 16384, address, up: true });
      expect(listAddresses(NAME)).toMatchObject([{ address: "192.0.2.5", prefixLength: 24 }]);
    });

    test("configureNetInterface() refuses an MTU while it is up, and changes nothing", () => {
      configureNetInterface(NAME, { up: true });
      const change = () => configureNetInterface(NAME, { mtu: 1400, address: "02:00:00:00:00:06" });
      expect(change).toThrow(
        /Cannot change the MTU of cell0 while it is up .*EBUSY.* Take it down first: intercell net down cell0, or in a program \{ up: false \}\./,
      );
      expect(describeLink(NAME)).toMatchObject({ mtu: 1500, up: true });
      expect(describeLink(NAME).address).not.toBe("02:00:00:00:00:06");
      configureNetInterface(NAME, { up: false, mtu: 1400 });
      expect(describeLink(NAME)).toMatchObject({ mtu: 1400, up: false });
    });

    test("configureNetInterface() fails when there is no such interface", () => {
      expect(() => configureNetInterface("nope", { up: true })).toThrow(/no network interface "nope"/);
    });
  });

  describe("openNetInterfaceWatcher()", () => {
    test("openNetInterfaceWatcher() tells when the peer comes and goes, and when the interface does", async () => {
      const told: string[] = [];
      watcher = openNetInterfaceWatcher({ names: [NAME, "cell9"] });
      watcher.events.on("peer", ({ name }, present) => told.push(`${name} peer ${present}`));
      watcher.events.on("added", ({ name }) => told.push(`added ${name}`));
      watcher.events.on("removed", ({ name }) => told.push(`removed ${name}`));
      expect(watcher.interfaces).toMatchObject([{ name: NAME, up: false, carrier: false }]);
      configureNetInterface(NAME, { up: true });
      setLink(PEER, { up: true });
      await expect.poll(() => told).toEqual([`${NAME} peer true`]);
      setLink(PEER, { up: false });
      await expect.poll(() => told.at(-1)).toBe(`${NAME} peer false`);
      setLink(PEER, { up: true });
      await expect.poll(() => told.at(-1)).toBe(`${NAME} peer true`);
      deleteLink(PEER);
      await expect.poll(() => told.at(-1)).toBe(`removed ${NAME}`);
      expect(told.slice(-2)).toEqual([`${NAME} peer false`, `removed ${NAME}`]);
      createLink("cell9", { kind: "veth", peer: { name: "other" } });
      await expect.poll(() => told.at(-1)).toBe("added cell9");
      deleteLink("cell9");
    });

    test("openNetInterfaceWatcher() passes over interfaces of other drivers when it is given no names", () => {
      watcher = openNetInterfaceWatcher();
      expect(watcher.interfaces).toEqual([]);
      expect(() => openNetInterfaceWatcher({ names: "eth0" } as object)).toThrow(/array of names/);
    });
  });

  describe("waitForPeer()", () => {
    test("waitForPeer() resolves once both ends are up", async () => {
      const waiting = waitForPeer(NAME, { timeoutMs: 15_000 });
      configureNetInterface(NAME, { up: true });
      setImmediate(() => setLink(PEER, { up: true }));
      await waiting;
      expect(describeLink(NAME).carrier).toBe(true);
      await waitForPeer(NAME);
    });

    test("waitForPeer() says what is missing when the time has passed", async () => {
      const late = (name: string) => waitForPeer(name, { timeoutMs: 1 });
      await expect(late("nope")).rejects.toThrow(/nope did not reach its peer in 1 ms: there is no interface nope/);
      await expect(late(NAME)).rejects.toThrow(/cell0 is down\. Take it up: intercell net up cell0$/);
      configureNetInterface(NAME, { up: true });
      await expect(late(NAME)).rejects.toThrow(/the other side is not ready.* Is its cell running/);
      await expect(late(NAME)).rejects.toMatchObject({ code: "ERR_TIMEOUT" });
    });

    test("waitForPeer() rejects with the signal's reason when it aborts", async () => {
      await expect(waitForPeer(NAME, { signal: AbortSignal.abort(new Error("enough")) })).rejects.toThrow("enough");
    });
  });

  test("findLinkLocalAddress() gives the address to reach it at once the peer is there", async () => {
    configureNetInterface(NAME, { up: true, address: "02:00:00:00:00:07" });
    setLink(PEER, { up: true });
    await expect.poll(() => findLinkLocalAddress(NAME), { timeout: 15_000 }).toBe("fe80::ff:fe00:7");
  });

  test("readNetStatistics() gives the driver's own counters", () => {
    expect(readNetStatistics(NAME)).toMatchObject({ driver: "veth", statistics: { peer_ifindex: expect.any(Number) } });
  });
});
