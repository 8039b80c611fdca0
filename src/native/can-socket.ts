import { addon, checked } from "./addon.js";
import type { Descriptor } from "./types.js";

interface Addon {
  openCanSocket(type: number, protocol: number): number;
  bindCanSocket(fd: Descriptor, index: number): number;
  connectCanSocket(fd: Descriptor, index: number): number;
  setSocketOption(fd: Descriptor, level: number, name: number, bytes: Uint8Array): number;
  getSocketOption(fd: Descriptor, level: number, name: number, bytes: Uint8Array): number;
  enableTimestamps(fd: Descriptor, hardware: boolean): number;
  sendCanFrames(fd: Descriptor, bytes: Uint8Array, stride: number, sizes: Uint32Array, count: number): number;
}

/** Protocols of PF_CAN and the type of socket that each has (linux/can.h, net/can). */
export const CanProtocol = {
  RAW: { name: "CAN_RAW", type: 3, number: 1, module: "can-raw" },
  BCM: { name: "CAN_BCM", type: 2, number: 2, module: "can-bcm" },
  ISOTP: { name: "CAN_ISOTP", type: 2, number: 6, module: "can-isotp" },
} as const;

export type CanProtocol = (typeof CanProtocol)[keyof typeof CanProtocol];

/** Opens a CAN socket that does not block. Gives `-errno` if the kernel has no CAN, or not this protocol. */
export function openCanSocket(protocol: CanProtocol): Descriptor {
  return addon<Addon>().openCanSocket(protocol.type, protocol.number);
}

/** Binds a socket to an interface, 0 for all. Gives 0 or `-errno`. */
export function bindCanSocket(fd: Descriptor, index: number): number {
  return addon<Addon>().bindCanSocket(fd, index);
}

/** Connects a socket to an interface, 0 for all: what BCM has in place of a binding. Gives 0 or `-errno`. */
export function connectCanSocket(fd: Descriptor, index: number): number {
  return addon<Addon>().connectCanSocket(fd, index);
}

/** Sets an option of a socket to some bytes, at most 4096. Gives 0 or `-errno`. */
export function setSocketOption(fd: Descriptor, level: number, name: number, bytes: Uint8Array): number {
  return addon<Addon>().setSocketOption(fd, level, name, bytes);
}

/** Reads an option of a socket into `bytes`. Gives how many bytes it has, or `-errno`. */
export function getSocketOption(fd: Descriptor, level: number, name: number, bytes: Uint8Array): number {
  return addon<Addon>().getSocketOption(fd, level, name, bytes);
}

/** Has the kernel say with each message when it came; with `hardware` also when the device got it, if the device can tell. */
export function enableTimestamps(fd: Descriptor, hardware: boolean): void {
  checked(addon<Addon>().enableTimestamps(fd, hardware), {
    syscall: "setsockopt",
    wanted: "ask for times of messages",
  });
}

/** Most frames of one {@link sendCanFrames}. */
export const MAX_SEND_FRAMES = 64;

/** What {@link sendCanFrames} gives: frames taken × this + errno of the one after them, 0 if all were taken. */
export const SEND_RESULT_BASE = 4096;

/**
 * Sends frames from the first on until one is refused: frame n has `sizes[n]` bytes, from `n * stride` of `bytes` on. At most
 * {@link MAX_SEND_FRAMES}.
 *
 * @returns frames taken × {@link SEND_RESULT_BASE} + errno.
 */
export function sendCanFrames(
  fd: Descriptor,
  bytes: Uint8Array,
  stride: number,
  sizes: Uint32Array,
  count: number,
): number {
  return addon<Addon>().sendCanFrames(fd, bytes, stride, sizes, count);
}
