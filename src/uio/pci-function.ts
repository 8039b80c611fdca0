import { realpathSync } from "node:fs";
import { join } from "node:path";
import { formatPciAddress, isPciAddress, parsePciAddress } from "./pci-address.js";
import { readAttribute, readLinkName, readNames, readNumber } from "./sysfs.js";

/** Vendor and device id of ivshmem v2 (ivshmem v2 specification). */
export const IVSHMEM_VENDOR = 0x110a;
export const IVSHMEM_DEVICE = 0x4106;

/** One PCI function as sysfs shows it. */
export interface PciFunction {
  /** In the kernel's form, such as `0001:00:00.0`. */
  readonly address: string;
  readonly vendor: number;
  readonly device: number;
  /** 24 bits: base class, sub-class, programming interface. */
  readonly classCode: number;
  /** The lower 16 bits of {@link classCode}, which are the protocol of an ivshmem device (ivshmem v2 specification). */
  readonly protocol: number;
  /** Name of the driver that has it, if any. */
  readonly driver: string | undefined;
  /** Name of the only driver that may have it, if one was written to `driver_override`. */
  readonly driverOverride: string | undefined;
  /** Its folder in sysfs. */
  readonly sysfsPath: string;
}

/** Reads one PCI function, or gives `undefined` if the folder has not the files of one. */
export function readPciFunction(sysfsPath: string, address: string): PciFunction | undefined {
  const vendor = readNumber(join(sysfsPath, "vendor"));
  const device = readNumber(join(sysfsPath, "device"));
  const classCode = readNumber(join(sysfsPath, "class"));
  if (vendor === undefined || device === undefined || classCode === undefined) return undefined;
  const override = readAttribute(join(sysfsPath, "driver_override"));
  return {
    address,
    vendor,
    device,
    classCode,
    protocol: classCode & 0xffff,
    driver: readLinkName(join(sysfsPath, "driver")),
    // The kernel prints a null pointer so (drivers/pci/pci-sysfs.c).
    driverOverride: override === "(null)" || override === "" ? undefined : override,
    sysfsPath,
  };
}

/** Whether a function is an ivshmem v2 device. */
export function isIvshmem({ vendor, device }: Pick<PciFunction, "vendor" | "device">): boolean {
  return vendor === IVSHMEM_VENDOR && device === IVSHMEM_DEVICE;
}

/** All ivshmem v2 devices on the PCI bus, whoever drives them, by address. */
export function listIvshmemFunctions(sysfsRoot = "/sys"): readonly PciFunction[] {
  const bus = join(sysfsRoot, "bus/pci");
  // A copied tree may have the links of the drivers only.
  const folders = [
    join(bus, "devices"),
    ...readNames(join(bus, "drivers")).map((driver) => join(bus, "drivers", driver)),
  ];
  const found = new Map<string, PciFunction>();
  for (const folder of folders) {
    for (const name of readNames(folder).filter(isPciAddress)) {
      const address = formatPciAddress(parsePciAddress(name));
      const pci = found.has(address) ? undefined : readPciFunction(resolve(join(folder, name)), address);
      if (pci !== undefined && isIvshmem(pci)) found.set(address, pci);
    }
  }
  return [...found.values()];
}

function resolve(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return path;
  }
}
