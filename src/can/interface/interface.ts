import { ErrorCode, IntercellError } from "../../errors.js";
import type { NetworkLink } from "../../netlink/link.js";
import type { LinkStatistics } from "../../netlink/link-statistics.js";
import { describeLink, listLinks } from "../../netlink/list-links.js";
import { type CanController, parseController } from "./controller.js";

/** Kind of hardware of a CAN interface (linux/if_arp.h, ARPHRD_CAN). */
const ARPHRD_CAN = 280;

/** Bytes of the largest frame (linux/can.h, CANFD_MTU; a classic one has 16, and CAN XL from 76 on). */
const FD_MTU = 72;

/** A CAN interface of this machine. */
export interface CanInterface {
  /** Its number in this network namespace. */
  readonly index: number;
  readonly name: string;
  /** `can` for a controller, `vcan` or `vxcan` for a bus of the kernel's own. */
  readonly kind: string | undefined;
  readonly up: boolean;
  /** Whether frames get through: false while it is down, in bus-off, or without the other end of a `vxcan`. */
  readonly carrier: boolean;
  /** Whether it carries CAN FD frames. */
  readonly fd: boolean;
  /** Bytes of the largest frame's structure: 16, 72, or up to 2060 with CAN XL. */
  readonly mtu: number;
  /** Frames that may wait in the kernel to be sent. */
  readonly txQueueLength: number;
  /** The device below, such as `0000:00:03.0` on the bus `pci` (from Linux 5.14 on). */
  readonly parentDevice: string | undefined;
  readonly parentBus: string | undefined;
  /** Index of the other end of a `vxcan`, which may be in another network namespace. */
  readonly peerIndex: number | undefined;
  /** Packets are frames here. */
  readonly statistics: LinkStatistics | undefined;
  /** Undefined for an interface without hardware. */
  readonly controller: CanController | undefined;
}

/** The CAN interfaces of this process's network namespace, by index. */
export function listCanInterfaces(): readonly CanInterface[] {
  return listLinks().filter(isCanLink).map(toCanInterface);
}

/**
 * One CAN interface.
 *
 * @param name - Its name or index.
 * @throws IntercellError `ERR_NOT_FOUND` if there is none, or it is not CAN.
 */
export function describeCanInterface(name: string | number): CanInterface {
  return toCanInterface(requireCanLink(name));
}

/** @internal */
export function requireCanLink(name: string | number): NetworkLink {
  const link = describeLink(name);
  if (isCanLink(link)) return link;
  throw new IntercellError(
    ErrorCode.NOT_FOUND,
    `${link.name} is no CAN interface: intercell can list shows those there are`,
    {
      path: link.name,
    },
  );
}

/** @internal */
export function isCanLink({ type }: NetworkLink): boolean {
  return type === ARPHRD_CAN;
}

/** @internal */
export function toCanInterface(link: NetworkLink): CanInterface {
  const { index, name, kind, up, carrier, mtu, txQueueLength, parentDevice, parentBus, statistics } = link;
  const fd = mtu >= FD_MTU;
  const controller = parseController(link);
  const peerIndex = kind === "vxcan" ? link.linkIndex : undefined;
  const parent = { parentDevice, parentBus, peerIndex };
  return { index, name, kind, up, carrier, fd, mtu, txQueueLength, ...parent, statistics, controller };
}
