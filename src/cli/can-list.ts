import { type BitTiming, type CanInterface, describeCanInterface, listCanInterfaces } from "../can/index.js";
import { formatBitRate, formatSamplePoint } from "./bit-rate.js";
import { formatTable } from "./table.js";

/** The CAN interfaces of this machine, or one of them. */
export function formatCanListing(name: string | undefined, json: boolean): string {
  const interfaces = name === undefined ? listCanInterfaces() : [describeCanInterface(name)];
  if (json) return `${JSON.stringify({ interfaces })}\n`;
  if (interfaces.length === 0) {
    return "There is no CAN interface in this network namespace. To try without hardware: intercell can create vcan0\n";
  }
  const titles = ["NAME", "KIND", "STATE", "BIT RATE", "SAMPLE", "DATA RATE", "SAMPLE", "MODES", "QUEUE", "DEVICE"];
  return formatTable([titles, ...interfaces.map(row)]);
}

function row({ name, kind = "unknown", up, carrier, fd, txQueueLength, parentDevice, controller }: CanInterface) {
  const { bitTiming, dataBitTiming, modes = [], state } = controller ?? {};
  const running = state ?? (carrier ? "up" : "no peer");
  return [
    name,
    kind,
    up ? running : "down",
    ...timing(bitTiming),
    ...timing(dataBitTiming),
    modes.join(",") || (controller === undefined && fd ? "fd" : "-"),
    String(txQueueLength),
    parentDevice ?? "-",
  ];
}

/** A controller that has a list of bit rates says nothing of sample points. */
function timing(found: BitTiming | undefined): readonly [string, string] {
  if (found === undefined) return ["-", "-"];
  return [formatBitRate(found.bitRate), found.samplePoint === 0 ? "-" : formatSamplePoint(found.samplePoint)];
}
