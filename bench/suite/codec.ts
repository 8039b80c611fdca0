import { nodeProgram, runAlone } from "../child.js";
import { createFigure } from "../figure.js";
import type { Plan } from "../plan.js";
import type { CodecOptions } from "../program/codec-main.js";
import { interleave } from "../statistics.js";
import type { Outcome, Suite } from "../suite.js";

async function run(plan: Plan): Promise<Outcome> {
  const measure = (codec: CodecOptions["codec"]) => async () => {
    const options: CodecOptions = { codec, warmupMs: plan.warmupMs, windowMs: plan.windowMs };
    return (await runAlone<{ readonly perSecond: number }>(nodeProgram("codec", options, { core: 0 }))).perSecond;
  };
  const rates = await interleave(plan.runs, {
    intercell: measure("intercell"),
    protobuf: measure("protobuf"),
    json: measure("json"),
  });
  const figure = (name: string, baselines: number[], least: number) =>
    createFigure({ name, unit: "messages/s", values: rates.intercell, baselines, target: { least } });
  return {
    figures: [
      figure("encode and decode / protobuf-es", rates.protobuf, 3),
      figure("encode and decode / JSON", rates.json, 5),
    ],
  };
}

/** The typed message to bytes and back, without a link. */
export const codec: Suite = { name: "codec", run };
