import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { bundleSource } from "../../../scripts/bundle-source.mjs";
import { openChannel } from "../../../src/channel/index.js";
import { type EthernetLink, openEthernetLink, openIvshmemNet } from "../../../src/ivshmem-net/index.js";
import { startMachine } from "../../../src/sim/index.js";
import { turns, until } from "../../channel/until.js";
import { needsCable, TestCable } from "../ethernet/cable.js";
import { NetPair } from "../net-pair.js";
import { Echo } from "./echo-protocol.js";

describe("openEthernetLink() with a cell in another process", () => {
  test("openEthernetLink() carries channels over an endpoint, through the death of the peer", async () => {
    await using machine = await startMachine();
    const net = openIvshmemNet(await machine.openDevice({ peer: 0, device: "net" }));
    using link = openEthernetLink(net);
    using channel = openChannel(link, Echo);
    const source = fileURLToPath(new URL("./echo-cell.ts", import.meta.url));
    const command = [process.execPath, await bundleSource(source)];
    for (let life = 1; life <= 2; life++) {
      await machine.startCell(1, { command });
      await channel.ready({ timeoutMs: 15_000 });
      const back = channel.receive("numbered");
      for (let number = 0; number < 500; number++) {
        await channel.send("numbered", { number });
      }
      for (let number = 0; number < 500; number++) {
        expect(await back.next()).toEqual({ done: false, value: { number } });
      }
      await back.return?.();
      expect(await channel.request("twice", { text: "ab" }, { timeoutMs: 10_000 })).toEqual({ text: "abab" });
      await machine.crashCell(1);
      await until(() => channel.status !== "open", "the channel is lost");
    }
    expect(link.statistics.frames).toMatchObject({ invalidFrames: 0, strangers: 0 });
    link.close();
    net.close();
  });
});

describe("openEthernetLink()", () => {
  test("openEthernetLink() refuses options that make no sense, and says so when the frames are too short", () => {
    using pair = new NetPair();
    const [net] = pair.nets;
    for (const options of [{ etherType: 0x5ff }, { windowFrames: 0 }, { windowFrames: 1025 }, { stallMs: 0 }]) {
      expect(() => openEthernetLink(net, options)).toThrow(RangeError);
    }
    expect(() => openEthernetLink(net, { peerAddress: "here" })).toThrow(TypeError);
    expect(() => openEthernetLink(net, { mtu: 1500 } as never)).toThrow(TypeError);
    using short = new NetPair({ outputBytes: 0x1000 }, { mtu: 93 });
    expect(() => openEthernetLink(short.nets[0])).toThrow(expect.objectContaining({ code: "ERR_UNSUPPORTED" }));
    expect(() => openEthernetLink("nothere")).toThrow(expect.objectContaining({ code: "ERR_NOT_FOUND" }));
  });
});

describe("openEthernetLink() on an interface", needsCable, () => {
  const options = { stallMs: 300 };
  const open = (cable: TestCable, end: 0 | 1, more = {}) =>
    cable.within(end, () => openEthernetLink(cable.names[end], { ...options, ...more }));
  const ready = (...links: EthernetLink[]) => Promise.all(links.map((link) => link.ready({ timeoutMs: 10_000 })));

  test("openEthernetLink() goes on in the same session when the interface was down for a while", async () => {
    using cable = new TestCable();
    using left = open(cable, 0);
    using right = open(cable, 1);
    await ready(left, right);
    const [here, there] = [openChannel(left, Echo), openChannel(right, Echo)];
    there.handle("twice", ({ text }) => ({ text: text + text }));
    await here.ready({ timeoutMs: 10_000 });
    cable.setUp(1, false);
    await until(() => left.status === "stalled" && right.status === "stalled", "both sides notice");
    cable.setUp(1);
    await until(() => left.status === "up" && right.status === "up", "both sides are back");
    expect(await here.request("twice", { text: "x" }, { timeoutMs: 10_000 })).toEqual({ text: "xx" });
    expect([left.statistics.sessions, left.statistics.lostRecords]).toEqual([1, 0]);
  });

  test("openEthernetLink() tells when its interface is gone, and why nobody answers", async () => {
    using cable = new TestCable();
    using left = open(cable, 0);
    await expect(left.ready({ timeoutMs: 100 })).rejects.toThrow(/no frame of its was heard/);
    const problems: string[] = [];
    left.events.on("error", ({ code }) => problems.push(code));
    cable.cut();
    await until(() => problems.length > 0, "the link tells");
    expect(problems).toEqual(["ERR_CLOSED"]);
    await expect(left.ready({ timeoutMs: 50 })).rejects.toThrow(/left is gone; open the link again/);
  });

  test("openEthernetLink() hears no other peer than the one that was named, nor frames of another type", async () => {
    using cable = new TestCable();
    using left = open(cable, 0, { peerAddress: "02:00:00:00:00:77" });
    using right = open(cable, 1);
    await until(() => left.statistics.frames.strangers > 2, "the stranger is counted");
    expect(left.status).toBe("connecting");
    right.close();
    await turns();
    using other = open(cable, 1, { etherType: 0x88b6 });
    const { strangers } = left.statistics.frames;
    await expect(other.ready({ timeoutMs: 300 })).rejects.toThrow(expect.objectContaining({ code: "ERR_TIMEOUT" }));
    expect(left.statistics.frames.strangers).toBe(strangers);
  });
});
