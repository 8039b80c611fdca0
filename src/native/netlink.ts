import { constants as osConstants } from "node:os";
import { requireKnownKeys } from "../errors.js";
import { addon, checked } from "./addon.js";
import type { Descriptor } from "./types.js";

interface Addon {
  openNetlink(protocol: number, groups: number, receiveBufferBytes: number): number;
  sendNetlink(fd: Descriptor, bytes: Uint8Array): number;
  receiveNetlink(fd: Descriptor, buffer: Uint8Array): number;
}

/** Families of netlink (linux/netlink.h). */
export const NetlinkProtocol = { ROUTE: 0, GENERIC: 16 } as const;

export interface NetlinkOptions {
  /** Bit mask of the multicast groups to hear, such as `RTMGRP_LINK` 1 (linux/rtnetlink.h). @defaultValue 0 */
  readonly groups?: number;
  /**
   * `SO_RCVBUF`; the kernel doubles it, and caps it at `net.core.rmem_max` without `CAP_NET_ADMIN`.
   * @defaultValue what the kernel gives
   */
  readonly receiveBufferBytes?: number;
}

/**
 * Opens a netlink socket to the kernel, which does not block, gets reasons with errors (`NETLINK_EXT_ACK`) and has its
 * dumps narrowed where the kernel can (`NETLINK_GET_STRICT_CHK`).
 */
export function openNetlink(protocol: number, options: NetlinkOptions = {}): Descriptor {
  requireKnownKeys("openNetlink", options, ["groups", "receiveBufferBytes"]);
  const { groups = 0, receiveBufferBytes = 0 } = options;
  return checked(addon<Addon>().openNetlink(protocol, groups, receiveBufferBytes), {
    syscall: "socket",
    wanted: `open a netlink socket of protocol ${protocol}`,
  });
}

/** Sends one datagram to the kernel. What it asks for is done when this returns, and the answer can be received. */
export function sendNetlink(fd: Descriptor, bytes: Uint8Array): void {
  checked(addon<Addon>().sendNetlink(fd, bytes), {
    syscall: "sendto",
    path: `descriptor ${fd}`,
    wanted: "send a netlink message",
  });
}

/**
 * Takes one datagram of the kernel into `buffer`; those of other processes are passed over.
 *
 * @returns its length in bytes, which is more than `buffer` holds if it was cut, or `undefined` if none is waiting.
 * @throws IntercellError `ENOBUFS` if the kernel had messages for this socket and no room in its buffer: they are lost.
 */
export function receiveNetlink(fd: Descriptor, buffer: Uint8Array): number | undefined {
  const result = addon<Addon>().receiveNetlink(fd, buffer);
  if (result === -osConstants.errno.EAGAIN) return undefined;
  return checked(result, {
    syscall: "recvfrom",
    path: `descriptor ${fd}`,
    wanted: "receive a netlink message",
  });
}
