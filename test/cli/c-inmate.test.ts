import { spawnSync } from "node:child_process";
import { cpSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { CInmate } from "../../src/cli/c-inmate.js";
import { JitterRoot } from "../../src/cli/jitter-root.js";
import { packageRoot } from "../../src/cli/package-root.js";
import { startMachine } from "../../src/sim/index.js";
import { skipUnless } from "../support/skip.js";

const signal = AbortSignal.timeout(60_000);
const wait = { signal, timeoutMs: 10_000 };
const hasCompiler = spawnSync("gcc", ["--version"], { stdio: "ignore" }).status === 0;

let root: string;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "intercell-inmate-"));
  for (const folder of ["native/include", "native/sim", "native/sim_hypervisor.h", "examples/bare-metal/jitter"]) {
    cpSync(join(packageRoot(), folder), join(root, folder), { recursive: true });
  }
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

describe("CInmate", skipUnless(hasCompiler, "gcc is missing"), () => {
  test("prepare() builds once when the sources stay as they are", async () => {
    const inmate = new CInmate(root);
    const first = await inmate.prepare(signal);
    expect(await inmate.prepare(signal)).toEqual(first);
    expect(readdirSync(join(root, ".cache"))).toHaveLength(1);
    writeFileSync(join(root, "native/include/intercell/status.h"), "\n", { flag: "a" });
    expect(await inmate.prepare(signal)).not.toEqual(first);
  });

  test("prepare() gives the compiler's complaint when a source is broken", async () => {
    writeFileSync(join(root, "examples/bare-metal/jitter/jitter_inmate.c"), "broken\n");
    const failure = new CInmate(root).prepare(signal);
    await expect(failure).rejects.toMatchObject({
      code: "ERR_UNSUPPORTED",
      message: expect.stringContaining("inmate.c:1"),
    });
    expect(readdirSync(join(root, ".cache"))).toEqual([]);
  });

  test("obstacle() names the source that is missing, and nothing when all is there", () => {
    expect(new CInmate(root).obstacle()).toBeUndefined();
    rmSync(join(root, "native/sim"), { recursive: true });
    expect(new CInmate(root).obstacle()).toMatch(/intercell_sim\.c is not there$/);
  });

  test("prepare() throws the reason when it is cancelled", async () => {
    await expect(new CInmate(root).prepare(AbortSignal.abort("enough"))).rejects.toBe("enough");
  });

  test("the inmate measures, answers and starts again when it runs as a cell", async () => {
    const silent = { measured: () => undefined, up: () => undefined, down: () => undefined };
    await using machine = await startMachine({ signal });
    using cell = new JitterRoot(await machine.openDevice({ peer: 0, signal }), 1, silent);
    await machine.startCell(1, await new CInmate(root).prepare(signal));
    await cell.channel.ready(wait);
    await cell.measurements(3, wait);
    expect(await cell.channel.request("echo", { number: 7 }, wait)).toEqual({ number: 7 });
    const before = await cell.channel.request("reset", { lastTick: 0 }, wait);
    expect(before.ticks).toBeGreaterThanOrEqual(3);
    expect(before.minNs).toBeLessThanOrEqual(before.maxNs);
    const after = await cell.channel.request("reset", { lastTick: 0 }, wait);
    expect(after.ticks).toBeLessThan(before.ticks);
    expect(after.lastTick).toBeGreaterThanOrEqual(before.lastTick);
    await machine.shutdownCell(1);
    await machine.restartCell(1);
    await cell.until("the channel to open again", () => cell.channel.status === "open", wait);
    await cell.measurements(2, wait);
    expect([cell.ticks.lost, cell.ticks.repeated, cell.unsent]).toEqual([0, 0, 0]);
    expect(cell.channel.statistics.undecodable).toBe(0);
  });
});

test("CInmate names the source that is missing when the package came without it", () => {
  rmSync(join(root, "examples"), { recursive: true });
  expect(new CInmate(root).obstacle()).toBe("examples/bare-metal/jitter/linux/main.c is not there");
});
