import { ErrorCode, errnoName, IntercellError, systemError } from "../errors.js";
import {
  type CanProtocol,
  type Descriptor,
  describeInterface,
  type InterfaceReport,
  openCanSocket,
} from "../native.js";

/** ARPHRD_CAN (linux/if_arp.h). */
const CAN_TYPE = 280;

/** IFF_UP (linux/if.h). */
const UP = 1;

/** MTU of the frames beyond classic ones: CANFD_MTU, CANXL_MIN_MTU (linux/can.h). */
const FD_MTU = 72;
const XL_MIN_MTU = 76;

/** A CAN interface as far as sockets are concerned. */
export interface CanInterface {
  readonly name: string;
  /** 0 for all interfaces. */
  readonly index: number;
  readonly up: boolean;
  readonly fd: boolean;
  readonly xl: boolean;
}

/**
 * Opens a socket of PF_CAN.
 *
 * @throws IntercellError `EAFNOSUPPORT` if the kernel has no CAN, `EPROTONOSUPPORT` if it lacks this protocol, or another
 * errno.
 */
export function openDescriptor(protocol: CanProtocol): Descriptor {
  const result = openCanSocket(protocol);
  if (result >= 0) return result;
  const code = errnoName(result);
  const virtual = "A bus without kernel support is given by openVirtualCan()";
  const advice =
    code === "EAFNOSUPPORT"
      ? `This kernel has no CAN, or its modules are not loaded: try modprobe can ${protocol.module}. ${virtual}.`
      : code === "EPROTONOSUPPORT"
        ? `This kernel has CAN but not ${protocol.name}: try modprobe ${protocol.module}. ${virtual}.`
        : undefined;
  const wanted = `open a socket of ${protocol.name}`;
  throw systemError({ errno: result, syscall: "socket", wanted, advice });
}

/**
 * Looks at a CAN interface.
 *
 * @throws IntercellError `ENODEV` if there is none of this name, `ERR_CONFIG` if it is not one of CAN.
 */
export function findInterface(name: string): CanInterface {
  const found = describeInterface(name);
  if (typeof found === "number") {
    throw systemError({
      errno: found,
      syscall: "ioctl",
      path: name,
      wanted: "find the interface",
      advice: `See ip link, or make a virtual one: ip link add ${name} type vcan.`,
    });
  }
  if (found.type === CAN_TYPE) return describe(name, found);
  throw new IntercellError(ErrorCode.CONFIG, `Cannot open ${name} for CAN as it is another kind of interface`, {
    path: name,
  });
}

/** As {@link findInterface}, or undefined if there is no such CAN interface. */
export function lookUpInterface(name: string): CanInterface | undefined {
  const found = describeInterface(name);
  return typeof found === "number" || found.type !== CAN_TYPE ? undefined : describe(name, found);
}

function describe(name: string, { index, mtu, flags }: InterfaceReport): CanInterface {
  return { name, index, up: (flags & UP) !== 0, fd: mtu >= FD_MTU, xl: mtu >= XL_MIN_MTU };
}
