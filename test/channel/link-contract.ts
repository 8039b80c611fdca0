import { afterEach, beforeEach, describe } from "vitest";
import { attach, type LinkLimits, type LinkPair, type MakePair, type OpenBoth } from "./link-pair.js";
import { describeBroadcasts, describePressure, describeRecords, describeSpin, describeTopics } from "./link-records.js";
import {
  describeAnnouncement,
  describeBreak,
  describeClose,
  describeRestart,
  describeSession,
  describeSuspend,
} from "./link-sessions.js";
import { until } from "./until.js";

/** Holds a kind of link against the contract of Link and Port in src/channel/link.ts. */
export function describeLink(name: string, makePair: MakePair, limits: LinkLimits = {}): void {
  describe(`${name} as a Link`, () => {
    let pair: LinkPair;

    beforeEach(async () => {
      pair = await makePair();
    });

    afterEach(async () => {
      await pair.close();
    });

    const openBoth: OpenBoth = async () => {
      const left = attach(pair.left);
      const right = attach(pair.right);
      await until(() => left.port.open && right.port.open, "both ports are open");
      return { left, right };
    };

    describeSession(() => pair);
    describeAnnouncement(() => pair, openBoth);
    describeRecords(() => pair, openBoth);
    if (limits.noSpin !== true) describeSpin(() => pair, openBoth);
    describePressure(openBoth);
    describeTopics(() => pair, limits);
    describeBroadcasts(() => pair, openBoth, limits);
    if (limits.noRestart !== true) describeRestart(() => pair, openBoth);
    if (limits.noSuspend !== true) describeSuspend(() => pair, openBoth);
    if (limits.noBreak !== true) describeBreak(() => pair, openBoth);
    describeClose(() => pair, openBoth);
  });
}
