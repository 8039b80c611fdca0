import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

const INTERFACES = ["can0", "can1"] as const;

describe("the two controllers of the rig", () => {
  beforeAll(() => {
    for (const name of INTERFACES) execFileSync("ip", ["link", "set", name, "up", "type", "can", "bitrate", "500000"]);
  });

  afterAll(() => {
    for (const name of INTERFACES) execFileSync("ip", ["link", "set", name, "down"]);
  });

  test("candump on one controller shows what cansend sends on the other when both are on one bus", async () => {
    const dump = spawn("candump", ["-L", "-n", "1", "-T", "30000", "can1"], { stdio: ["ignore", "pipe", "inherit"] });
    let printed = "";
    dump.stdout.setEncoding("utf8").on("data", (text: string) => {
      printed += text;
    });
    const ended = once(dump, "close");
    while (dump.exitCode === null) {
      // Repeated, as nothing tells when candump listens.
      execFileSync("cansend", ["can0", "123#DEADBEEF"]);
      await Promise.race([ended, new Promise((resolve) => setTimeout(resolve, 200))]);
    }
    expect(printed).toMatch(/^\(\d+\.\d{6}\) can1 123#DEADBEEF\n$/);
  });
});
