import { addon, checked } from "./addon.js";

interface Addon {
  describeInterface(name: string): InterfaceReport | number;
  interfaceName(index: number): string | number;
  startHardwareTimestamps(name: string): number;
}

/** What ioctl(2) tells of a network interface (netdevice(7)). */
export interface InterfaceReport {
  readonly index: number;
  /** ARPHRD_*: 280 is CAN (linux/if_arp.h). */
  readonly type: number;
  /** Bytes: 16 for classic CAN, 72 for CAN FD, more for CAN XL (linux/can.h). */
  readonly mtu: number;
  /** Lower 16 bits of IFF_*: 1 is up (linux/if.h). */
  readonly flags: number;
}

/** Looks at a network interface of any kind. Gives `-errno` if there is none of this name: `-ENODEV`. */
export function describeInterface(name: string): InterfaceReport | number {
  return addon<Addon>().describeInterface(name);
}

/** Name of the interface with an index, or `-errno` if there is none: `-ENODEV`. */
export function interfaceName(index: number): string | number {
  return addon<Addon>().interfaceName(index);
}

/** Makes a device note when it received each frame; false if it cannot. */
export function startHardwareTimestamps(name: string): boolean {
  const result = addon<Addon>().startHardwareTimestamps(name);
  return checked(result, { syscall: "ioctl", path: name, wanted: "ask what times the device knows" }) === 1;
}
