import { realpathSync, statSync } from "node:fs";
import { join } from "node:path";
import { ErrorCode, IntercellError } from "../errors.js";
import type { UioDescription } from "./description.js";
import { listUioAt } from "./list.js";
import { formatPciAddress, isPciAddress, parsePciAddress } from "./pci-address.js";
import { listIvshmemFunctions, type PciFunction } from "./pci-function.js";
import { completeRoots, readAttribute, readNames, type UioRootOptions, type UioRoots } from "./sysfs.js";

/** Which device to open: a path such as `/dev/uio0`, a PCI address such as `0001:00:00.0`, or the only one of a protocol. */
export type UioTarget = string | { readonly protocol: number };

/** The driver of this package's devices. */
export const UIO_DRIVER = "uio_ivshmem";

/**
 * Describes one device from sysfs, without opening it.
 *
 * @throws TypeError if `target` is no device's name; IntercellError as of `openUio()` for a device that it does not find.
 */
export function describeUio(target: UioTarget, options: UioRootOptions = {}): UioDescription {
  return selectUio(target, completeRoots("describeUio", options));
}

/**
 * Finds the device that is meant.
 *
 * @internal
 * @throws TypeError if `target` is none; IntercellError `ERR_NOT_FOUND` if no driver has the device or there is none,
 * `ERR_IN_USE` if another driver has it, `ERR_UNSUPPORTED` if it is not an ivshmem device, `ERR_CONFIG` if several are meant.
 */
export function selectUio(target: UioTarget, roots: UioRoots): UioDescription {
  if (typeof target === "object" && target !== null) return selectProtocol(target.protocol, roots);
  if (typeof target === "string" && isPciAddress(target)) return selectAddress(target, roots);
  if (typeof target === "string" && target.startsWith("/")) return selectPath(target, roots);
  throw new TypeError(
    "A device is named by a path such as /dev/uio0, a PCI address such as 0001:00:00.0 or { protocol }, not " +
      JSON.stringify(target),
  );
}

function selectPath(path: string, roots: UioRoots): UioDescription {
  const { devices, skipped } = listUioAt(roots);
  const wanted = nodeOf(path);
  const found = devices.find((device) => nodeOf(device.path) === wanted);
  if (found !== undefined) return found;
  const other = skipped.find((device) => nodeOf(device.path) === wanted);
  if (other !== undefined) {
    throw new IntercellError(ErrorCode.UNSUPPORTED, `${path} is not an ivshmem device: ${other.reason}`, { path });
  }
  throw new IntercellError(
    ErrorCode.NOT_FOUND,
    `${path} is no UIO device; ${enumerate(devices)}. ${adviseMissing(roots)}`,
    { path },
  );
}

function selectAddress(text: string, roots: UioRoots): UioDescription {
  const address = formatPciAddress(parsePciAddress(text));
  const { devices } = listUioAt(roots);
  const found = devices.find(({ pci }) => pci.address === address);
  if (found !== undefined) return found;
  const pci = listIvshmemFunctions(roots.sysfsRoot).find((candidate) => candidate.address === address);
  if (pci !== undefined) throw notDriven(pci, roots);
  throw new IntercellError(
    ErrorCode.NOT_FOUND,
    `There is no ivshmem device at PCI address ${address}; ${enumerate(devices)}. ${adviseMissing(roots)}`,
  );
}

function selectProtocol(protocol: number, roots: UioRoots): UioDescription {
  if (!Number.isInteger(protocol) || protocol < 0 || protocol > 0xffff) {
    throw new RangeError(`A protocol is 0 to 0xffff, not ${protocol}`);
  }
  const { devices } = listUioAt(roots);
  const [found, ...more] = devices.filter(({ pci }) => pci.protocol === protocol);
  if (found !== undefined && more.length === 0) return found;
  const shown = protocol.toString(16).padStart(4, "0");
  if (found !== undefined) {
    throw new IntercellError(
      ErrorCode.CONFIG,
      `${more.length + 1} devices have protocol 0x${shown}, so name one of them: ${enumerate([found, ...more])}`,
    );
  }
  const pci = listIvshmemFunctions(roots.sysfsRoot).find((candidate) => candidate.protocol === protocol);
  if (pci !== undefined) throw notDriven(pci, roots);
  throw new IntercellError(
    ErrorCode.NOT_FOUND,
    `There is no ivshmem device with protocol 0x${shown}; ${enumerate(devices)}. ${adviseMissing(roots)}`,
  );
}

/** Why an ivshmem device that the PCI bus has is no UIO device. */
function notDriven({ address, driver, protocol }: PciFunction, { sysfsRoot }: UioRoots): IntercellError {
  const named = `The ivshmem device ${address} (protocol 0x${protocol.toString(16).padStart(4, "0")})`;
  if (driver !== undefined && driver !== UIO_DRIVER) {
    return new IntercellError(
      ErrorCode.IN_USE,
      `${named} is bound to the driver ${driver}. To take it from there, look at: intercell uio bind ${address}`,
    );
  }
  if (driver === UIO_DRIVER) {
    return new IntercellError(
      ErrorCode.NOT_FOUND,
      `${named} is bound to ${UIO_DRIVER} but has no UIO device. Look into dmesg, and whether the module uio is loaded.`,
    );
  }
  const loaded = readNames(join(sysfsRoot, "bus/pci/drivers")).includes(UIO_DRIVER);
  const advice = !loaded
    ? `The driver is not loaded: modprobe ${UIO_DRIVER}.`
    : `It binds protocol 0 by itself; for another look at: intercell uio bind ${address}`;
  return new IntercellError(ErrorCode.NOT_FOUND, `${named} has no driver. ${advice}`);
}

/** What to look at where a device is missing altogether. */
function adviseMissing({ sysfsRoot }: UioRoots): string {
  const enabled = readAttribute(join(sysfsRoot, "devices/jailhouse/enabled"));
  if (enabled === "0") return "Jailhouse is not enabled: jailhouse enable <system configuration>.";
  if (enabled === undefined) {
    return "This is the root cell only if Jailhouse runs: modprobe jailhouse, then jailhouse enable <system configuration>.";
  }
  return `Jailhouse is enabled: look whether ${UIO_DRIVER} is loaded and the configuration has an ivshmem device.`;
}

function enumerate(devices: readonly UioDescription[]): string {
  if (devices.length === 0) return "no ivshmem device has a UIO driver";
  return `found ${devices.map(({ path, pci }) => `${path} (${pci.address})`).join(", ")}`;
}

/** What two names of one device node have in common: its number, or the path where there is no node. */
function nodeOf(path: string): string {
  try {
    const real = realpathSync(path);
    const node = statSync(real);
    return node.isCharacterDevice() ? `device ${node.rdev}` : real;
  } catch {
    return path;
  }
}
