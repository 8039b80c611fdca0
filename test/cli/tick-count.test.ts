import fc from "fast-check";
import { expect, test } from "vitest";
import { TickCount } from "../../src/cli/tick-count.js";

function count(...ticks: readonly number[]): readonly number[] {
  const ticksSeen = new TickCount();
  for (const tick of ticks) ticksSeen.add(tick);
  return [ticksSeen.messages, ticksSeen.lost, ticksSeen.repeated, ticksSeen.last];
}

test.each([
  ["all ticks come", [1, 2, 3], [3, 0, 0, 3]],
  ["the first is missing", [2, 3], [2, 1, 0, 3]],
  ["several are missing", [1, 5, 7], [3, 4, 0, 7]],
  ["one comes twice", [1, 2, 2, 3], [4, 0, 1, 3]],
  ["an old one comes late", [1, 3, 2], [3, 1, 1, 3]],
])("TickCount tells what is lost and repeated when %s", (_, ticks, wanted) => {
  expect(count(...ticks)).toEqual(wanted);
});

test("TickCount counts from 1 again when the inmate begins anew", () => {
  const ticks = new TickCount();
  for (const tick of [1, 2]) ticks.add(tick);
  ticks.begin();
  for (const tick of [1, 2, 4]) ticks.add(tick);
  expect([ticks.messages, ticks.lost, ticks.repeated, ticks.last]).toEqual([5, 1, 0, 4]);
});

test("TickCount finds as many lost as were left out when any ticks are left out but the last", () => {
  fc.assert(
    fc.property(fc.array(fc.boolean(), { maxLength: 100 }), (kept) => {
      const ticks = [...kept, true].flatMap((keep, index) => (keep ? [index + 1] : []));
      const [messages, lost, repeated] = count(...ticks);
      expect([messages, lost, repeated]).toEqual([ticks.length, kept.length + 1 - ticks.length, 0]);
    }),
  );
});
