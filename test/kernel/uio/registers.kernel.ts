import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { loadModule, nodeOf, openPeer, raspberryPi4, unloadModule } from "./test-module.js";

const source = fileURLToPath(new URL("./programs/access.c", import.meta.url));
let folder: string;

beforeAll(() => {
  folder = mkdtempSync("/tmp/intercell-access-");
  execFileSync("gcc", ["-std=gnu11", "-O2", "-Wall", "-Wextra", "-o", join(folder, "access"), source]);
  loadModule([raspberryPi4]);
});

afterAll(() => {
  unloadModule();
  rmSync(folder, { recursive: true });
});

function touch(way: string) {
  const { signal, stdout, status } = spawnSync(join(folder, "access"), [nodeOf(0, 1), way], { encoding: "utf8" });
  return { signal, status, printed: stdout.trim() };
}

describe("the register page of the test module", () => {
  test.each([
    ["word", "a0b0c0d"],
    ["constant", "a0b0c0d"],
    // As seen on a real machine: the registers take a narrow value whole, and what follows has no register.
    ["bytes", "d"],
    ["half", "c0d"],
    ["high-byte", "12"],
  ])("takes a plain store (%s) with what a hypervisor makes of it", (way, printed) => {
    expect(touch(way)).toEqual({ signal: null, status: 0, printed });
  });

  test.each(["misaligned", "addition", "exchange", "vector", "string"])(
    "stops a process when its access is no plain load or store (%s)",
    (way) => {
      expect(touch(way)).toMatchObject({ signal: "SIGBUS" });
    },
  );

  test("is refused to a system call that would read it", () => {
    expect(touch("system-call")).toMatchObject({ status: 0, printed: "refused\n0" });
  });

  test("loses no doorbell when several peers are rung at once", async () => {
    const ours = await openPeer(0, 0);
    const others = [await openPeer(0, 1), await openPeer(0, 2)];
    const rung = others.map((device) => new Promise<number>((resolve) => device.events.once("interrupt", resolve)));
    ours.ring(1);
    ours.ring(2);
    expect(await Promise.all(rung)).toEqual([1, 1]);
    for (const device of [ours, ...others]) device.close();
  });
});
