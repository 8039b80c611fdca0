import { type ChildProcess, execFileSync, spawn, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { bundleSource } from "../../scripts/bundle-source.mjs";
import { type Machine, startMachine } from "../../src/sim/index.js";
import { root } from "../architecture/source.js";
import { until } from "../channel/until.js";
import { skipUnless } from "../support/skip.js";

const hasCompiler = spawnSync("gcc", ["--version"], { stdio: "ignore" }).status === 0;

const folder = `${root}/examples/weather`;
const page = readFileSync(`${root}/docs/getting-started.md`, "utf8");

describe("examples/weather", () => {
  const work = mkdtempSync(join(tmpdir(), "intercell-weather-"));
  const children: ChildProcess[] = [];
  let machine: Machine;
  let lines: string[];

  beforeEach(async () => {
    machine = await startMachine();
    lines = [];
  });
  afterEach(async () => {
    for (const child of children.splice(0)) child.kill("SIGKILL");
    await machine.close();
  });
  afterAll(() => rmSync(work, { recursive: true, force: true }));

  function start(peer: number, command: string, parameters: readonly string[]): ChildProcess {
    const env = { ...process.env, INTERCELL_SIM: machine.name, INTERCELL_PEER: String(peer) };
    const child = spawn(command, parameters, { env, stdio: ["ignore", "pipe", "inherit"] });
    children.push(child);
    return child;
  }

  async function startDisplay(): Promise<void> {
    const { stdout } = start(0, process.execPath, [await bundleSource(`${folder}/display.ts`)]);
    if (stdout !== null) createInterface({ input: stdout }).on("line", (line) => lines.push(line));
  }

  async function startStation(): Promise<ChildProcess> {
    return start(1, process.execPath, [await bundleSource(`${folder}/station.ts`)]);
  }

  async function printed(line: RegExp, from = 0): Promise<void> {
    await until(() => lines.slice(from).some((each) => line.test(each)), `the display prints ${line}`);
  }

  test("the display shows what the station measures, calibrated, and goes on when the station is killed", async () => {
    await startDisplay();
    const station = await startStation();
    await printed(/^sensor 1: 2[12]\.\d °C$/);
    expect(lines.slice(0, 2)).toEqual(["the station is there", "calibrated, it was 0"]);
    const before = lines.length;
    station.kill("SIGKILL");
    await printed(/^the station is gone: /, before);
    await startStation();
    await printed(/^sensor 1: 20\.\d|^sensor 1: 21\.0/, before);
    expect(lines.slice(before)).toContain("the station is there");
  });

  describe("station.c", skipUnless(hasCompiler, "gcc is missing"), () => {
    const program = join(work, "station");

    beforeAll(async () => {
      const protocol = await bundleSource(`${folder}/weather.ts`);
      execFileSync(process.execPath, [`${root}/dist/cli/main.js`, "gen", "c", protocol, "-o", work]);
      const warn = ["-Wall", "-Wextra", "-Wpedantic", "-Werror"];
      const includes = [work, `${root}/native/include`, `${root}/native/sim`].map((each) => `-I${each}`);
      const sources = [`${folder}/station.c`, `${root}/native/sim/intercell_sim.c`];
      execFileSync("gcc", ["-std=c11", "-O2", ...warn, ...includes, ...sources, "-o", program]);
    });

    test("takes the place of the station in TypeScript, one after the other", async () => {
      await startDisplay();
      const inC = start(1, program, []);
      await printed(/^sensor 1: 21\.5 °C$/);
      expect(lines.slice(0, 2)).toEqual(["the station is there", "calibrated, it was 0"]);
      const before = lines.length;
      inC.kill("SIGKILL");
      await printed(/^the station is gone: /, before);
      await startStation();
      await printed(/^the station is there$/, before);
    });

    test("says that there is no machine when there is none", () => {
      const env = { ...process.env, INTERCELL_SIM: "no such machine", INTERCELL_PEER: "1" };
      const { status, stderr } = spawnSync(program, { env, encoding: "utf8" });
      expect([status, stderr]).toEqual([1, expect.stringContaining("Cannot join the machine")]);
    });
  });

  test.each(["weather.ts", "station.ts", "display.ts"])("docs/getting-started.md shows %s as it is", (name) => {
    const samples = [...page.matchAll(/^```ts\n([\s\S]*?)^```$/gm)].map(([, sample]) => sample);
    expect(samples).toContain(readFileSync(`${folder}/${name}`, "utf8"));
  });
});
