import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { startMachine } from "../../src/sim/index.js";
import { needsCable, TestCable } from "../ivshmem-net/ethernet/cable.js";
import { skipUnless } from "../support/skip.js";
import { RunningCommand, runCommand } from "./command.js";

const needsTap = skipUnless(
  process.getuid?.() === 0 && existsSync("/dev/net/tun"),
  "a TAP interface wants root and /dev/net/tun",
);

const ping = (cable: TestCable, ...options: readonly string[]) =>
  cable.within(0, () => new RunningCommand(["net", "ping", ...options]));

describe("intercell net ping on an interface", needsCable, () => {
  test("intercell net ping prints answers and statistics as ping(8) does", async () => {
    using cable = await new TestCable().ready();
    const { code, stdout, stderr } = await ping(cable, "left", "-c", "3", "-i", "10", "-W", "10000").ended;
    expect([code, stderr]).toEqual([0, ""]);
    const lines = stdout.split("\n");
    expect(lines[0]).toMatch(/^PING ff02::1%left from .+: 56 data bytes$/);
    for (const sequence of [1, 2, 3]) {
      const answer = new RegExp(`^64 bytes from fe80::[0-9a-f:]+%left: icmp_seq=${sequence} ttl=64 time=[0-9.]+ ms$`);
      expect(lines.slice(1, 4)).toContainEqual(expect.stringMatching(answer));
    }
    expect(lines.slice(4, 6)).toEqual(["", "--- ff02::1%left ping statistics ---"]);
    expect(lines[6]).toMatch(/^3 packets transmitted, 3 received, 0% packet loss, time \d+ms$/);
    expect(lines[7]).toMatch(/^rtt min\/avg\/max\/mdev = ([0-9.]+\/){3}[0-9.]+ ms$/);
  });

  test("intercell net ping --json prints one object", async () => {
    using cable = await new TestCable().ready();
    const options = ["-c", "5", "-i", "0", "-s", "1400", "-W", "10000", "--json"];
    const { code, stdout } = await ping(cable, "left", ...options).ended;
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      ...{ name: "left", transmitted: 5, received: 5, timedOut: 0, lossPercent: 0, corrupted: 0 },
      roundTrip: { minMs: expect.any(Number), mdevMs: expect.any(Number) },
    });
  });

  test("intercell net ping ends with its statistics when it is interrupted", async () => {
    using cable = await new TestCable().ready();
    const command = ping(cable, "left", "-i", "20", "-W", "10000");
    await command.printed(/icmp_seq=2/);
    const { code, stdout, stderr } = await command.interrupt();
    expect([code, stderr]).toEqual([0, ""]);
    expect(stdout).toMatch(/\d+ packets transmitted, \d+ received, 0% packet loss/);
  });

  test("intercell net ping fails and says why when nobody answers", async () => {
    using cable = new TestCable();
    cable.within(1, () => execFileSync("sh", ["-c", "echo 1 > /proc/sys/net/ipv6/conf/right/disable_ipv6"]));
    const { code, stdout, stderr } = await ping(cable, "left", "-c", "2", "-i", "0", "-W", "50").ended;
    expect(code).toBe(1);
    expect(stdout).toContain("icmp_seq=2 no answer within 50 ms\n");
    expect(stdout).toContain("2 packets transmitted, 0 received, 100% packet loss");
    expect(stderr).toMatch(/^intercell: Nobody behind left answered/);
  });

  test("intercell net ping fails when the other side of the interface is down", async () => {
    using cable = new TestCable();
    cable.setUp(1, false);
    const { code, stderr } = await ping(cable, "left", "--wait", "50").ended;
    expect([code, stderr]).toEqual([1, expect.stringContaining("left was not up within 50 ms")]);
  });

  test("intercell net ping fails when there is no such interface, or the options contradict each other", async () => {
    expect(await runCommand("net", "ping", "nothere")).toMatchObject({ code: 1, stdout: "" });
    expect(await runCommand("net", "ping", "lo", "--sim", "machine")).toMatchObject({ code: 2, stdout: "" });
    using cable = new TestCable();
    expect(await ping(cable, "left", "-s", "1453").ended).toMatchObject({ code: 2 });
    expect(await ping(cable, "left", "-c", "many").ended).toMatchObject({ code: 2 });
  });
});

describe("intercell net ping with an endpoint", needsTap, () => {
  test("intercell net ping takes over a device, and the kernel behind the peer's interface answers", async () => {
    await using machine = await startMachine();
    const name = `icq${process.pid % 1_000_000}`;
    const attached = new RunningCommand(["net", "attach", "--sim", machine.name, "--peer", "1", "--name", name]);
    try {
      await attached.printed(/is attached to/);
      const options = ["-c", "100", "-i", "0", "-W", "100", "--mtu", "1500", "-s", "1452"];
      const { code, stdout, stderr } = await runCommand(
        "net",
        "ping",
        "--sim",
        machine.name,
        "--peer",
        "0",
        ...options,
      );
      expect([code, stderr]).toEqual([0, ""]);
      expect(stdout).toContain("from an address of its own: 1452 data bytes\n");
      // The first may find that kernel still without an address.
      expect(stdout).toMatch(/100 packets transmitted, [1-9]\d* received/);
    } finally {
      await attached.interrupt();
    }
  });
});
