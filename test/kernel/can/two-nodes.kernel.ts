import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";
import { serveByOneProcessor } from "./controllers.js";
import { ip } from "./interfaces.js";
import { Companion } from "./process.js";

/** Each way. A long run: `INTERCELL_CAN_FRAMES=100000 npm run test:kernel -- two-nodes`. */
const FRAMES = Number(process.env["INTERCELL_CAN_FRAMES"] ?? 800);

/**
 * Frames a second of each node. The emulated controllers have no wire time, and lose what comes faster than they are read: each
 * node has one frame on its way.
 */
const RATE = 1000;

/** Exchanges that are begun before the emulated controllers are given up on. */
const ATTEMPTS = 3;

const nodes = [
  { namespace: "pi1", name: "can0", id: 0x101 },
  { namespace: "pi2", name: "can1", id: 0x102 },
] as const;

beforeAll(() => {
  for (const { namespace, name } of nodes) {
    ip(`netns add ${namespace}`);
    ip(`link set ${name} netns ${namespace}`);
  }
});

afterAll(() => {
  for (const { namespace, name } of nodes) {
    ip(`-n ${namespace} link set ${name} down`);
    ip(`-n ${namespace} link set ${name} netns 1`);
    ip(`netns del ${namespace}`);
  }
});

/** Times that the controllers lost frames as their memory was full when an interrupt was served: no software can hear those. */
function overruns(): number {
  const counts = nodes.map(({ namespace, name }) => {
    const [link] = JSON.parse(ip(`-n ${namespace} -s -j link show ${name}`)) as [
      { readonly stats64: { readonly rx: { readonly over_errors: number } } },
    ];
    return link.stats64.rx.over_errors;
  });
  return counts.reduce((sum, count) => sum + count);
}

interface Report {
  readonly heard: { readonly frames: number; readonly outOfOrder: number; readonly last: number };
  readonly statistics: object;
  readonly bitTiming: object;
  readonly seconds: number;
}

/** Both nodes send to each other; gives what each reports. */
async function exchange(): Promise<Report[]> {
  const program = fileURLToPath(new URL("./programs/node.mjs", import.meta.url));
  const running = nodes.map(
    ({ namespace, name, id }) =>
      new Companion("ip", [
        ...["netns", "exec", namespace, process.execPath, program],
        ...[name, `${id}`, `${FRAMES}`, `${RATE}`],
      ]),
  );
  for (const node of running) await node.line("ready");
  serveByOneProcessor(nodes.map(({ name }) => name));
  for (const node of running) node.write("go\n");
  const reports: Report[] = [];
  for (const node of running) {
    expect(await node.end()).toBe(0);
    reports.push(JSON.parse(node.lines[1] as string) as Report);
  }
  return reports;
}

test(`two nodes in two network namespaces send ${FRAMES} frames each way, none lost, none doubled, in order`, {
  timeout: (120_000 + FRAMES * 5) * ATTEMPTS,
}, async () => {
  let reports: Report[] = [];
  for (let attempt = 1, before = overruns(); attempt <= ATTEMPTS; attempt += 1) {
    reports = await exchange();
    const lost = overruns() - before;
    if (lost === 0) break;
    before += lost;
    console.log(`attempt ${attempt}: the controllers' memory ran over ${lost} times, which says nothing of the bus`);
  }
  for (const { heard, statistics, bitTiming, seconds } of reports) {
    console.log(`${FRAMES} frames sent in ${seconds.toFixed(1)} s, ${Math.round(FRAMES / seconds)} a second`);
    expect(bitTiming).toMatchObject({ bitRate: 500_000, samplePoint: 0.875 });
    expect(heard).toEqual({ frames: FRAMES, outOfOrder: 0, last: FRAMES - 1 });
    expect(statistics).toMatchObject({ sentFrames: FRAMES, confirmedFrames: FRAMES, receivedFrames: FRAMES });
    expect(statistics).toMatchObject({ droppedFrames: 0, undecodableFrames: 0, errorFrames: 0 });
  }
});
