import { expect } from "vitest";
import { attach, commitBytes, type LinkPair } from "./link-pair.js";
import { until } from "./until.js";

/** Records of a run. */
const COUNT = 300;

const recordOf = (index: number): number[] =>
  Array.from({ length: 200 }, (_, at) => (at === 0 ? index >> 8 : index) & 0xff);

/** Sends as fast as there is room, and expects that each record arrives once and in order. */
export async function expectNoneLost(pair: LinkPair): Promise<void> {
  const [left, right] = [attach(pair.left), attach(pair.right)];
  await until(() => left.port.open && right.port.open, "both ports are open");
  let sent = 0;
  await until(() => {
    while (sent < COUNT && commitBytes(left.port, recordOf(sent)) >= 0) sent++;
    return right.seen.records.length >= COUNT;
  }, "all are there");
  const wanted = Array.from({ length: COUNT }, (_, at) => recordOf(at));
  expect(right.seen.records.map(({ bytes }) => bytes)).toEqual(wanted);
}
