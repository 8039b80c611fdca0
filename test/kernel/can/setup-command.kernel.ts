import { execFileSync } from "node:child_process";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { printed } from "../../cli/printed.js";
import { resetCanInterfaces } from "./controllers.js";

beforeEach(() => resetCanInterfaces());
afterEach(() => resetCanInterfaces());

describe("intercell can", () => {
  test("intercell can up sets a controller up and shows it as list does", async () => {
    const options = ["--bitrate", "250k", "--sample-point", "75%", "--one-shot", "--restart-ms", "100"];
    const shown = await printed("can", "up", "can0", ...options, "--txqueuelen", "200");
    expect(shown.replace(/0000:00:\w\w\.0/, "DEVICE")).toBe(
      [
        "NAME  KIND  STATE         BIT RATE    SAMPLE  DATA RATE  SAMPLE  MODES    QUEUE  DEVICE",
        "can0  can   error-active  250 kbit/s  75 %    -          -       oneShot  200    DEVICE",
        "",
      ].join("\n"),
    );
    expect(await printed("can", "list", "can0")).toBe(shown);
    expect(JSON.parse(await printed("can", "list", "can0", "--json"))).toMatchObject({
      interfaces: [
        { name: "can0", controller: { bitTiming: { bitRate: 250_000 }, restartMs: 100, modes: ["oneShot"] } },
      ],
    });
    await expect(printed("can", "up", "can0", "--bitrate", "500k")).rejects.toThrow(/Take the interface down first/);
    expect(await printed("can", "down", "can0")).toMatch(/^can0 +can +down +250 kbit\/s/m);
    await printed("can", "up", "can0", "--no-one-shot");
    expect(await printed("can", "list", "can0")).toMatch(/^can0 .* - +200 /m);
    await expect(printed("can", "restart", "can0")).rejects.toThrow(/Only a controller in bus-off/);
  });

  test("intercell can create makes a bus and a cable, and stats counts what cansend sent", async () => {
    expect(await printed("can", "create", "vcan0")).toMatch(/^vcan0 +vcan +up +- .* fd /m);
    expect(await printed("can", "create", "cable0", "--peer", "cable1", "--no-fd")).toMatch(/^cable0 +vxcan +up +- /m);
    expect(await printed("can", "list")).toMatch(/^cable1 +vxcan +up /m);
    for (let round = 0; round < 3; round++) execFileSync("cansend", ["vcan0", "123#1122334455"]);
    expect(await printed("can", "stats", "vcan0")).toBe(
      [
        "vcan0     FRAMES  BYTES  ERRORS  DROPPED",
        "received  3       15     0       0",
        "sent      3       15     0       0",
        "",
      ].join("\n"),
    );
    expect(await printed("can", "stats", "can0")).toMatch(/^error counters +transmit 0, receive 0$/m);
    await printed("can", "delete", "vcan0");
    expect(await printed("can", "list")).not.toMatch(/vcan0/);
  });
});
