import { expect, test } from "vitest";
import { expectNoTraces, RunningCommand, runCommand } from "./command.js";

const measured = /^Timer fired, jitter: [ \d]{6,} ns, min: [ \d]{6,} ns, max: [ \d]{6,} ns$/m;

test.each([
  ["SIGINT", 130],
  ["SIGTERM", 143],
] as const)("intercell demo leaves nothing behind when it is cut short by %s", async (signal, wanted) => {
  const command = new RunningCommand(["demo"]);
  const [, machine = ""] = await command.printed(/^ {2}machine +(\S+),/m);
  await command.printed(measured);
  const { code, stdout, stderr } = await command.interrupt(signal);
  expect([code, stderr]).toEqual([wanted, ""]);
  expect(stdout).not.toContain("Summary");
  await expectNoTraces(machine);
});

test("intercell demo says at once that it has no such CAN interface", async () => {
  const { code, stdout, stderr } = await runCommand("demo", "--can", "nocan0");
  expect(stderr).toMatch(/^intercell: Cannot open .*\n$/);
  expect([code, stdout]).toEqual([1, ""]);
});

test("intercell demo ends when nobody reads its output any more", async () => {
  const command = new RunningCommand(["demo", "--forever"]);
  const [, machine = ""] = await command.printed(/^ {2}machine +(\S+),/m);
  command.child.stdout?.destroy();
  const { code, stderr } = await command.ended;
  // As a shell reports a program that SIGPIPE ended.
  expect([code, stderr]).toEqual([141, ""]);
  await expectNoTraces(machine);
});

test("intercell demo fails when its machine ends under it", async () => {
  const command = new RunningCommand(["demo"]);
  const [, machine = "", pid = ""] = await command.printed(/^ {2}machine +(\S+), its hypervisor is process (\d+)$/m);
  await command.printed(measured);
  process.kill(Number(pid), "SIGKILL");
  const { code, stderr } = await command.ended;
  expect(stderr).toMatch(/^intercell: .*\n$/);
  expect(code).toBe(1);
  await expectNoTraces(machine);
});

test("intercell demo leaves nothing behind when it is killed while its two Pis talk", { timeout: 60_000 }, async () => {
  const command = new RunningCommand(["demo"]);
  const [, machine = ""] = await command.printed(/^ {2}machine +(\S+),/m);
  await command.printed(/^Timer fired.*, age /m);
  command.child.kill("SIGKILL");
  // Its processes have its output.
  const { signal } = await command.ended;
  expect(signal).toBe("SIGKILL");
  await expectNoTraces(machine);
});
