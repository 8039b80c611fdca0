import { nodeProgram, runAlone } from "../child.js";
import { createFigure } from "../figure.js";
import type { Plan } from "../plan.js";
import type { NativeCallOptions } from "../program/native-call-main.js";
import { interleave } from "../statistics.js";
import type { Outcome, Suite } from "../suite.js";

async function run(plan: Plan): Promise<Outcome> {
  const measure = (way: NativeCallOptions["way"]) => async () => {
    const options: NativeCallOptions = { way, windowMs: plan.windowMs };
    return (await runAlone<{ readonly callNs: number }>(nodeProgram("native-call", options, { core: 0 }))).callNs;
  };
  const calls = await interleave(plan.runs, { nodeApi: measure("node-api"), ffi: measure("ffi") });
  return {
    figures: [
      createFigure({
        ...{ name: "call into C, Node-API / ffi-napi", unit: "ns", values: calls.nodeApi, baselines: calls.ffi },
      }),
    ],
  };
}

/** Why the addon is one. */
export const nativeCall: Suite = { name: "native-call", run };
