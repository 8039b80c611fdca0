import type { Mode } from "../cell/traffic.js";
import { nodeProgram, runAlone } from "../child.js";
import { createFigure } from "../figure.js";
import type { Plan } from "../plan.js";
import { interleave } from "../statistics.js";
import type { Outcome, Suite } from "../suite.js";
import { measureTraffic } from "./throughput.js";

/** Bytes a message below which none is allocated for it: timers and turns of the event loop allocate a little. */
const NOTHING = 1;

async function run(plan: Plan): Promise<Outcome> {
  const watched = (mode: Mode) => () => measureTraffic(plan, mode, { heapMessages: plan.heapMessages });
  const traffic = await interleave(plan.runs, {
    run: watched("run"),
    raw: watched("raw"),
    view: watched("view"),
    object: watched("object"),
  });
  const links = await interleave(plan.runs, {
    link: () =>
      runAlone<{ readonly heapBytes: number; readonly externalBytes: number }>(
        nodeProgram("heap", {}, { flags: ["--expose-gc"] }),
      ),
  });
  const figures = (["run", "raw", "view", "object"] as const).flatMap((mode) =>
    (["sent", "received"] as const).map((side) =>
      createFigure({
        ...{ name: `heap of a message, ${mode}, ${side}`, unit: "bytes" },
        values: traffic[mode].map((result) => Math.max(0, result[side].bytesPerMessage ?? Number.NaN)),
        ...(mode === "object" ? {} : { target: { most: NOTHING } }),
      }),
    ),
  );
  return {
    figures: [
      ...figures,
      createFigure({
        ...{ name: "heap of a link with its node, device and one channel", unit: "KiB" },
        values: links.link.map(({ heapBytes }) => heapBytes / 1024),
        target: { most: 200 },
      }),
      createFigure({
        ...{ name: "buffers of the same, sections of 8 KiB mapped included", unit: "KiB" },
        values: links.link.map(({ externalBytes }) => externalBytes / 1024),
      }),
    ],
  };
}

/** What messages and links take of the heap. */
export const heap: Suite = { name: "heap", run };
