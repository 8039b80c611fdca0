import { join } from "node:path";
import { readDescription, type SkippedUio, type UioDescription } from "./description.js";
import { completeRoots, readNames, type UioRootOptions, type UioRoots } from "./sysfs.js";

/** The UIO devices of a machine. */
export interface UioListing {
  /** The ivshmem devices, by number. */
  readonly devices: readonly UioDescription[];
  /** All others, each with the reason. */
  readonly skipped: readonly SkippedUio[];
}

/**
 * Describes the ivshmem devices that `uio_ivshmem` drives, from sysfs alone: no device is opened, as to close it again
 * would take the state of the process that owns it to 0.
 *
 * @throws TypeError for an option that is not known.
 */
export function listUio(options: UioRootOptions = {}): UioListing {
  return listUioAt(completeRoots("listUio", options));
}

/** @internal */
export function listUioAt(roots: UioRoots): UioListing {
  const devices: UioDescription[] = [];
  const skipped: SkippedUio[] = [];
  for (const name of readNames(join(roots.sysfsRoot, "class/uio"))) {
    const found = readDescription(roots, name);
    if ("reason" in found) skipped.push(found);
    else devices.push(found);
  }
  return { devices, skipped };
}
