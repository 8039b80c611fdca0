import { ErrorCode, IntercellError, requireKnownKeys } from "../../errors.js";
import { createLink, deleteLink } from "../../netlink/create-link.js";
import type { NetworkNamespace } from "../../netlink/namespace.js";
import { requireCanLink } from "./interface.js";

/** Bytes of struct can_frame and struct canfd_frame (linux/can.h). */
const CLASSIC_MTU = 16;
const FD_MTU = 72;

export interface CreateVcanOptions {
  /** Whether it carries CAN FD frames. @defaultValue true, as the kernel's own */
  readonly fd?: boolean | undefined;
  /** Whether it is up from the start. @defaultValue true */
  readonly up?: boolean | undefined;
  /** Frames that may wait in the kernel. @defaultValue the kernel's */
  readonly txQueueLength?: number | undefined;
}

export interface CreateVxcanOptions extends CreateVcanOptions {
  /** Name of the other end, which is down at first and must be taken up, too. */
  readonly peer: string;
  /** The network namespace of the other end. @defaultValue that of this process */
  readonly peerNamespace?: NetworkNamespace | undefined;
}

/**
 * Makes a CAN bus inside the kernel, of which all sockets on the interface are nodes. Needs CAP_NET_ADMIN.
 *
 * @throws IntercellError `EEXIST` if the name is taken, `ENOTSUP` if the kernel has no `vcan`.
 */
export function createVcan(name: string, options: CreateVcanOptions = {}): void {
  requireKnownKeys("createVcan", options, ["fd", "up", "txQueueLength"]);
  const { fd = true, up = true, txQueueLength } = options;
  createLink(name, { kind: "vcan", mtu: fd ? FD_MTU : CLASSIC_MTU, up, txQueueLength });
}

/**
 * Makes two CAN interfaces that are joined by a cable of the kernel's, one of which may be in another network namespace. Needs
 * CAP_NET_ADMIN.
 *
 * @throws IntercellError `EEXIST` if a name is taken, `ENOTSUP` if the kernel has no `vxcan`.
 */
export function createVxcan(name: string, options: CreateVxcanOptions): void {
  requireKnownKeys("createVxcan", options, ["fd", "up", "txQueueLength", "peer", "peerNamespace"]);
  const { fd = true, up = true, txQueueLength, peer, peerNamespace } = options;
  const mtu = fd ? FD_MTU : CLASSIC_MTU;
  createLink(name, {
    kind: "vxcan",
    mtu,
    up,
    txQueueLength,
    peer: { name: peer, mtu, txQueueLength, namespace: peerNamespace },
  });
}

/**
 * Deletes a `vcan`, or both ends of a `vxcan`. Sockets on them get `ENODEV`. Needs CAP_NET_ADMIN.
 *
 * @throws IntercellError `ERR_NOT_FOUND`, or `ERR_UNSUPPORTED` if it is hardware.
 */
export function deleteCanInterface(name: string | number): void {
  const link = requireCanLink(name);
  // The kernel says yes, and does nothing (Linux 6.1, drivers/net/can/dev, can_dellink).
  if (link.kind === "can") {
    const message = `Cannot delete ${link.name} as it belongs to a device, which has to go instead`;
    throw new IntercellError(ErrorCode.UNSUPPORTED, message, { path: link.name });
  }
  deleteLink(link.index);
}
