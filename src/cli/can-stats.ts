import { type CanInterface, describeCanInterface, listCanInterfaces } from "../can/index.js";
import { formatTable } from "./table.js";

/** What went over CAN interfaces and what went wrong there. */
export function formatCanStatistics(name: string | undefined, json: boolean): string {
  const interfaces = name === undefined ? listCanInterfaces() : [describeCanInterface(name)];
  if (json) {
    const shown = interfaces.map(({ name: own, statistics, controller }) => ({
      name: own,
      statistics,
      controller: controller?.statistics,
      errorCounters: controller?.errorCounters,
    }));
    return `${JSON.stringify({ interfaces: shown })}\n`;
  }
  if (interfaces.length === 0) return "There is no CAN interface in this network namespace.\n";
  return interfaces.map(formatOne).join("\n");
}

function formatOne({ name, statistics, controller }: CanInterface): string {
  const traffic = [
    [name, "FRAMES", "BYTES", "ERRORS", "DROPPED"],
    ["received", ...counts(statistics, ["receivedPackets", "receivedBytes", "receiveErrors", "receiveDropped"])],
    ["sent", ...counts(statistics, ["sentPackets", "sentBytes", "sendErrors", "sendDropped"])],
  ];
  if (controller === undefined) return formatTable(traffic);
  const { errorCounters, statistics: events, state } = controller;
  const errors = [
    ["state", state],
    [
      "error counters",
      errorCounters ? `transmit ${errorCounters.transmit}, receive ${errorCounters.receive}` : "unknown",
    ],
    ["bus errors", String(events.busErrors)],
    ["error-warning", `${events.errorWarnings} times`],
    ["error-passive", `${events.errorPassives} times`],
    ["bus-off", `${events.busOffs} times`],
    ["restarts", String(events.restarts)],
    ["arbitration lost", `${events.arbitrationLosses} times`],
  ];
  return formatTable(traffic) + formatTable(errors);
}

function counts(
  statistics: CanInterface["statistics"],
  keys: readonly (keyof NonNullable<CanInterface["statistics"]>)[],
): readonly string[] {
  return keys.map((key) => String(statistics?.[key] ?? "unknown"));
}
