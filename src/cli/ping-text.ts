import type { PingEcho, PingReport } from "../ivshmem-net/index.js";

/** One answer, as ping(8) prints it. */
export function formatEcho(name: string, { lengthBytes, from, sequence, hopLimit, timeMs }: PingEcho): string {
  const time = `time=${formatMs(timeMs)} ms`;
  return `${lengthBytes} bytes from ${from}%${name}: icmp_seq=${sequence} ttl=${hopLimit} ${time}`;
}

/** What came of a ping, as ping(8) prints it at its end. */
export function formatReport(name: string, report: PingReport): string {
  const { transmitted, received, unsent, duplicates, late, corrupted, durationMs, roundTrip } = report;
  const extra = { unsent, duplicates, late, corrupted };
  const extras = Object.entries(extra).filter(([, count]) => count > 0);
  const counts = [
    `${transmitted} packets transmitted`,
    `${received} received`,
    ...extras.map(([what, count]) => `+${count} ${what}`),
    `${formatPercent(lossPercent(report))}% packet loss`,
    `time ${Math.round(durationMs)}ms`,
  ];
  const lines = [`\n--- ff02::1%${name} ping statistics ---`, counts.join(", ")];
  if (roundTrip !== undefined) {
    const { minMs, avgMs, maxMs, mdevMs } = roundTrip;
    lines.push(`rtt min/avg/max/mdev = ${[minMs, avgMs, maxMs, mdevMs].map(formatMs).join("/")} ms`);
  }
  return lines.map((line) => `${line}\n`).join("");
}

/** Probes that were not answered in time, in percent; one that still waits is not lost yet. */
export function lossPercent({ transmitted, unanswered, received }: PingReport): number {
  const settled = transmitted - unanswered;
  return settled === 0 ? 0 : (100 * (settled - received)) / settled;
}

function formatMs(timeMs: number): string {
  return timeMs.toFixed(3);
}

/** As ping(8): no decimals unless there are some. */
function formatPercent(percent: number): string {
  return Number(percent.toFixed(4)).toString();
}
