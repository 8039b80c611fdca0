import { describe, expect, test } from "vitest";
import { formatEcho, formatReport, lossPercent } from "../../src/cli/ping-text.js";
import type { PingReport } from "../../src/ivshmem-net/index.js";

const report: PingReport = {
  ...{ transmitted: 10, received: 6, timedOut: 3, unanswered: 1, unsent: 0 },
  ...{ duplicates: 0, late: 0, corrupted: 0, durationMs: 9012.6 },
  roundTrip: { minMs: 0.1, avgMs: 0.2, maxMs: 1.23456, mdevMs: 0.05 },
};

describe("formatEcho()", () => {
  test("formatEcho() prints an answer as ping(8) does", () => {
    const echo = { sequence: 7, from: "fe80::1", lengthBytes: 64, hopLimit: 64, timeMs: 0.12345 };
    expect(formatEcho("eth1", echo)).toBe("64 bytes from fe80::1%eth1: icmp_seq=7 ttl=64 time=0.123 ms");
  });
});

describe("formatReport() and lossPercent()", () => {
  test("formatReport() prints what came of a ping as ping(8) does", () => {
    expect(formatReport("eth1", report)).toBe(
      "\n--- ff02::1%eth1 ping statistics ---\n" +
        "10 packets transmitted, 6 received, 33.3333% packet loss, time 9013ms\n" +
        "rtt min/avg/max/mdev = 0.100/0.200/1.235/0.050 ms\n",
    );
  });

  test("formatReport() names what else was counted, and no times where nothing was answered", () => {
    const silent = { transmitted: 4, received: 0, timedOut: 3, unanswered: 0, unsent: 1, late: 2 };
    expect(formatReport("eth1", { ...report, ...silent, roundTrip: undefined })).toBe(
      "\n--- ff02::1%eth1 ping statistics ---\n" +
        "4 packets transmitted, 0 received, +1 unsent, +2 late, 100% packet loss, time 9013ms\n",
    );
  });

  test("lossPercent() leaves out probes that still waited", () => {
    expect(lossPercent({ ...report, transmitted: 7, received: 6, timedOut: 0, unanswered: 1 })).toBe(0);
    expect(lossPercent({ ...report, transmitted: 1, received: 0, timedOut: 0, unanswered: 1 })).toBe(0);
    expect(lossPercent({ ...report, transmitted: 1, received: 0, timedOut: 1, unanswered: 0 })).toBe(100);
  });
});
