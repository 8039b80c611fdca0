import { requireKnownKeys } from "../errors.js";
import { addon, checked } from "./addon.js";
import type { Descriptor } from "./types.js";

/** What the kernel counted of a packet socket since it was asked last. */
export interface PacketCounts {
  /** Frames that came for the socket, those that were dropped included. */
  readonly frames: number;
  /** Frames that found its receive buffer full. */
  readonly dropped: number;
}

interface Addon {
  openPacketSocket(interfaceIndex: number, etherType: number, receiveBufferBytes: number): number;
  readPacketCounts(fd: Descriptor): PacketCounts | number;
}

export interface PacketSocketOptions {
  readonly interfaceIndex: number;
  /** 0x600 to 0xffff; what is smaller is a length (IEEE 802.3, 3.2.6). */
  readonly etherType: number;
  /**
   * `SO_RCVBUF`; the kernel doubles it, and caps it at `net.core.rmem_max` without `CAP_NET_ADMIN`.
   * @defaultValue what the kernel gives
   */
  readonly receiveBufferBytes?: number;
}

/**
 * Opens a socket for the whole Ethernet frames of one type on one interface (packet(7), `SOCK_RAW`). It does not block; use
 * `readFrames` and `writeFrames`.
 *
 * @throws IntercellError `EPERM` without CAP_NET_RAW, `ENODEV` if there is no such interface.
 */
export function openPacketSocket(options: PacketSocketOptions): Descriptor {
  requireKnownKeys("openPacketSocket", options, ["interfaceIndex", "etherType", "receiveBufferBytes"]);
  const { interfaceIndex, etherType, receiveBufferBytes = 0 } = options;
  return checked(addon<Addon>().openPacketSocket(interfaceIndex, etherType, receiveBufferBytes), {
    syscall: "socket AF_PACKET",
    path: `interface ${interfaceIndex}`,
    wanted: `open a socket for Ethernet frames of type 0x${etherType.toString(16)}`,
  });
}

/** What the kernel counted since the last call (`PACKET_STATISTICS`). */
export function readPacketCounts(fd: Descriptor): PacketCounts {
  const fault = {
    syscall: "getsockopt PACKET_STATISTICS",
    path: `descriptor ${fd}`,
    wanted: "read what a packet socket lost",
  };
  return checked<PacketCounts>(addon<Addon>().readPacketCounts(fd), fault);
}
