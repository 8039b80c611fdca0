import type { ChannelStatistics } from "../channel/index.js";
import type { DisplayCounts } from "./jitter-display.js";
import type { TickCount } from "./tick-count.js";

/** What a showing of the demo counted. */
export interface DemoCounts {
  readonly ticks: Pick<TickCount, "lost" | "repeated">;
  /** Measurements that the inmate dropped, by its own account. */
  readonly unsent: number;
  readonly channel: Pick<ChannelStatistics, "undecodable" | "requestsFailed"> & {
    readonly link: Pick<ChannelStatistics["link"], "lostRecords" | "receivedRecords" | "rescuedByPoll" | "sessions">;
  };
}

/** Sessions of each half of a showing: one before and one after the peer is killed. */
const SESSIONS = 2;

/** Doorbells that may be found by the poll, which can be a moment faster than an interrupt that is on its way. */
const TOLERATED_RESCUES = 5;

/**
 * What is wrong with a showing, in words; nothing if all is well. One that was interrupted need not be complete: a
 * request may be without its reply.
 */
export function findFaults({ ticks, unsent, channel }: DemoCounts, interrupted: boolean): readonly string[] {
  const { lostRecords, receivedRecords, rescuedByPoll, sessions } = channel.link;
  const rescuesTooMany = rescuedByPoll > TOLERATED_RESCUES + receivedRecords / 20;
  const counts: readonly (readonly [what: string, count: number])[] = [
    ["measurements lost", ticks.lost],
    ["measurements repeated", ticks.repeated],
    ["measurements dropped by the inmate", unsent],
    ["messages that did not decode", channel.undecodable],
    ["requests without a reply", interrupted ? 0 : channel.requestsFailed],
    ["messages to the inmate lost", interrupted ? 0 : lostRecords],
    ["doorbells missed", rescuesTooMany ? rescuedByPoll : 0],
    ["sessions missing", interrupted ? 0 : Math.max(0, SESSIONS - sessions)],
  ];
  return describe(counts);
}

/** As {@link findFaults} of what came to Pi B over CAN. */
export function findCanFaults(counts: DisplayCounts, { interrupted }: { interrupted: boolean }): readonly string[] {
  return describe([
    ["measurements lost over CAN", counts.lost],
    ["measurements repeated over CAN", counts.repeated],
    ["messages over CAN that did not decode", counts.undecodable],
    ["sessions over CAN missing", interrupted ? 0 : Math.max(0, SESSIONS - counts.sessions)],
  ]);
}

function describe(counts: readonly (readonly [what: string, count: number])[]): readonly string[] {
  return counts.filter(([, count]) => count > 0).map(([what, count]) => `${count} ${what}`);
}
