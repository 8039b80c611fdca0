import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { openIvshmemNet } from "../../src/ivshmem-net/index.js";
import { startMachine } from "../../src/sim/index.js";
import { RunningCommand, runCommand } from "./command.js";

const folder = mkdtempSync(join(tmpdir(), "intercell-net-capture-"));

afterAll(() => rmSync(folder, { recursive: true }));

describe("intercell net capture", () => {
  test("intercell net capture writes what the peer sends and ends after the frames that were asked for", async () => {
    await using machine = await startMachine();
    const path = join(folder, "peer.pcap");
    const options = ["--sim", machine.name, "--peer", "0", "--format", "pcap", "--count", "3", "--snap-length", "20"];
    const command = new RunningCommand(["net", "capture", path, ...options]);
    using net = openIvshmemNet(await machine.openDevice({ peer: 1, device: "net" }));
    await net.ready({ timeoutMs: 15_000 });
    for (let frame = 0; frame < 8; frame++) net.trySend(new Uint8Array(60).fill(frame));
    const { code, stderr } = await command.ended;
    expect(code).toBe(0);
    expect(stderr).toContain("3 frames captured, 0 left out as the file was too slow\n");
    const bytes = readFileSync(path);
    expect(bytes.length).toBe(24 + 3 * (16 + 20));
    expect([bytes.readUInt32LE(20), bytes.readUInt32LE(36), bytes[24 + 36 + 16]]).toEqual([1, 60, 1]);
  });

  test("intercell net capture ends with what it has when it is interrupted", async () => {
    await using machine = await startMachine();
    const command = new RunningCommand(["net", "capture", "-", "--sim", machine.name, "--peer", "0"]);
    await command.printed(/sim\[/);
    const { code, stderr } = await command.interrupt();
    expect([code, stderr.split("\n").at(-2)]).toEqual([0, "0 frames captured, 0 left out as the file was too slow"]);
  });

  test.each([
    ["two devices are named", 2, ["--device", "/dev/uio0", "--sim", "none"]],
    ["there is no such machine", 1, ["--sim", "no-such-machine", "--peer", "0"]],
    ["there is no such peer", 2, ["--sim", "no-such-machine", "--peer", "one"]],
  ])("intercell net capture fails when %s", async (_when, expected, options) => {
    const { code, stdout, stderr } = await runCommand("net", "capture", join(folder, "none.pcap"), ...options);
    expect([code, stdout]).toEqual([expected, ""]);
    expect(stderr).toMatch(/^(intercell|error): /);
  });
});
