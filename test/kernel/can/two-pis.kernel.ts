import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { root } from "../../architecture/source.js";
import { playTwoPis } from "../../examples/two-pis.js";
import { ip } from "./interfaces.js";
import { Companion } from "./process.js";

/** Two emulated controllers on one bus, each in a network namespace of its own: two boards. */
const boards = {
  "pi-a": { namespace: "pi-a", name: "can0" },
  "pi-b": { namespace: "pi-b", name: "can1" },
} as const;

/** The words before a program that runs on a board. */
const on = (namespace: string) => ["netns", "exec", namespace, process.execPath];

const command = join(root, "dist/cli/main.js");

beforeAll(() => {
  for (const { namespace, name } of Object.values(boards)) {
    ip(`netns add ${namespace}`);
    ip(`link set ${name} netns ${namespace}`);
    // As docs/two-pis-over-can.md says.
    const up = ["can", "up", name, "--bitrate", "500k", "--restart-ms", "100", "--txqueuelen", "1000"];
    execFileSync("ip", [...on(namespace), command, ...up], { stdio: "inherit" });
  }
});

afterAll(() => {
  for (const { namespace, name } of Object.values(boards)) {
    ip(`-n ${namespace} link set ${name} down`);
    ip(`-n ${namespace} link set ${name} netns 1`);
    ip(`netns del ${namespace}`);
  }
});

test("examples/can/two-pis prints what it promises over two controllers", { timeout: 180_000 }, async () => {
  await playTwoPis((pi, program) => ["ip", ...on(boards[pi].namespace), program, boards[pi].name]);
});

test("intercell demo --node a and --node b find each other again over two controllers", {
  timeout: 240_000,
}, async () => {
  const start = (pi: "pi-a" | "pi-b", ...words: string[]) => {
    const { namespace, name } = boards[pi];
    return new Companion("ip", [...on(namespace), command, "demo", "--can", name, ...words]);
  };
  const piB = start("pi-b", "--node", "b");
  /** Lines of Pi B with a measurement since a line that says so. */
  const shownSince = (line: RegExp): number =>
    piB.lines
      .slice(piB.lines.findLastIndex((each) => line.test(each)))
      .filter((each) => /, age [\d.]+ ms ± /.test(each)).length;
  const patience = { timeout: 100_000, interval: 100 };
  const first = start("pi-a", "--node", "a", "--inmate", "ts");
  await expect.poll(() => shownSince(/Pi B sees Pi A/), patience).toBeGreaterThanOrEqual(10);
  first.kill("SIGKILL");
  await expect.poll(() => piB.lines.some((line) => line.includes("Pi B misses Pi A")), patience).toBe(true);
  const second = start("pi-a", "--node", "a", "--inmate", "ts");
  await expect.poll(() => piB.lines.filter((line) => line.includes("Pi B sees Pi A")).length, patience).toBe(2);
  await expect.poll(() => shownSince(/Pi B sees Pi A/), patience).toBeGreaterThanOrEqual(10);
  piB.kill("SIGINT");
  expect(await piB.end()).toBe(0);
  expect(piB.lines.join("\n")).toMatch(/messages {5}\d+ over CAN in 2 sessions: lost 0, repeated 0/);
  second.kill("SIGINT");
  expect(await second.end()).toBe(0);
});
