import { execFileSync } from "node:child_process";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { createLink, deleteLink } from "../../src/netlink/create-link.js";
import { findLink, listLinks } from "../../src/netlink/list-links.js";
import { setLink } from "../../src/netlink/set-link.js";
import { waitForLink } from "../../src/netlink/wait-link.js";
import { type LinkWatcher, type LinkWatcherOptions, openLinkWatcher } from "../../src/netlink/watcher.js";
import { canMakeNamespaces, NO_NAMESPACES, SINGLE, TestNamespace } from "../support/network-namespace.js";
import { skipUnless } from "../support/skip.js";

describe("openLinkWatcher() in a namespace", skipUnless(canMakeNamespaces(), NO_NAMESPACES), () => {
  let namespace: TestNamespace;
  let watcher: LinkWatcher | undefined;
  let told: string[];

  beforeAll(() => {
    namespace = new TestNamespace();
  });
  afterEach(() => {
    watcher?.close();
    for (const { name, kind } of listLinks()) if (kind !== undefined && findLink(name) !== undefined) deleteLink(name);
  });
  afterAll(() => namespace?.close());

  function watch(options?: LinkWatcherOptions): LinkWatcher {
    told = [];
    const opened = openLinkWatcher(options);
    watcher = opened;
    opened.events.on("added", ({ name }) => told.push(`added ${name}`));
    opened.events.on("removed", ({ name }) => told.push(`removed ${name}`));
    opened.events.on("changed", ({ name, up }, before) => told.push(`changed ${before.name} ${name} ${up}`));
    opened.events.on("overrun", (count) => told.push(`overrun ${count}`));
    return opened;
  }

  test("openLinkWatcher() knows what is there and tells what comes, changes and goes", async () => {
    createLink("d0", { kind: SINGLE });
    const { links } = watch();
    expect([...links.values()].map(({ name }) => name)).toEqual(["lo", "d0"]);
    createLink("d1", { kind: SINGLE });
    await expect.poll(() => told).toContain("added d1");
    setLink("d1", { up: true });
    await expect.poll(() => told).toContain("changed d1 d1 true");
    setLink("d1", { up: false, name: "d2" });
    await expect.poll(() => told).toContain("changed d1 d2 false");
    deleteLink("d2");
    await expect.poll(() => told).toContain("removed d2");
    expect(told.filter((event) => /d0/.test(event))).toEqual([]);
    expect([...links.values()].map(({ name }) => name)).toEqual(["lo", "d0"]);
  });

  test("openLinkWatcher() tells when the other end of a pair goes down and comes back", async () => {
    createLink("v0", { kind: "veth", up: true, peer: { name: "v1" } });
    setLink("v1", { up: true });
    const carrier: boolean[] = [];
    watch().events.on("changed", (link) => {
      if (link.name === "v0" && carrier.at(-1) !== link.carrier) carrier.push(link.carrier);
    });
    setLink("v1", { up: false });
    await expect.poll(() => carrier).toContain(false);
    setLink("v1", { up: true });
    await expect.poll(() => carrier.at(-1)).toBe(true);
  });

  test("openLinkWatcher() tells nothing when nothing but counters differ", async () => {
    createLink("d0", { kind: SINGLE, up: true });
    watch();
    // The kernel announces an interface anew for this, though nothing of it is different then.
    execFileSync("ip", ["link", "set", "d0", "up"]);
    createLink("d1", { kind: SINGLE });
    await expect.poll(() => told).toContain("added d1");
    expect(told).toEqual(["added d1"]);
  });

  test("openLinkWatcher() sees only what is accepted", async () => {
    watch({ accept: ({ name }) => name.startsWith("d") });
    createLink("v0", { kind: "veth", peer: { name: "v1" } });
    createLink("d0", { kind: SINGLE });
    await expect.poll(() => told).toEqual(["added d0"]);
    setLink("d0", { name: "x0" });
    await expect.poll(() => told).toEqual(["added d0", "removed d0"]);
  });

  test("openLinkWatcher() counts lost events and reads the links anew when its buffer overflows", async () => {
    createLink("d0", { kind: SINGLE });
    const opened = watch({ receiveBufferBytes: 2304 });
    for (let round = 0; round < 100; round++) setLink("d0", { mtu: 1000 + round });
    createLink("d1", { kind: SINGLE });
    expect(told).toEqual([]);
    await expect.poll(() => told).toContain("added d1");
    expect(opened.overruns).toBeGreaterThan(0);
    expect(told[0]).toBe("overrun 1");
    expect([...opened.links.values()].map(({ name, mtu }) => `${name} ${mtu}`).slice(1)).toEqual([
      "d0 1099",
      "d1 1500",
    ]);
    // It goes on from there.
    deleteLink("d1");
    await expect.poll(() => told.at(-1)).toBe("removed d1");
    expect(opened.closed).toBe(false);
  });

  test("refresh() tells what differs at once", () => {
    const opened = watch();
    createLink("d0", { kind: SINGLE });
    opened.refresh();
    expect(told).toEqual(["added d0"]);
  });

  test("close() ends the events, once", () => {
    const opened = watch();
    let closed = 0;
    opened.events.on("close", () => {
      closed += 1;
    });
    opened.close();
    opened[Symbol.dispose]();
    opened.refresh();
    expect({ closed, told }).toEqual({ closed: 1, told: [] });
  });

  describe("waitForLink()", () => {
    const late = (link: object | undefined) => (link === undefined ? "it is not there" : "it is down");

    test("waitForLink() gives an interface at once when it is as wanted", async () => {
      createLink("d0", { kind: SINGLE, up: true });
      expect(await waitForLink("d0", ({ up }) => up, late)).toMatchObject({ name: "d0", up: true });
    });

    test("waitForLink() waits for one that comes and is changed", async () => {
      const waiting = waitForLink("d0", ({ up }) => up, late, { timeoutMs: 15_000 });
      createLink("d0", { kind: SINGLE });
      setImmediate(() => setLink("d0", { up: true }));
      expect(await waiting).toMatchObject({ name: "d0", up: true });
    });

    test("waitForLink() says what is missing when the time has passed", async () => {
      await expect(waitForLink("d0", () => true, late, { timeoutMs: 1 })).rejects.toMatchObject({
        code: "ERR_TIMEOUT",
        message: "it is not there",
      });
      createLink("d0", { kind: SINGLE });
      await expect(waitForLink("d0", ({ up }) => up, late, { timeoutMs: 1 })).rejects.toThrow("it is down");
    });

    test("waitForLink() rejects with the signal's reason when it aborts", async () => {
      const controller = new AbortController();
      const waiting = waitForLink("d0", () => true, late, { signal: controller.signal });
      controller.abort(new Error("enough"));
      await expect(waiting).rejects.toThrow("enough");
      await expect(waitForLink("d0", () => true, late, { signal: controller.signal })).rejects.toThrow("enough");
    });
  });
});
