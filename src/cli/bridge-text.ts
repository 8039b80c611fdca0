import type { Bridge } from "../bridge/index.js";
import type { Link, LinkStatistics } from "../channel/index.js";
import type { ChannelConfig } from "./bridge-config.js";
import { formatTable } from "./table.js";

/** A bridge with what the configuration says of it. */
export interface NamedBridge {
  readonly config: ChannelConfig;
  readonly bridge: Bridge;
}

/** The counters of all bridges and their links as they are now. */
export function describeBridges(bridges: readonly NamedBridge[], links: Iterable<[string, Link]>): object {
  return {
    channels: bridges.map(({ config: { between }, bridge }) => {
      const { routes, left, right } = bridge.statistics;
      const name = (side: "left" | "right") => (side === "left" ? between[0] : between[1]);
      return {
        name: bridge.left.name,
        protocol: bridge.protocol.name,
        between: between.map((link, index) => ({
          link,
          status: (index === 0 ? bridge.left : bridge.right).status,
          unheard: (index === 0 ? left : right).unheard,
          undecodable: (index === 0 ? left : right).undecodable,
          broadcastsMissed: (index === 0 ? left : right).broadcastsMissed,
        })),
        routes: routes.map(({ to, ...counts }) => ({ ...counts, to: name(to) })),
      };
    }),
    links: Object.fromEntries([...links].map(([name, { status, statistics }]) => [name, { status, ...statistics }])),
  };
}

/** The same as tables for people. */
export function formatBridges(bridges: readonly NamedBridge[], links: Iterable<[string, Link]>): string {
  const titles = ["CHANNEL", "KIND", "NAME", "TO", "RECEIVED", "FORWARDED", "DROPPED", "FAILED", "WAITING"];
  const rows = bridges.flatMap(({ config: { between }, bridge }) =>
    bridge.statistics.routes.map(({ kind, name, to, received, forwarded, dropped, failed, waiting }) => [
      ...[bridge.left.name, kind, name, to === "left" ? between[0] : between[1]],
      ...[received, forwarded, dropped, failed, waiting].map(String),
    ]),
  );
  const linkTitles = ["LINK", "STATUS", "SESSIONS", "SENT", "RECEIVED", "LOST", "MISSED BROADCASTS", "FAULTS"];
  const linkRows = [...links].map(([name, { status, statistics }]) => [name, status, ...linkCounts(statistics)]);
  return `${formatTable([titles, ...rows])}\n${formatTable([linkTitles, ...linkRows])}`;
}

function linkCounts(statistics: LinkStatistics): readonly string[] {
  const { sessions, sentRecords, receivedRecords, lostRecords, missedBroadcasts, faults } = statistics;
  return [sessions, sentRecords, receivedRecords, lostRecords, missedBroadcasts, faults].map(String);
}
