import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { attachTap } from "../../src/ivshmem-net/tap.js";
import { uncaughtDuring } from "../channel/uncaught.js";
import { until } from "../channel/until.js";
import { skipUnless } from "../support/skip.js";
import { collect, makeFrame, NetPair } from "./net-pair.js";

const needsTap = skipUnless(
  process.getuid?.() === 0 && existsSync("/dev/net/tun"),
  "a TAP interface wants root and /dev/net/tun",
);

let taps = 0;
const tapName = () => `ict${process.pid % 1_000_000}x${taps++}`;
const attribute = (name: string, file: string) => readFileSync(`/sys/class/net/${name}/${file}`, "utf8").trim();

describe("attachTap()", needsTap, () => {
  test("attachTap() makes an interface with the MTU of the endpoint, whose carrier is the state of the link", async () => {
    using pair = new NetPair({}, { mtu: 1500 });
    const name = tapName();
    using tap = attachTap(pair.nets[0], { name });
    expect(tap.name).toBe(name);
    expect([attribute(name, "mtu"), attribute(name, "carrier")]).toEqual(["1500", "0"]);
    await pair.ready();
    expect(attribute(name, "carrier")).toBe("1");
    pair.nets[1].close();
    await until(() => attribute(name, "carrier") === "0", "the carrier is gone");
    tap.close();
    tap.close();
    expect(existsSync(`/sys/class/net/${name}`)).toBe(false);
    expect(pair.nets[0].closed).toBe(false);
  });

  test("attachTap() carries what the kernel sends, and gives it what arrives", async () => {
    using pair = await new NetPair({}, { mtu: 1500 }).ready();
    const arrived = collect(pair.nets[1]);
    using tap = attachTap(pair.nets[0], { name: tapName() });
    // A kernel with IPv6 says hello by itself; a ping to nobody makes it ask by ARP.
    execFileSync("ip", ["address", "add", "198.51.100.1/24", "dev", tap.name]);
    const asks = () => arrived.some((frame) => frame[12] === 0x08 && frame[13] === 0x06);
    const socket = (await import("node:dgram")).createSocket("udp4");
    socket.send("hello", 9, "198.51.100.2");
    await until(asks, "the kernel asks for the address");
    socket.close();
    const before = Number(attribute(tap.name, "statistics/rx_packets"));
    for (let frame = 0; frame < 300; frame++) pair.nets[1].trySend(makeFrame(60, 2));
    await until(
      () => Number(attribute(tap.name, "statistics/rx_packets")) === before + 300,
      "the kernel has all frames",
    );
    expect(tap.statistics).toMatchObject({ inFrames: 300, inDropped: 0, outDropped: 0 });
  });

  test("attachTap() counts what the kernel does not take when the interface is down", async () => {
    using pair = await new NetPair({}, { mtu: 1500 }).ready();
    using tap = attachTap(pair.nets[0], { name: tapName(), setUp: false });
    pair.nets[1].trySend(makeFrame(60));
    await until(() => tap.statistics.inDropped === 1, "the frame is counted");
  });

  test("attachTap() closes with an error when somebody deletes the interface", async () => {
    using pair = await new NetPair({}, { mtu: 1500 }).ready();
    const tap = attachTap(pair.nets[0], { name: tapName() });
    const errors: string[] = [];
    tap.events.on("error", ({ code }) => errors.push(code));
    const uncaught = await uncaughtDuring(async () => {
      execFileSync("ip", ["link", "delete", tap.name]);
      await until(() => tap.closed, "the attachment is closed");
      pair.nets[1].trySend(makeFrame(60));
      await until(() => pair.nets[0].statistics.rxUnclaimed === 1, "nobody takes the frames");
    });
    expect([errors, uncaught]).toEqual([["ERR_CLOSED"], []]);
  });

  test("attachTap() throws and leaves nothing behind when the name is taken or impossible", async () => {
    using pair = await new NetPair().ready();
    using tap = attachTap(pair.nets[0], { name: tapName() });
    expect(() => attachTap(pair.nets[1], { name: tap.name })).toThrow(expect.objectContaining({ code: "EBUSY" }));
    expect(() => attachTap(pair.nets[1], { name: "lo" })).toThrow(
      expect.objectContaining({
        code: "EINVAL",
        message: expect.stringMatching(/another kind has the name: choose another/),
      }),
    );
    expect(() => attachTap(pair.nets[1], { name: "much-too-long-a-name" })).toThrow(RangeError);
    expect(() => attachTap(pair.nets[1], { mtu: 1500 } as never)).toThrow(TypeError);
  });
});
