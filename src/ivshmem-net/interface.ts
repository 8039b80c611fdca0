import { join } from "node:path";
import { ErrorCode, IntercellError, requireKnownKeys } from "../errors.js";
import { type DriverInfo, readEthtool } from "../native.js";
import { describeLink } from "../netlink/list-links.js";
import { listIvshmemFunctions, type PciFunction } from "../uio/index.js";
import { readAttribute, readNames, readNumber } from "../uio/sysfs.js";

/** The kernel's driver of the network between cells (Linux of the Siemens ivshmem v2 branch, drivers/net/ivshmem-net.c). */
const DRIVER = "ivshmem-net";

/** Bits of `flags` in sysfs (linux/if.h, IFF_UP). */
const IFF_UP = 1;

export interface NetInterfaceOptions {
  /** Where sysfs lies; another root lets a copied tree be looked at. @defaultValue "/sys" */
  readonly sysfsRoot?: string | undefined;
}

/** A network interface that the driver `ivshmem-net` made of an ivshmem device. */
export interface NetInterface {
  readonly name: string;
  /** Its number in its network namespace. */
  readonly index: number;
  /** Of the device, in the kernel's form, such as `0001:00:01.0`. */
  readonly pciAddress: string;
  /** MAC address: the driver takes a random one each time it is loaded. */
  readonly address: string;
  /** Bytes. */
  readonly mtu: number;
  readonly up: boolean;
  /** Whether it is up and so is the peer's: only then do packets go anywhere. */
  readonly carrier: boolean;
  /** As the kernel names it: `up`, `down`, ... */
  readonly operState: string;
  /** Times that the peer came or went. */
  readonly carrierChanges: number;
  readonly txQueueLength: number;
}

/**
 * The network interfaces that `ivshmem-net` drives, from sysfs alone, by PCI address. A device that has another driver, or none,
 * is not among them: `listIvshmemFunctions()` of `intercell/uio` shows it.
 */
export function listNetInterfaces(options: NetInterfaceOptions = {}): readonly NetInterface[] {
  requireKnownKeys("listNetInterfaces", options, ["sysfsRoot"]);
  const functions = listIvshmemFunctions(options.sysfsRoot).filter(({ driver }) => driver === DRIVER);
  return functions.flatMap(interfacesOf).sort((one, other) => (one.pciAddress < other.pciAddress ? -1 : 1));
}

/**
 * One network interface that `ivshmem-net` drives.
 *
 * @throws IntercellError `ERR_NOT_FOUND` if there is none of this name.
 */
export function describeNetInterface(name: string, options: NetInterfaceOptions = {}): NetInterface {
  const interfaces = listNetInterfaces(options);
  const found = interfaces.find((candidate) => candidate.name === name);
  if (found !== undefined) return found;
  const names = interfaces.map((candidate) => candidate.name).join(", ");
  throw new IntercellError(
    ErrorCode.NOT_FOUND,
    `${name} is no network interface of ${DRIVER}: ${names === "" ? "there is none on this machine" : `there is ${names}`}`,
    { path: name },
  );
}

/**
 * What the driver of a network interface counts, by its own names for it. Those of `ivshmem-net`: `tx_rx_interrupts`,
 * `tx_packets`, `tx_notify`, `tx_pause`, `rx_packets`, `rx_notify`, `napi_poll` and others.
 *
 * @throws IntercellError `ERR_NOT_FOUND` if there is no such interface, `ENOTSUP` if its driver counts nothing.
 */
export function readNetStatistics(name: string): DriverInfo {
  return readEthtool(describeLink(name).name);
}

/** A function has its interface in a folder `net` once the driver has it; another namespace's cannot be seen. */
function interfacesOf({ address: pciAddress, sysfsPath }: PciFunction): NetInterface[] {
  return readNames(join(sysfsPath, "net")).map((name) => {
    const file = (attribute: string) => join(sysfsPath, "net", name, attribute);
    const number = (attribute: string) => readNumber(file(attribute)) ?? 0;
    return {
      name,
      index: number("ifindex"),
      pciAddress,
      address: readAttribute(file("address")) ?? "",
      mtu: number("mtu"),
      up: (number("flags") & IFF_UP) !== 0,
      // Cannot be read while the interface is down.
      carrier: number("carrier") === 1,
      operState: readAttribute(file("operstate")) ?? "unknown",
      carrierChanges: number("carrier_changes"),
      txQueueLength: number("tx_queue_len"),
    };
  });
}
