import { createFigure } from "../figure.js";
import type { Plan } from "../plan.js";
import { interleave } from "../statistics.js";
import type { Outcome, Suite } from "../suite.js";
import { measureTraffic, type TrafficResult } from "./throughput.js";

/** Most senders that one device can have beside the receiver (MAX_PEERS of intercell/uio). */
const SENDERS = 11;

async function run(plan: Plan): Promise<Outcome> {
  const fan = (senders: number) => measureTraffic(plan, "object", { senders, wait: "doorbell" });
  const found = await interleave(plan.runs, { one: () => fan(1), all: () => fan(SENDERS) });
  const rates = (results: readonly TrafficResult[]) => results.map(({ perSecond }) => perSecond);
  const least = found.all.map(({ received, perSecond }) => (Math.min(...received.perSecond) * SENDERS) / perSecond);
  return {
    figures: [
      createFigure({
        ...{ name: `${SENDERS} senders together / one sender`, unit: "messages/s", values: rates(found.all) },
        ...{ baselines: rates(found.one), target: { least: 0.7 } },
      }),
      createFigure({
        ...{ name: `least of ${SENDERS} senders`, unit: "of its fair share", values: least },
        target: { least: 0.5 },
      }),
      createFigure({
        ...{
          name: "doorbells under load",
          unit: "rung/message",
          values: found.one.map(({ sent }) => sent.doorbellsRung / sent.sent),
        },
        target: { most: 0.01 },
      }),
      createFigure({
        ...{ name: "doorbells for room under load", unit: "rung/message" },
        values: found.one.map(({ received, sent }) => received.doorbellsRung / sent.sent),
        target: { most: 0.01 },
      }),
    ],
  };
}

/** Many senders, and what they ring. */
export const load: Suite = { name: "load", run };
