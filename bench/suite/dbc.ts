import { nodeProgram, runAlone } from "../child.js";
import { createFigure } from "../figure.js";
import type { Plan } from "../plan.js";
import type { DbcOptions } from "../program/dbc-main.js";
import { interleave } from "../statistics.js";
import type { Outcome, Suite } from "../suite.js";

/** Messages of three signals that cantools decodes in a second, by its own publication. */
const CANTOOLS_PER_SECOND = 203_000;

async function run(plan: Plan): Promise<Outcome> {
  const measure = (task: DbcOptions["task"]) => async () => {
    const options: DbcOptions = { task, warmupMs: plan.warmupMs, windowMs: plan.windowMs };
    return (await runAlone<{ readonly value: number }>(nodeProgram("dbc", options, { core: 0 }))).value;
  };
  const found = await interleave(plan.runs, {
    decode: measure("decode"),
    encode: measure("encode"),
    parse: measure("parse"),
    firstParse: measure("first-parse"),
  });
  const unit = "messages/s";
  const published = found.decode.map(() => CANTOOLS_PER_SECOND);
  return {
    figures: [
      createFigure({ name: "decode of 3 signals", unit, values: found.decode, target: { least: 2_000_000 } }),
      createFigure({
        name: "decode of 3 signals / cantools, published",
        ...{ unit, values: found.decode, baselines: published, target: { least: 10 } },
      }),
      createFigure({ name: "encode of 3 signals", unit, values: found.encode }),
      createFigure({ name: "parse of 200 messages", unit: "ms", values: found.parse, target: { most: 30 } }),
      createFigure({ name: "parse of 200 messages, first in its process", unit: "ms", values: found.firstParse }),
    ],
  };
}

/** The codec of a DBC message, and reading a DBC file. */
export const dbc: Suite = { name: "dbc", run };
