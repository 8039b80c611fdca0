import { createFigure, type Figure } from "../figure.js";
import type { Plan } from "../plan.js";
import { interleave } from "../statistics.js";
import type { Outcome, Suite } from "../suite.js";
import { MESSAGE_BYTES, measureTraffic, type TrafficChange } from "./throughput.js";

const KIB = 1024;
const MIB = KIB * KIB;

/** Room for two of the largest messages in flight, and for the rings of eleven peers. */
const GROWN_SECTION_BYTES = 8 * MIB;

const sizes = [8, 64, 512, 4 * KIB, 32 * KIB, 256 * KIB, MIB];
const channelCounts = [1, 4, 16, 64, 256];
const senderCounts = [1, 2, 4, 8, 11];
const ringSizes = [4 * KIB, 32 * KIB, 256 * KIB, 2 * MIB, 16 * MIB];

/** One row for each step, each beside the first one: what a message costs there. */
async function grow(
  plan: Plan,
  steps: readonly number[],
  nameOf: (step: number) => string,
  changeOf: (step: number) => TrafficChange,
): Promise<Figure[]> {
  const cases = Object.fromEntries(
    steps.map((step) => [
      nameOf(step),
      async () => 1e9 / (await measureTraffic(plan, "raw", changeOf(step))).perSecond,
    ]),
  );
  const costs = Object.values(await interleave(plan.runs, cases));
  const [baselines = []] = costs;
  return costs.map((values, index) =>
    createFigure({ name: nameOf(steps[index] ?? 0), unit: "ns/message", values, baselines }),
  );
}

async function run(plan: Plan): Promise<Outcome> {
  const outputBytes = GROWN_SECTION_BYTES;
  const figures = [
    ...(await grow(
      plan,
      sizes,
      (sizeBytes) => `message of ${describeBytes(sizeBytes)}`,
      (sizeBytes) => ({ sizeBytes, outputBytes }),
    )),
    ...(await grow(
      plan,
      channelCounts,
      (channels) => `${channels} ${channels === 1 ? "channel" : "channels"}`,
      (channels) => ({ channels }),
    )),
    ...(await grow(
      plan,
      senderCounts,
      (senders) => `${senders} ${senders === 1 ? "sender" : "senders"}`,
      (senders) => ({ senders, wait: "doorbell", ringBytes: 64 * KIB }),
    )),
    ...(await grow(
      plan,
      ringSizes,
      (ringBytes) => `ring of ${describeBytes(ringBytes)}`,
      (ringBytes) => ({ ringBytes, outputBytes: Math.max(2 * ringBytes, 16 * KIB), sizeBytes: MESSAGE_BYTES }),
    )),
  ];
  return { figures };
}

function describeBytes(bytes: number): string {
  if (bytes >= MIB) return `${bytes / MIB} MiB`;
  return bytes >= KIB ? `${bytes / KIB} KiB` : `${bytes} bytes`;
}

/** How the cost of a message grows with its size, and with the numbers and sizes of what it goes through. */
export const growth: Suite = { name: "growth", onRequest: true, run };
