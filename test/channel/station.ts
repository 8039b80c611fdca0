import { defineProtocol, type Link, openChannel } from "../../src/channel/index.js";
import { i64, struct, text, u32 } from "../../src/schema/index.js";
import { until } from "./until.js";

const Measurement = struct("Measurement", { tick: u32, jitterNs: i64 });
const Statistics = struct("Statistics", { count: u32, worstNs: i64 });
const Command = struct("Command", { name: text(16) });

const Station = defineProtocol("station", {
  messages: { measurement: Measurement },
  requests: { statistics: { request: Command, reply: Statistics } },
  topics: { worst: Statistics },
  broadcasts: { alarm: Command },
});

/** Messages of a run. */
const COUNT = 200;

const jitters = Array.from({ length: COUNT }, (_, tick) => BigInt((tick * 7919) % 1000));

/** A station that measures, as an application writes it: it knows a link and not of what kind. */
export async function measure(link: Link): Promise<void> {
  const channel = openChannel(link, Station);
  let worst = 0n;
  channel.handle("statistics", ({ name }) => {
    if (name !== "all") throw new Error(`There are no statistics of ${name}`);
    return { count: COUNT, worstNs: worst };
  });
  for (const [tick, jitterNs] of jitters.entries()) {
    if (jitterNs > worst) worst = jitterNs;
    await channel.send("measurement", { tick, jitterNs });
    channel.publish("worst", { count: tick + 1, worstNs: worst });
  }
  channel.broadcast("alarm", { name: "done" });
  channel.flush();
}

/** Whoever looks at it. Gives what it has seen. */
export async function watch(link: Link) {
  const channel = openChannel(link, Station);
  const alarms: string[] = [];
  channel.messages.on("alarm", ({ name }) => alarms.push(name));
  let sum = 0n;
  let ticks = 0;
  for await (const { tick, jitterNs } of channel.receive("measurement")) {
    if (tick !== ticks) throw new Error(`Measurement ${ticks} is missing`);
    ticks += 1;
    sum += jitterNs;
    if (ticks === COUNT) break;
  }
  const all = await channel.request("statistics", { name: "all" }, { timeoutMs: 10_000 });
  const refused = await channel.request("statistics", { name: "none" }, { timeoutMs: 10_000 }).catch((error) => error);
  await until(
    () => alarms.length === 1 && channel.latest("worst")?.count === COUNT,
    "alarm and latest value are there",
  );
  return { ticks, sum, all, refused: refused.code, alarms, latest: channel.latest("worst") };
}

const worst = { count: COUNT, worstNs: [...jitters].sort((left, right) => Number(left - right)).at(-1) ?? 0n };

/** What {@link watch} sees, on whatever link. */
export const seenByAll = {
  ticks: COUNT,
  sum: jitters.reduce((sum, jitterNs) => sum + jitterNs),
  all: worst,
  refused: "ERR_REMOTE",
  alarms: ["done"],
  latest: { value: worst, count: COUNT },
};
