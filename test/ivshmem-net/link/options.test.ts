import { describe, expect, onTestFinished, test } from "vitest";
import { type NetLinkOptions, openNetLink } from "../../../src/ivshmem-net/index.js";
import { attach } from "../../channel/link-pair.js";
import { until } from "../../channel/until.js";
import { loopback4, NetLinkPair } from "./net-link-pair.js";

describe("openNetLink()", () => {
  test.each<[string, unknown, RegExp]>([
    ["no role", {}, /role is "listen" or "connect"/],
    ["another role", { role: "serve" }, /role is "listen" or "connect"/],
    ["an unknown option", { role: "listen", host: "::1" }, /host/],
    ["port 0", { role: "listen", port: 0 }, /port is an integer from 1 to 65535/],
    ["a port that is a text", { role: "listen", port: "5000" }, /port is an integer/],
    ["an address with a zone", { role: "listen", localAddress: "fe80::1%lo" }, /without a zone/],
    ["a name for an address", { role: "listen", localAddress: "localhost" }, /IPv4 or IPv6/],
    ["two families", { role: "listen", localAddress: "127.0.0.1", peerAddress: "::1" }, /of one family/],
    ["an IPv4 peer without a local address", { role: "connect", peerAddress: "127.0.0.1" }, /of one family/],
    ["nobody to connect to", { role: "connect", localAddress: "127.0.0.1" }, /peerAddress is needed/],
    ["a short datagram", { role: "listen", maxDatagramBytes: 127 }, /maxDatagramBytes is an integer from 128 to 65487/],
    ["a long datagram", { role: "listen", maxDatagramBytes: 65_488 }, /maxDatagramBytes/],
    ["a window that is no power of two", { role: "listen", windowBytes: 5000 }, /windowBytes/],
    ["no time to stall", { role: "listen", stallMs: 0 }, /stallMs/],
  ])("throws when there is %s", (_, options, message) => {
    expect(() => openNetLink("lo", options as NetLinkOptions)).toThrow(message);
  });

  test("throws ERR_NOT_FOUND when there is no such interface", () => {
    expect(() => openNetLink("nosuch0", { role: "listen" })).toThrow(
      expect.objectContaining({ code: "ERR_NOT_FOUND" }),
    );
  });
});

describe("maxDatagramBytes", () => {
  test("bounds latest values and broadcasts, which are refused up front beyond", async () => {
    const pair = await NetLinkPair.open(loopback4, "connect", { maxDatagramBytes: 200 });
    onTestFinished(() => pair.close());
    expect(() => attach(pair.left, "topics", 1n, [177])).toThrow(expect.objectContaining({ code: "ERR_FULL" }));
    const left = attach(pair.left, "topics", 1n, [176]);
    const right = attach(pair.right, "topics", 1n, [176]);
    await until(() => left.port.open && right.port.open, "both ports are open");
    expect(() => left.port.broadcast(0, new Uint8Array(181))).toThrow(
      expect.objectContaining({
        code: "ERR_TOO_LARGE",
        message: expect.stringContaining("180 bytes at most, not 181"),
      }),
    );
    left.port.broadcast(0, new Uint8Array(180).fill(7));
    left.port.publish(0, new Uint8Array(176).fill(9));
    const target = new Uint8Array(176);
    await until(() => right.seen.broadcasts.length === 1 && right.port.readLatest(0, target) === 176, "both are there");
    expect(right.seen.broadcasts[0]?.bytes).toEqual(Array.from({ length: 180 }, () => 7));
  });

  test("may be more than a packet takes, which then goes in fragments", async () => {
    const pair = await NetLinkPair.open(loopback4, "connect", { maxDatagramBytes: 65_487 });
    onTestFinished(() => pair.close());
    const size = 65_487 - 24;
    const left = attach(pair.left, "topics", 1n, [size]);
    const right = attach(pair.right, "topics", 1n, [size]);
    await until(() => left.port.open && right.port.open, "both ports are open");
    left.port.publish(0, new Uint8Array(size).fill(3));
    const target = new Uint8Array(size);
    await until(() => right.port.readLatest(0, target) === size, "the value is there");
    expect(target.every((byte) => byte === 3)).toBe(true);
  });
});
