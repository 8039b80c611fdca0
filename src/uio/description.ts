import { realpathSync } from "node:fs";
import { join } from "node:path";
import { isIntercellError } from "../errors.js";
import { describeInterrupt, type UioInterrupt } from "./interrupt.js";
import { formatPciAddress, isPciAddress, parsePciAddress } from "./pci-address.js";
import { isIvshmem, type PciFunction, readPciFunction } from "./pci-function.js";
import { readAttribute, readNumber, type UioRoots } from "./sysfs.js";
import { MapName, readMaps, type UioMap } from "./uio-map.js";

/** An ivshmem device of the kernel, as told by sysfs: nothing is opened to learn it. */
export interface UioDescription {
  /** The device node, such as `/dev/uio0`. */
  readonly path: string;
  /** Such as `uio_ivshmem[0001:00:00.0]`. */
  readonly name: string;
  readonly pci: PciFunction;
  readonly interrupt: UioInterrupt;
  /** By index; look one up with {@link findMap}. */
  readonly maps: readonly UioMap[];
  /** Own peer id, from where the output section lies among the input sections; undefined if there are none. */
  readonly id: number | undefined;
  /** Number of peers, from the sizes of the sections; undefined if outputs are absent. */
  readonly maxPeers: number | undefined;
  /** Interrupts since the driver took the device. */
  readonly eventCount: number | undefined;
  /** Major and minor number of the node, such as `253:0`. */
  readonly deviceNumber: string | undefined;
  /** The folder of the UIO device in sysfs. It goes with the device. */
  readonly sysfsPath: string;
}

/** A UIO device that this package cannot use. */
export interface SkippedUio {
  readonly path: string;
  /** What the driver calls it, if that can be read. */
  readonly name: string | undefined;
  readonly reason: string;
}

/** The map of that name, if the device has it. */
export function findMap({ maps }: Pick<UioDescription, "maps">, name: MapName): UioMap | undefined {
  return maps.find((map) => map.name === name);
}

/**
 * The device of `uioName`, such as `uio0`, or why it is none for this package.
 *
 * @internal
 */
export function readDescription(roots: UioRoots, uioName: string): UioDescription | SkippedUio {
  const listed = join(roots.sysfsRoot, "class/uio", uioName);
  const path = join(roots.deviceDirectory, uioName);
  const name = readAttribute(join(listed, "name"));
  const skip = (reason: string): SkippedUio => ({ path, name, reason });
  if (name === undefined) return skip("its name cannot be read");
  const [, bracketed = ""] = /^uio_ivshmem\[(.+)\]$/.exec(name) ?? [];
  if (!isPciAddress(bracketed)) return skip(`its driver calls it ${JSON.stringify(name)}, not uio_ivshmem[...]`);
  try {
    const sysfsPath = realpathSync(listed);
    const address = formatPciAddress(parsePciAddress(bracketed));
    const pci = readPciFunction(realpathSync(join(sysfsPath, "device")), address);
    if (pci === undefined) return skip("vendor, device or class of its PCI function cannot be read");
    if (!isIvshmem(pci)) return skip(`its PCI ids are ${hex(pci.vendor)}:${hex(pci.device)}, not 110a:4106`);
    const maps = readMaps(sysfsPath);
    return {
      path,
      name,
      pci,
      interrupt: describeInterrupt(pci.sysfsPath, roots.procRoot, name),
      maps,
      ...deriveIdentity(maps),
      eventCount: readNumber(join(sysfsPath, "event")),
      deviceNumber: readAttribute(join(sysfsPath, "dev")),
      sysfsPath,
    };
  } catch (error) {
    if (isIntercellError(error)) return skip(error.message);
    if (error instanceof Error && "code" in error) return skip(`its files cannot be read: ${error.message}`);
    throw error;
  }
}

/**
 * Own id and number of peers as uio_ivshmem lays the maps out: the input sections are the output sections of all peers,
 * one behind the other, and the own one is the output section.
 */
function deriveIdentity(maps: readonly UioMap[]): Pick<UioDescription, "id" | "maxPeers"> {
  const inputs = findMap({ maps }, MapName.INPUT_SECTIONS);
  const output = findMap({ maps }, MapName.OUTPUT_SECTION);
  if (inputs === undefined || output === undefined || output.sizeBytes === 0) {
    return { id: undefined, maxPeers: undefined };
  }
  const maxPeers = inputs.sizeBytes / output.sizeBytes;
  const id = (output.address - inputs.address) / output.sizeBytes;
  const isWhole = Number.isInteger(maxPeers) && Number.isInteger(id) && id >= 0 && id < maxPeers;
  return isWhole ? { id, maxPeers } : { id: undefined, maxPeers: undefined };
}

function hex(value: number): string {
  return value.toString(16).padStart(4, "0");
}
