import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { addVcan, ip, remove } from "./interfaces.js";
import { Companion } from "./process.js";

/** The longest PDU that kernel 6.1 takes; the package takes it by default. */
const BYTES = 66_000;

const VCAN = "vcan9";

const ways = ["kernel", "package"] as const;
const pairings = ways.flatMap((sender) => ways.map((receiver) => ({ sender, receiver })));

const program = fileURLToPath(new URL("./programs/isotp.mjs", import.meta.url));

interface End {
  readonly name: string;
  /** Words that run a program where the interface is. */
  readonly within: readonly string[];
}

/** One PDU from one process to another; gives what each says of it. */
async function transfer(ends: readonly End[], by: readonly [string, string], txDl: number): Promise<unknown[]> {
  const running = (["send", "receive"] as const).map((role, index) => {
    const { name, within } = ends[index] as End;
    const [command, ...words] = [...within, process.execPath, program, name, by[index] as string, role];
    return new Companion(command as string, [...words, `${BYTES}`, `${txDl}`]);
  });
  for (const each of running) await each.line("ready");
  for (const each of [...running].reverse()) each.write("go\n");
  const reports: unknown[] = [];
  for (const each of running) {
    expect(await each.end()).toBe(0);
    reports.push(...each.lines.slice(1).map((line) => JSON.parse(line)));
  }
  return reports;
}

const whole = [
  { outcome: "sent", maxPduBytes: BYTES },
  { outcome: "received", maxPduBytes: BYTES },
];

describe(`${BYTES} bytes between two controllers in two network namespaces`, () => {
  const nodes = [
    { namespace: "pi3", name: "can0" },
    { namespace: "pi4", name: "can1" },
  ] as const;

  beforeAll(() => {
    for (const { namespace, name } of nodes) {
      ip(`netns add ${namespace}`);
      ip(`link set ${name} netns ${namespace}`);
      ip(`-n ${namespace} link set ${name} up type can bitrate 1000000`);
    }
  });

  afterAll(() => {
    for (const { namespace, name } of nodes) {
      ip(`-n ${namespace} link set ${name} down`);
      ip(`-n ${namespace} link set ${name} netns 1`);
      ip(`netns del ${namespace}`);
    }
  });

  test.each(pairings)("by the $sender to the $receiver", { timeout: 300_000 }, async ({ sender, receiver }) => {
    const ends = nodes.map(({ namespace, name }) => ({
      name,
      within: ["ip", "netns", "exec", namespace],
    }));
    expect(await transfer(ends, [sender, receiver], 8)).toEqual(whole);
  });
});

describe(`${BYTES} bytes between two processes on vcan with CAN FD frames of 64 bytes`, () => {
  beforeAll(() => addVcan(VCAN));

  afterAll(() => remove(VCAN));

  test.each(pairings)("by the $sender to the $receiver", { timeout: 120_000 }, async ({ sender, receiver }) => {
    const end = { name: VCAN, within: [] };
    expect(await transfer([end, end], [sender, receiver], 64)).toEqual(whole);
  });
});
