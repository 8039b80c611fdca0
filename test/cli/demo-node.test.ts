import { expect, test } from "vitest";
import { expectNoTraces, RunningCommand, runCommand } from "./command.js";

const shown = /^Timer fired, jitter: .* ns, age [\d.]+ ms ± [\d.]+ ms$/m;

test("intercell demo --node a and --node b are two Pis that find each other again", { timeout: 90_000 }, async () => {
  const name = `demo-node-${process.pid}`;
  const role = (node: string) => new RunningCommand(["demo", "--can", `virtual:${name}`, "--node", node]);
  const b = role("b");
  await b.printed(/Pi B prints what comes over CAN/);
  const first = role("a");
  await b.printed(shown);
  first.child.kill("SIGKILL");
  await b.printed(/Pi B misses Pi A/);
  const second = role("a");
  await b.printed(/Pi B misses Pi A[\s\S]*Pi B sees Pi A[\s\S]*Timer fired/);
  const endOfB = await b.interrupt();
  expect([endOfB.code, endOfB.stderr]).toEqual([0, ""]);
  expect(endOfB.stdout).toMatch(/^ {2}messages {5}\d+ over CAN in 2 sessions: lost 0, repeated 0$/m);
  await second.printed(/down: node 2/);
  const endOfA = await second.interrupt();
  expect([endOfA.code, endOfA.stderr]).toEqual([0, ""]);
  expect(endOfA.stdout).toMatch(/^ {2}messages {5}\d+ sent on, 0 that the bus was too slow for$/m);
  await expectNoTraces(name);
});

test("intercell demo ends with 2 when it is to be a Pi without an interface", async () => {
  const { code, stderr } = await runCommand("demo", "--node", "b");
  expect([code, stderr]).toEqual([2, expect.stringContaining("--node wants --can as well")]);
});
