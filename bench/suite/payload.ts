import { buildC } from "../c-program.js";
import { runAlone } from "../child.js";
import { createFigure } from "../figure.js";
import type { Plan } from "../plan.js";
import { interleave } from "../statistics.js";
import type { Outcome, Suite } from "../suite.js";
import { measureTraffic } from "./throughput.js";

const PAYLOAD_BYTES = 0x10_0000;

/** Payloads that the ring holds, and the blocks of the C program: as many bytes of memory are gone through. */
const SLOTS = 4;

/** A record takes at most half the ring, so that two payloads of a whole MiB with their headers do not fit into 2 MiB. */
const OUTPUT_BYTES = 2 * SLOTS * PAYLOAD_BYTES;

const GIGABYTE = 1e9;

async function run(plan: Plan): Promise<Outcome> {
  const command = [buildC("memcpy_pair"), ...[PAYLOAD_BYTES, SLOTS, plan.windowMs].map(String)];
  const found = await interleave(plan.runs, {
    payloads: async () => {
      const change = { sizeBytes: PAYLOAD_BYTES, outputBytes: OUTPUT_BYTES, ringBytes: SLOTS * PAYLOAD_BYTES };
      return ((await measureTraffic(plan, "raw", change)).perSecond * PAYLOAD_BYTES) / GIGABYTE;
    },
    memcpy: async () => (await runAlone<{ readonly bytesPerSecond: number }>({ command })).bytesPerSecond / GIGABYTE,
  });
  return {
    figures: [
      createFigure({
        ...{ name: "payloads of 1 MiB / memcpy in and out", unit: "GB/s", values: found.payloads },
        ...{ baselines: found.memcpy, target: { least: 0.7 } },
      }),
    ],
  };
}

/** Large payloads through a large section. */
export const payload: Suite = { name: "payload", run };
