import { spawn } from "node:child_process";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openKernelBroadcast } from "../../../src/can/broadcast/manager.js";
import {
  dataFrame,
  elapsedNs,
  openBroadcastManager,
  openSocketCan,
  parseCandumpLine,
  standardId,
  type Timestamp,
} from "../../../src/can/index.js";
import { describeBroadcast } from "../../can/broadcast/contract.js";
import { until } from "../../channel/until.js";
import { addVcan, ip, remove } from "./interfaces.js";

const VCAN = "vcan1";

beforeAll(() => addVcan(VCAN));

afterAll(() => remove(VCAN));

describeBroadcast("openBroadcastManager() of an interface", async () => {
  const peer = await openSocketCan(VCAN);
  return { manager: await openBroadcastManager(VCAN), peer, close: () => {} };
});

describe("the kernel's broadcast manager", () => {
  test("a cycle goes on at its period while JavaScript is blocked for 500 ms", async () => {
    const dump = spawn("candump", ["-L", VCAN], { stdio: ["ignore", "pipe", "inherit"] });
    const times: Timestamp[] = [];
    let rest = "";
    dump.stdout.setEncoding("utf8").on("data", (text: string) => {
      const lines = (rest + text).split("\n");
      rest = lines.pop() ?? "";
      for (const line of lines) {
        const record = parseCandumpLine(line);
        if (record !== undefined) times.push(record.timestamp);
      }
    });
    const manager = await openBroadcastManager(VCAN);
    manager.transmit(dataFrame(standardId(0x42), [1]), { periodMs: 10 });
    // candump listens, and the cycle runs without anybody in its way.
    await until(() => times.length >= 50, "candump shows the cycle");
    const before = times.length;
    const end = performance.now() + 500;
    while (performance.now() < end);
    await until(() => times.length >= before + 50, "candump shows what was sent meanwhile");
    manager.close();
    dump.kill();
    const gaps = times.slice(1).map((time, index) => elapsedNs(times[index] as Timestamp, time) / 1e6);
    const [calm, blocked] = [gaps.slice(0, before), gaps.slice(before)];
    console.log(`gaps of a cycle of 10 ms: ${summary(calm)} in peace, ${summary(blocked)} while blocked`);
    // A cycle that JavaScript keeps would have a gap of 500 ms; the kernel's own jitter is that of an emulated machine.
    expect(Math.max(...blocked)).toBeLessThan(400);
    expect(median(blocked)).toBeGreaterThan(5);
    expect(median(blocked)).toBeLessThan(20);
  });

  test("a layout that the kernel does not have is refused with advice", () => {
    expect(() => openKernelBroadcast(VCAN, 32)).toThrow(
      expect.objectContaining({ code: "ERR_UNSUPPORTED", message: expect.stringContaining("64-bit Node.js") }),
    );
  });

  test("a cycle waits for its interface to come up, and ends with it", async () => {
    addVcan("vcan2");
    const manager = await openBroadcastManager("vcan2");
    const codes: string[] = [];
    manager.events.on("error", ({ code }) => codes.push(code));
    const cycle = manager.transmit(dataFrame(standardId(1)), { periodMs: 5 });
    ip("link set vcan2 down");
    await until(() => codes.includes("ENETDOWN"), "the manager knows that it is down");
    ip("link set vcan2 up");
    const peer = await openSocketCan("vcan2");
    await until(() => peer.statistics.receivedFrames > 3, "the cycle goes on");
    let closed = false;
    manager.events.on("close", () => {
      closed = true;
    });
    remove("vcan2");
    // Nobody was told yet.
    cycle.close();
    await until(() => closed, "the manager is closed");
    expect(codes.at(-1)).toBe("ENODEV");
    peer.close();
  });

  test("openBroadcastManager() refuses an interface that is not there, and one of another kind", async () => {
    await expect(openBroadcastManager("can77")).rejects.toMatchObject({ code: "ENODEV" });
    await expect(openBroadcastManager("lo")).rejects.toMatchObject({ code: "ERR_CONFIG" });
  });
});

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}

function summary(gaps: readonly number[]): string {
  return `median ${median(gaps).toFixed(2)} ms, most ${Math.max(...gaps).toFixed(2)} ms`;
}
