import { listIvshmemFunctions, listUio, MapName, type PciFunction, type UioRootOptions } from "../uio/index.js";
import { formatTable } from "./table.js";
import { formatInterrupt, formatPeer, formatProtocol, formatSection } from "./uio-text.js";

/** The ivshmem devices with a UIO device, those without, and UIO devices that are something else. */
export function formatUioListing(roots: UioRootOptions, json: boolean): string {
  const { devices, skipped } = listUio(roots);
  const driven = new Set(devices.map(({ pci }) => pci.address));
  const others = listIvshmemFunctions(roots.sysfsRoot).filter(({ address }) => !driven.has(address));
  if (json) return `${JSON.stringify({ devices, others, skipped })}\n`;
  const titles = ["DEVICE", "PCI ADDRESS", "PROTOCOL", "PEER", "INTERRUPT", "R/W", "OUTPUT"];
  const rows = devices.map((device) => [
    device.path,
    device.pci.address,
    formatProtocol(device.pci.protocol),
    formatPeer(device),
    formatInterrupt(device.interrupt),
    formatSection(device, MapName.RW_SECTION),
    formatSection(device, MapName.OUTPUT_SECTION),
  ]);
  return [
    devices.length === 0 ? "No ivshmem device has the driver uio_ivshmem.\n" : formatTable([titles, ...rows]),
    ...others.map((pci) => `${pci.address}: protocol ${formatProtocol(pci.protocol)}, ${driverOf(pci)}\n`),
    ...skipped.map(({ path, reason }) => `${path}: skipped, as ${reason}\n`),
  ].join("");
}

function driverOf({ driver }: PciFunction): string {
  return driver === undefined ? "no driver" : `driver ${driver}`;
}
