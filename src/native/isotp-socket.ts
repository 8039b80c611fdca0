import { addon, checked } from "./addon.js";
import type { Descriptor } from "./types.js";

interface Addon {
  bindIsoTpSocket(fd: Descriptor, index: number, rxId: number, txId: number): number;
  sendIsoTpPdu(fd: Descriptor, pdu: Uint8Array): number;
  isIsoTpIdle(fd: Descriptor): number;
  takesIsoTpPdu(fd: Descriptor, length: number): number;
  takeSocketError(fd: Descriptor): number;
  receiveCanMessage(fd: Descriptor, buffer: Uint8Array): number;
  attachSocketFilter(fd: Descriptor, program: Uint32Array): number;
}

/** Binds a CAN_ISOTP socket to an interface and its two ids, as the kernel has them. Gives 0 or `-errno`. */
export function bindIsoTpSocket(fd: Descriptor, index: number, rxId: number, txId: number): number {
  return addon<Addon>().bindIsoTpSocket(fd, index, rxId, txId);
}

/**
 * Has the kernel send a PDU. Gives its length once that has begun, `-EAGAIN` while another one is being sent, or another
 * `-errno`, which may be an earlier fault of the socket.
 */
export function sendIsoTpPdu(fd: Descriptor, pdu: Uint8Array): number {
  return addon<Addon>().sendIsoTpPdu(fd, pdu);
}

/** Whether no PDU is being sent. A socket whose interface is gone is idle. */
export function isIsoTpIdle(fd: Descriptor): boolean {
  return addon<Addon>().isIsoTpIdle(fd) !== 0;
}

/**
 * Whether the kernel takes PDUs of so many bytes, 1 to 2^24. Nothing is sent; the socket must be bound and idle.
 *
 * @throws IntercellError with the errno of a socket that is not.
 */
export function takesIsoTpPdu(fd: Descriptor, length: number): boolean {
  const result = addon<Addon>().takesIsoTpPdu(fd, length);
  return checked(result, { syscall: "sendto", wanted: "find the longest PDU of the kernel" }) === 1;
}

/** Takes the error that a socket holds: a positive errno, or 0 for none. */
export function takeSocketError(fd: Descriptor): number {
  return checked(addon<Addon>().takeSocketError(fd), { syscall: "getsockopt", wanted: "ask for the socket's error" });
}

/** Takes one message of a socket into `buffer`. Gives its bytes, or `-errno`: `-EAGAIN` if none waits. */
export function receiveCanMessage(fd: Descriptor, buffer: Uint8Array): number {
  return addon<Addon>().receiveCanMessage(fd, buffer);
}

/**
 * Has the kernel ask a classic BPF program (Documentation/networking/filter.rst) which messages a socket gets.
 *
 * @param program code, jt, jf and k of each instruction; 1 to 64 of them. Gives 0 or `-errno`.
 */
export function attachSocketFilter(fd: Descriptor, program: Uint32Array): number {
  return addon<Addon>().attachSocketFilter(fd, program);
}
