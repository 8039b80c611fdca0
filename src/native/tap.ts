import { constants } from "node:os";
import { addon, checked } from "./addon.js";
import type { Descriptor } from "./types.js";

/** A TAP interface of the kernel with the descriptor that is its cable. It goes with the descriptor. */
export interface Tap {
  readonly descriptor: Descriptor;
  /** As the kernel chose it, if it was asked for a pattern such as `tap%d`. */
  readonly name: string;
}

interface Addon {
  openTap(name: string): Tap | number;
  setTapMtu(name: string, mtu: number): number;
  setTapUp(name: string): number;
  setTapCarrier(fd: Descriptor, carrier: boolean): number;
}

const TUN = "/dev/net/tun";

/** By the negated errno. */
const tunAdvice: Readonly<Record<number, string>> = {
  [-constants.errno.EINVAL]: "An interface of another kind has the name: choose another one.",
  [-constants.errno.EBUSY]: "Another process has this interface: end it, or choose another name.",
  [-constants.errno.ENOENT]: "This kernel has no TUN and TAP, or they are not loaded: try modprobe tun.",
};

/**
 * Makes a TAP interface, or attaches to one that `ip tuntap add` made. Frames carry no header of TUN; nothing blocks.
 *
 * @param name 1 to 15 bytes, such as `tap0` or `tap%d`.
 * @throws IntercellError `EPERM` without the capability CAP_NET_ADMIN, `EBUSY` if another process has it, `EINVAL` if an
 * interface of another kind has the name.
 */
export function openTap(name: string): Tap {
  const fault = { syscall: "ioctl TUNSETIFF", path: TUN, wanted: `make the TAP interface ${name}` };
  const result = addon<Addon>().openTap(name);
  return checked(result, { ...fault, advice: typeof result === "number" ? tunAdvice[result] : undefined });
}

/** Sets the MTU of an interface, 68 to 65535. */
export function setTapMtu(name: string, mtu: number): void {
  const fault = { syscall: "ioctl SIOCSIFMTU", path: name, wanted: `set the MTU to ${mtu}` };
  checked(addon<Addon>().setTapMtu(name, mtu), fault);
}

/** Sets an interface up, as `ip link set up` does. */
export function setTapUp(name: string): void {
  checked(addon<Addon>().setTapUp(name), { syscall: "ioctl SIOCSIFFLAGS", path: name, wanted: "set the interface up" });
}

/** Says whether the cable of a TAP interface is plugged in; the kernel shows it as the carrier (Linux 5.0). */
export function setTapCarrier(fd: Descriptor, carrier: boolean): void {
  const fault = { syscall: "ioctl TUNSETCARRIER", path: `descriptor ${fd}`, wanted: "set the carrier" };
  checked(addon<Addon>().setTapCarrier(fd, carrier), fault);
}
