import { addon, checked } from "./addon.js";
import type { CanReceiver, Descriptor } from "./types.js";

interface Addon {
  createCanReceiver(
    fd: Descriptor,
    buffer: Uint8Array,
    slotBytes: number,
    callback: CanReceiverCallback,
    gatherMs: number,
  ): CanReceiver | number;
  watchCanReceiver(receiver: CanReceiver, readable: boolean, writable: boolean): number;
  unrefCanReceiver(receiver: CanReceiver): void;
  closeCanReceiver(receiver: CanReceiver): void;
}

/**
 * Offsets in a slot: what native code writes before the bytes of a message, in the byte order of the machine.
 *
 * ```
 * 0      4      8          12       16       24           28                 32           40
 * | length | flags | interface | dropped | seconds | nanoseconds | hardware ns | hardware s | message |
 * ```
 * u32 all but the seconds, which are f64. `flags` are those of recvmsg(2), `interface` is an index, `dropped` is the count of
 * `SO_RXQ_OVFL` as of when the message was queued, modulo 2^32. Without a time its seconds are 0.
 */
export const CanSlot = {
  LENGTH: 0,
  FLAGS: 4,
  INTERFACE: 8,
  DROPPED: 12,
  SECONDS: 16,
  NANOSECONDS: 24,
  HARDWARE_NANOSECONDS: 28,
  HARDWARE_SECONDS: 32,
  BYTES: 40,
} as const;

/**
 * Called with the number of slots that were filled, or with the `-errno` that the socket reported; the socket may work on
 * after that. `writable` if it was asked for by {@link watchCanReceiver}.
 */
export type CanReceiverCallback = (count: number, writable: boolean) => void;

/**
 * Receives the messages of a CAN socket in the event loop of the calling thread, one call a batch, until the socket is empty.
 * The slots are valid until the callback returns. What the callback throws is an uncaught exception.
 *
 * The receiver keeps the event loop alive and must be closed before its descriptor.
 *
 * @param buffer 1 to 1024 slots, 8-aligned; not to be used for anything else until the receiver is closed.
 * @param slotBytes a multiple of 8, at most 1025 KiB and 64: {@link CanSlot}.BYTES and the largest message.
 * @param gatherMs after messages came, those that follow are left in the socket for so long, 0 to 1000.
 */
export function createCanReceiver(
  fd: Descriptor,
  buffer: Uint8Array,
  slotBytes: number,
  callback: CanReceiverCallback,
  gatherMs = 0,
): CanReceiver {
  const result = addon<Addon>().createCanReceiver(fd, buffer, slotBytes, callback, gatherMs);
  return checked(result, { syscall: "epoll_ctl", path: `descriptor ${fd}`, wanted: "watch the socket" });
}

/**
 * What is watched: messages, as it is at first, and whether the socket takes something again. Errors of the socket are told in
 * any case.
 */
export function watchCanReceiver(receiver: CanReceiver, readable: boolean, writable: boolean): void {
  const result = addon<Addon>().watchCanReceiver(receiver, readable, writable);
  checked(result, { syscall: "epoll_ctl", wanted: "watch the socket" });
}

/** Lets the event loop end though the receiver is open. */
export function unrefCanReceiver(receiver: CanReceiver): void {
  addon<Addon>().unrefCanReceiver(receiver);
}

/** Stops receiving; no callback runs afterwards. Idempotent. */
export function closeCanReceiver(receiver: CanReceiver): void {
  addon<Addon>().closeCanReceiver(receiver);
}
