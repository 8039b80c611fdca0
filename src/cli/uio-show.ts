import { describeUio, findHolders, type UioDescription, type UioMap, type UioRootOptions } from "../uio/index.js";
import { formatTable } from "./table.js";
import { formatEvidence, formatInterrupt, formatPeer, formatProtocol } from "./uio-text.js";

/** All that can be known of one device while it stays closed. */
export async function formatUioDevice(target: string, roots: UioRootOptions, json: boolean): Promise<string> {
  const device = describeUio(target, roots);
  // A copied tree has no node that anybody could hold.
  const search = await findHolders(device.path, roots.procRoot).catch(() => undefined);
  if (json) return `${JSON.stringify({ ...device, holders: search?.holders ?? null })}\n`;
  const users = search?.holders.map(({ pid, command }) => `process ${pid} (${command})`) ?? ["unknown"];
  const unseen =
    search === undefined || search.unseenCount === 0
      ? ""
      : `; processes that may not be looked at: ${search.unseenCount}`;
  return [
    formatTable([
      ["device", device.path],
      ["name", device.name],
      ["PCI address", device.pci.address],
      ["protocol", formatProtocol(device.pci.protocol)],
      ["driver", device.pci.driver ?? "unknown"],
      ["peer", formatPeer(device)],
      ["interrupt", describeInterrupt(device)],
      ["interrupts", String(device.eventCount ?? "unknown")],
      ["open in", `${users.join(", ") || "no process"}${unseen}`],
    ]),
    "\n",
    formatTable([["MAP", "NAME", "ADDRESS", "SIZE"], ...device.maps.map(mapRow)]),
  ].join("");
}

function describeInterrupt({ interrupt }: UioDescription): string {
  const numbers = interrupt.numbers.length === 0 ? "" : `, number ${interrupt.numbers.join(", ")}`;
  return `${formatInterrupt(interrupt)}${numbers}, ${formatEvidence(interrupt)}`;
}

function mapRow({ index, name, address, sizeBytes }: UioMap): readonly string[] {
  const wide = (value: number) => `0x${value.toString(16).padStart(16, "0")}`;
  return [String(index), name, wide(address), wide(sizeBytes)];
}
