import { expect, test } from "vitest";
import { expectNoTraces, RunningCommand, runCommand } from "./command.js";

const measured = /^Timer fired, jitter: ( *\d+) ns, min: ( *\d+) ns, max: ( *\d+) ns$/;

/** What Pi B prints. */
const shown = /^Timer fired, jitter: .* ns, age (not known yet|[\d.]+ ms ± [\d.]+ ms)$/gm;

/** The numbers of each line of a measurement. */
function measurementsIn(text: string): readonly { jitter: number; min: number; max: number }[] {
  return text.split("\n").flatMap((line) => {
    const match = measured.exec(line);
    if (match === null) return [];
    expect(match.slice(1).map((number) => number.length >= 6)).toEqual([true, true, true]);
    const [jitter = 0, min = 0, max = 0] = match.slice(1).map(Number);
    return [{ jitter, min, max }];
  });
}

test("intercell demo plays to its end and loses nothing", async () => {
  const { code, stdout, stderr } = await runCommand("demo");
  expect([code, stderr]).toEqual([0, ""]);

  const measurements = measurementsIn(stdout);
  expect(measurements.length).toBeGreaterThanOrEqual(38);
  for (const { jitter, min, max } of measurements) expect(min <= jitter && jitter <= max).toBe(true);
  // Statistics begin at the start, at the reset and at the restart, and are measured rather than made up.
  const begins = measurements.filter(({ jitter, min, max }) => jitter === min && jitter === max);
  expect(begins.length).toBeGreaterThanOrEqual(3);
  expect(new Set(measurements.map(({ jitter }) => jitter)).size).toBeGreaterThan(measurements.length / 2);

  const cell = (id: number, name: string, state: string, cpus: string) =>
    `${String(id).padEnd(8)}${name.padEnd(24)}${state.padEnd(18)}${cpus.padEnd(24)}${" ".repeat(24)}`;
  const lines = stdout.split("\n");
  expect(lines.filter((line) => line === cell(0, "Raspberry-Pi4", "running", "0,2-3"))).toHaveLength(2);
  expect(lines).toContain(cell(1, "inmate-demo", "running", "1"));
  expect(lines).toContain(cell(1, "inmate-demo", "shut down", "1"));

  const epochs = [...stdout.matchAll(/^ {2}link up: epoch (\d+) of the inmate$/gm)].map(([, epoch]) => epoch);
  expect(new Set(epochs).size).toBe(2);
  expect(stdout).toMatch(/^ {2}link down: away/m);
  expect(stdout).toMatch(/^ {2}reply: \d+ ticks so far, min .*, max /m);
  const summary = `messages     ${measurements.length} in 2 sessions: lost 0, repeated 0, unsent 0`;
  expect(stdout).toContain(summary);
  expect(stdout).toMatch(/^ {2}round trips {2}300 by doorbell: median [\d.]+ [µm]s, p99 [\d.]+ [µm]s$/m);
  expect(stdout).toMatch(/^ {2}doorbells {4}rung [1-9]\d*, saved \d+, missed \d+$/m);

  const over = [...stdout.matchAll(shown)];
  expect(over.length).toBeGreaterThanOrEqual(30);
  expect(over.filter(([, age]) => age !== "not known yet").length).toBeGreaterThanOrEqual(20);
  expect(stdout).toMatch(/Pi A is killed[\s\S]*Pi B misses Pi A: [\s\S]*is started again[\s\S]*Pi B sees Pi A: epoch/);
  expect(stdout).toContain(`messages     ${over.length} over CAN in 2 sessions: lost 0, repeated 0`);
  expect(stdout).toMatch(/^ {2}round trips {2}50 over CAN: median [\d.]+ [µm]s, p99 [\d.]+ [µm]s$/m);

  const [, machine = ""] = /^ {2}machine +(\S+),/m.exec(stdout) ?? [];
  await expectNoTraces(machine);
});

test("intercell demo --forever goes on after the restart until Ctrl-C, and ends well", async () => {
  const command = new RunningCommand(["demo", "--forever"]);
  await command.printed(/Pi A is started again[\s\S]*(Timer fired.*\n){12}/);
  const { code, stdout, stderr } = await command.interrupt();
  expect([code, stderr]).toEqual([0, ""]);
  expect(stdout).toContain("lost 0, repeated 0, unsent 0");
  const [, machine = ""] = /^ {2}machine +(\S+),/m.exec(stdout) ?? [];
  await expectNoTraces(machine);
});
