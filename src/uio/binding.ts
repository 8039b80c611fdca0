import { closeSync, constants, openSync, writeSync } from "node:fs";
import { constants as osConstants } from "node:os";
import { join } from "node:path";
import { ErrorCode, IntercellError, requireKnownKeys, systemError } from "../errors.js";
import { formatPciAddress, parsePciAddress } from "./pci-address.js";
import { IVSHMEM_DEVICE, IVSHMEM_VENDOR, listIvshmemFunctions, type PciFunction } from "./pci-function.js";
import { UIO_DRIVER } from "./select.js";
import { readLinkName, readNames } from "./sysfs.js";

/** How a device that the driver does not take by itself is given to it. */
export const BindingMethod = {
  /** Names the driver for this device alone. Goes with the device. */
  DRIVER_OVERRIDE: "driver_override",
  /** Teaches the driver the protocol: it takes each device of it that has no driver, and those that come later. */
  NEW_ID: "new_id",
} as const;

export type BindingMethod = (typeof BindingMethod)[keyof typeof BindingMethod];

/** Options of {@link planBinding}. */
export interface PlanBindingOptions {
  /** @defaultValue "driver_override" */
  readonly method?: BindingMethod | undefined;
  /** @defaultValue "/sys" */
  readonly sysfsRoot?: string | undefined;
}

/** One write to sysfs. */
export interface BindingStep {
  readonly path: string;
  readonly value: string;
  /** What it is for, as a phrase. */
  readonly purpose: string;
}

/** What has to be written, in this order, to give a device to `uio_ivshmem`. */
export interface BindingPlan {
  /** In the kernel's form. */
  readonly address: string;
  /** The folder of the device in sysfs. */
  readonly sysfsPath: string;
  /** The driver that loses the device, if one has it. */
  readonly previousDriver: string | undefined;
  /** Empty if `uio_ivshmem` has the device already. */
  readonly steps: readonly BindingStep[];
}

/**
 * Plans how to give a device to `uio_ivshmem`, which takes only protocol 0 by itself. Nothing is written.
 *
 * @throws TypeError for an address that is none or an unknown method; IntercellError `ERR_NOT_FOUND` if there is no ivshmem
 * device at that address or the driver is not loaded.
 */
export function planBinding(address: string, options: PlanBindingOptions = {}): BindingPlan {
  requireKnownKeys("planBinding", options, ["method", "sysfsRoot"]);
  const { method = BindingMethod.DRIVER_OVERRIDE, sysfsRoot = "/sys" } = options;
  if (!Object.values(BindingMethod).includes(method)) {
    throw new TypeError(`The option method is driver_override or new_id, not ${JSON.stringify(method)}`);
  }
  const pci = requireFunction(formatPciAddress(parsePciAddress(address)), sysfsRoot);
  const { sysfsPath, driver: previousDriver } = pci;
  const plan = { address: pci.address, sysfsPath, previousDriver };
  if (previousDriver === UIO_DRIVER) return { ...plan, steps: [] };
  if (!readNames(join(sysfsRoot, "bus/pci/drivers")).includes(UIO_DRIVER)) {
    throw new IntercellError(
      ErrorCode.NOT_FOUND,
      `The driver ${UIO_DRIVER} is not loaded, so ${pci.address} cannot be bound to it. Run: modprobe ${UIO_DRIVER}`,
    );
  }
  const unbind: BindingStep = {
    path: join(sysfsPath, "driver/unbind"),
    value: pci.address,
    purpose: `take the device from ${previousDriver}, which ends what uses it there`,
  };
  const bind = method === BindingMethod.NEW_ID ? teachProtocol(pci, sysfsRoot) : overrideDriver(pci, sysfsRoot);
  return { ...plan, steps: previousDriver === undefined ? bind : [unbind, ...bind] };
}

/**
 * Writes what was planned and looks whether the device is bound. Needs root.
 *
 * @throws IntercellError the errno of a write that failed, with the writes before it done; `ERR_CONFIG` if the driver does not
 * have the device afterwards.
 */
export function applyBinding(plan: BindingPlan): void {
  plan.steps.forEach((step, index) => {
    const before = plan.steps.slice(0, index).map(({ path }) => path);
    writeStep(step, before);
  });
  const driver = readLinkName(join(plan.sysfsPath, "driver"));
  if (driver === UIO_DRIVER) return;
  throw new IntercellError(
    ErrorCode.CONFIG,
    `All was written, but ${plan.address} is bound to ${driver ?? "no driver"} and not to ${UIO_DRIVER}. Look into dmesg for ` +
      "why the driver refused the device.",
    { path: plan.sysfsPath },
  );
}

function requireFunction(address: string, sysfsRoot: string): PciFunction {
  const functions = listIvshmemFunctions(sysfsRoot);
  const found = functions.find((pci) => pci.address === address);
  if (found !== undefined) return found;
  const others = functions.map((pci) => pci.address).join(", ") || "none";
  throw new IntercellError(
    ErrorCode.NOT_FOUND,
    `There is no ivshmem device at PCI address ${address}; the machine has: ${others}`,
  );
}

function overrideDriver({ sysfsPath, address }: PciFunction, sysfsRoot: string): readonly BindingStep[] {
  return [
    { path: join(sysfsPath, "driver_override"), value: UIO_DRIVER, purpose: "let only this driver have the device" },
    { path: join(sysfsRoot, "bus/pci/drivers_probe"), value: address, purpose: "let the driver take it" },
  ];
}

/** The fields of `new_id`: vendor, device, subsystem vendor, subsystem device, class, class mask, all hexadecimal. */
function teachProtocol({ classCode }: PciFunction, sysfsRoot: string): readonly BindingStep[] {
  const ids = [IVSHMEM_VENDOR, IVSHMEM_DEVICE, IVSHMEM_VENDOR, IVSHMEM_DEVICE].map((id) => id.toString(16));
  return [
    {
      path: join(sysfsRoot, "bus/pci/drivers", UIO_DRIVER, "new_id"),
      value: [...ids, classCode.toString(16).padStart(6, "0"), "ffffff"].join(" "),
      purpose: "teach the driver the protocol, so that it takes all devices of it that have no driver",
    },
  ];
}

function writeStep({ path, value, purpose }: BindingStep, before: readonly string[]): void {
  try {
    // Write-only and never created, as the attributes of a driver cannot be opened otherwise.
    const descriptor = openSync(path, constants.O_WRONLY);
    try {
      writeSync(descriptor, value);
    } finally {
      closeSync(descriptor);
    }
  } catch (cause) {
    const { errno, syscall = "write" } = cause as NodeJS.ErrnoException;
    if (errno === undefined) throw cause;
    const done = before.length === 0 ? "Nothing was written before." : `Written before: ${before.join(", ")}.`;
    throw systemError({
      errno,
      syscall,
      path,
      wanted: `write ${JSON.stringify(value)} to ${purpose}`,
      advice: `${done} ${adviseWrite(errno)}`,
      cause,
    });
  }
}

function adviseWrite(errno: number): string {
  const { EPERM, EACCES, EEXIST } = osConstants.errno;
  if (errno === -EPERM || errno === -EACCES) return "Run as root.";
  if (errno === -EEXIST) return "The driver knows the protocol already: use the method driver_override.";
  return "Look into dmesg.";
}
