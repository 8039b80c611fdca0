import { constants, type Stats, statSync } from "node:fs";
import { constants as osConstants } from "node:os";
import { ErrorCode, IntercellError, isIntercellError, systemError } from "../errors.js";
import { closeDescriptor, type Descriptor, openDescriptor } from "../native.js";
import type { UioDescription } from "./description.js";
import type { IvshmemDevice } from "./device.js";
import { checkGeometry, type UioGeometry } from "./geometry.js";
import { findHolders } from "./holder.js";
import { MappedDevice } from "./mapped-device.js";
import { mapUio, unmapUio } from "./mapping.js";
import { readPageSize } from "./page-size.js";
import { createPresenceCheck } from "./presence.js";
import { selectUio, type UioTarget } from "./select.js";
import { completeRoots, type UioRootOptions } from "./sysfs.js";

/** Options of {@link openUio}. */
export interface OpenUioOptions extends UioRootOptions {
  /**
   * Open the device though a process has it, with a warning of Node. Its state goes to 0 when the first of the two closes it.
   * @defaultValue false
   */
  readonly force?: boolean | undefined;
  /** Period of the fallback poll; 0 switches it off. @defaultValue 50 */
  readonly fallbackPollMs?: number | undefined;
}

/** Largest delay of a timer of Node. */
const MOST_POLL_MS = 0x7fffffff;

/** The rule that gives a group the devices. */
const UDEV_RULE = "packaging/60-intercell.rules";

/**
 * Opens an ivshmem device of the kernel. The interrupt is armed; the state word is left at 0.
 *
 * A device has one owner: the kernel writes state 0 whenever anyone closes it. So it is refused while a process has it
 * open, this one included, as far as /proc shows: processes of other users only to root, and none that opens it at the same
 * moment.
 *
 * When Jailhouse is disabled or the driver unbound, the device emits `error` and `close`. Registers are not touched once
 * that is known. A register access in the moment between is SIGBUS: close devices before disabling Jailhouse.
 *
 * @throws TypeError or RangeError for arguments.
 * @throws IntercellError `ERR_NOT_FOUND` if there is no such device, node or driver, `ERR_IN_USE` if a process or another driver
 * has it, `ERR_UNSUPPORTED` if it is no ivshmem device, `ERR_CONFIG` if its maps or registers make no sense or do not fit the
 * kernel's pages, or the errno of a system call, such as `EACCES`.
 */
export async function openUio(target: UioTarget, options: OpenUioOptions = {}): Promise<IvshmemDevice> {
  const roots = completeRoots("openUio", options, ["force", "fallbackPollMs"]);
  const { force = false, fallbackPollMs = 50 } = options;
  if (!Number.isInteger(fallbackPollMs) || fallbackPollMs < 0 || fallbackPollMs > MOST_POLL_MS) {
    throw new RangeError(`The option fallbackPollMs is a number of milliseconds or 0, not ${fallbackPollMs}`);
  }
  const description = selectUio(target, roots);
  const pageSizeBytes = readPageSize(roots.procRoot);
  const geometry = checkGeometry(description, pageSizeBytes);
  requireNode(description);
  await requireFree(description, roots.procRoot, force);
  return assemble(description, geometry, pageSizeBytes, fallbackPollMs);
}

function assemble(
  description: UioDescription,
  geometry: UioGeometry,
  pageSizeBytes: number,
  fallbackPollMs: number,
): MappedDevice {
  const { name, path, pci, interrupt } = description;
  const gone = createPresenceCheck(name, description.sysfsPath);
  const descriptor = openNode(path);
  try {
    const mapped = mapUio(descriptor, description, geometry, pageSizeBytes);
    try {
      return new MappedDevice({
        ...mapped,
        name,
        vectors: interrupt.vectors,
        protocol: pci.protocol,
        interrupt: { descriptor, countBytes: 4 },
        fallbackPollMs,
        gone,
        release: () => closeDescriptor(descriptor),
      });
    } catch (error) {
      unmapUio(mapped);
      throw error;
    }
  } catch (error) {
    closeDescriptor(descriptor);
    throw error;
  }
}

function openNode(path: string): Descriptor {
  try {
    return openDescriptor(path, constants.O_RDWR | constants.O_NONBLOCK);
  } catch (cause) {
    if (!isIntercellError(cause) || cause.errno === undefined) throw cause;
    throw openFault(cause.errno, path, cause);
  }
}

/** Checks that the node is there and is that of the device, without opening it. */
function requireNode({ path, name, deviceNumber }: UioDescription): void {
  const node = statNode(path);
  if (node === undefined) {
    throw new IntercellError(
      ErrorCode.NOT_FOUND,
      `${name} has no node ${path}. Run udev or mount devtmpfs; a container must be given the device.`,
      { path },
    );
  }
  const found = node.isCharacterDevice() ? formatDeviceNumber(node.rdev) : undefined;
  if (found === undefined || (deviceNumber !== undefined && found !== deviceNumber)) {
    const what = found === undefined ? "is no character device" : `has device number ${found}`;
    throw new IntercellError(
      ErrorCode.CONFIG,
      `${path} ${what}, but ${name} has device number ${deviceNumber}. Remove the stale node and trigger udev.`,
      { path },
    );
  }
}

function statNode(path: string): Stats | undefined {
  try {
    return statSync(path, { throwIfNoEntry: false });
  } catch (cause) {
    const { errno } = cause as NodeJS.ErrnoException;
    if (errno === undefined) throw cause;
    throw openFault(errno, path, cause);
  }
}

async function requireFree({ path, name }: UioDescription, procRoot: string, force: boolean): Promise<void> {
  const { holders } = await findHolders(path, procRoot);
  if (holders.length === 0) return;
  const named = holders.map(({ pid, command }) => {
    const whose = pid === process.pid ? "this process" : `process ${pid}`;
    return command === "" ? whose : `${whose} (${command})`;
  });
  const found = `${path} (${name}) is open in ${named.join(", ")}`;
  const effect = "its state goes to 0 as soon as one of the two closes it";
  if (force) {
    process.emitWarning(`${found}: ${effect}`, { type: "IntercellWarning", code: ErrorCode.IN_USE });
    return;
  }
  throw new IntercellError(
    ErrorCode.IN_USE,
    `${found}. If it were opened as well, ${effect}: ask that process, end it, or set the option force.`,
    { path },
  );
}

function openFault(errno: number, path: string, cause: unknown): IntercellError {
  const { EACCES, EPERM } = osConstants.errno;
  const denied = [EACCES, EPERM].includes(Math.abs(errno));
  return systemError({
    errno,
    syscall: "open",
    path,
    wanted: "open the device",
    advice: denied
      ? `Run as root, or install the udev rule ${UDEV_RULE} of this package and add the user to its group.`
      : "Look whether the device is still in /sys/class/uio.",
    cause,
  });
}

/** Major and minor as sysfs writes them, from the kernel's encoding of `st_rdev` (Linux, include/linux/kdev_t.h). */
function formatDeviceNumber(rdev: number): string {
  const number = BigInt(rdev);
  const major = (number >> 8n) & 0xfffn;
  const minor = (number & 0xffn) | ((number >> 12n) & 0xfff00n);
  return `${major}:${minor}`;
}
