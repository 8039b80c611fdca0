import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";
import { ip } from "./interfaces.js";
import { Companion } from "./process.js";

/** Each way. A long run: `INTERCELL_CAN_FRAMES=100000 npm run test:kernel -- two-nodes`. */
const FRAMES = Number(process.env["INTERCELL_CAN_FRAMES"] ?? 800);

/** Frames a second of each node: the emulated controllers have no wire time, and lose what comes faster than they are read. */
const RATE = 400;

const nodes = [
  { namespace: "pi1", name: "can0", id: 0x101 },
  { namespace: "pi2", name: "can1", id: 0x102 },
] as const;

beforeAll(() => {
  for (const { namespace, name } of nodes) {
    ip(`netns add ${namespace}`);
    ip(`link set ${name} netns ${namespace}`);
    ip(`-n ${namespace} link set ${name} up type can bitrate 500000`);
  }
});

afterAll(() => {
  for (const { namespace, name } of nodes) {
    ip(`-n ${namespace} link set ${name} down`);
    ip(`-n ${namespace} link set ${name} netns 1`);
    ip(`netns del ${namespace}`);
  }
});

test(`two nodes in two network namespaces send ${FRAMES} frames each way, none lost, none doubled, in order`, {
  timeout: 120_000 + FRAMES * 10,
}, async () => {
  const program = fileURLToPath(new URL("./programs/node.mjs", import.meta.url));
  const running = nodes.map(
    ({ namespace, name, id }) =>
      new Companion("ip", [
        ...["netns", "exec", namespace, process.execPath, program],
        ...[name, `${id}`, `${FRAMES}`, `${RATE}`],
      ]),
  );
  for (const node of running) await node.line("ready");
  for (const node of running) node.write("go\n");
  for (const node of running) {
    expect(await node.end()).toBe(0);
    const { heard, statistics } = JSON.parse(node.lines[1] as string);
    expect(heard).toEqual({ frames: FRAMES, outOfOrder: 0, last: FRAMES - 1 });
    expect(statistics).toMatchObject({ sentFrames: FRAMES, confirmedFrames: FRAMES, receivedFrames: FRAMES });
    expect(statistics).toMatchObject({ droppedFrames: 0, undecodableFrames: 0, errorFrames: 0 });
  }
});
