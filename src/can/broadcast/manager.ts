import { machine } from "node:os";
import { ErrorCode, IntercellError, systemError } from "../../errors.js";
import { CanProtocol, closeDescriptor, connectCanSocket, type Descriptor, enableTimestamps } from "../../native.js";
import type { CanBus } from "../bus.js";
import { findInterface, openDescriptor } from "../can-descriptor.js";
import type { BroadcastManager } from "./broadcast.js";
import { KernelBroadcastManager, sendBroadcast } from "./kernel.js";
import { BroadcastFlag, BroadcastOpcode, type LongBits } from "./message.js";
import { TimerBroadcastManager } from "./timer.js";

/** Machines whose `long` has 64 bits, as uname(2) calls them. */
const WIDE_MACHINE = /64|^s390x$/;

/**
 * Opens a broadcast manager: of the kernel for the name of an interface, so that cycles are kept while JavaScript is busy; by
 * timers of this process for a {@link CanBus} of any kind, which it leaves open.
 *
 * A 32-bit program on a 64-bit kernel (Raspberry Pi OS of 32 bits on a Pi 4 or 5) speaks the kernel's layout, where the
 * kernel's name of the machine tells it; a kernel that takes neither is refused with advice.
 *
 * @throws TypeError if the target is neither; IntercellError `EAFNOSUPPORT` or `EPROTONOSUPPORT` if the kernel has no CAN_BCM,
 * `ENODEV` if there is no such interface, `ERR_CONFIG` if it is of another kind, `ERR_UNSUPPORTED` if the kernel does not take
 * this process's messages.
 */
export function openBroadcastManager(target: string | CanBus): Promise<BroadcastManager> {
  return new Promise((resolve) => {
    if (typeof target === "string") resolve(openKernelBroadcast(target, kernelLongBits(machine())));
    else if (typeof target?.listen === "function") resolve(new TimerBroadcastManager(target));
    else throw new TypeError("A broadcast manager is opened on the name of a CAN interface, or on a CanBus");
  });
}

/** Bits of the kernel's `long`, by the machine's name (`uname -m`), whatever this process has. */
export function kernelLongBits(name: string): LongBits {
  return WIDE_MACHINE.test(name) || name === "armv8l" ? 64 : 32;
}

/** @param bits of the kernel's `long`. */
export function openKernelBroadcast(name: string, bits: LongBits): BroadcastManager {
  const found = findInterface(name);
  const fd = openDescriptor(CanProtocol.BCM);
  try {
    enableTimestamps(fd, false);
    const errno = connectCanSocket(fd, found.index);
    if (errno !== 0) throw systemError({ errno, syscall: "connect", path: name, wanted: "open the broadcast manager" });
    requireLayout(fd, name, bits);
    return new KernelBroadcastManager(fd, found, bits);
  } catch (error) {
    closeDescriptor(fd);
    throw error;
  }
}

/** Sets up a watch and takes it back, which a kernel refuses whose header is laid out otherwise. */
function requireLayout(fd: Descriptor, name: string, bits: LongBits): void {
  const probe = { count: 0, firstIntervalUs: 0, secondIntervalUs: 0, canId: 0, frames: [] };
  const flags = BroadcastFlag.RX_FILTER_ID;
  for (const opcode of [BroadcastOpcode.RX_SETUP, BroadcastOpcode.RX_DELETE]) {
    const errno = sendBroadcast(fd, { ...probe, opcode, flags }, bits);
    if (errno === 0) continue;
    const cause = systemError({ errno, syscall: "sendmsg", path: name, wanted: "speak to the broadcast manager" });
    throw new IntercellError(
      ErrorCode.UNSUPPORTED,
      `Cannot use the kernel's broadcast manager on ${name} as it does not take messages with longs of ${bits} bits ` +
        `(struct bcm_msg_head), as a kernel for ${machine()} should: a 32-bit program on a 64-bit kernel? ` +
        "Run a 64-bit Node.js, or keep the cycles in this process: openBroadcastManager(await openSocketCan(name))",
      { cause, path: name },
    );
  }
}
