import { constants as osConstants } from "node:os";
import { addon, checked } from "./addon.js";
import type { Credentials, Descriptor, Message } from "./types.js";

interface Addon {
  listenUnix(name: string): number;
  connectUnix(name: string): number;
  acceptUnix(fd: Descriptor): number;
  sendMessage(fd: Descriptor, bytes: Uint8Array, descriptors: readonly Descriptor[]): number;
  receiveMessage(fd: Descriptor, maxBytes: number, timeoutMs: number): Message | number;
  peerCredentials(fd: Descriptor): Credentials | number;
}

/** Listens on a sequenced-packet Unix socket in the abstract namespace: nothing is left on disk. Never blocks. */
export function listenUnix(name: string): Descriptor {
  return checked(addon<Addon>().listenUnix(name), {
    syscall: "bind",
    path: `@${name}`,
    wanted: "listen on the Unix socket",
    advice: "Another process may own this name: stop it, or choose another name.",
  });
}

/** Connects to {@link listenUnix} of the same name. Never blocks. */
export function connectUnix(name: string): Descriptor {
  return checked(addon<Addon>().connectUnix(name), {
    syscall: "connect",
    path: `@${name}`,
    wanted: "connect to the Unix socket",
    advice: "Start the process that listens there.",
  });
}

/** Takes one connection, or `undefined` if none is waiting. */
export function acceptUnix(fd: Descriptor): Descriptor | undefined {
  const result = addon<Addon>().acceptUnix(fd);
  if (result === -osConstants.errno.EAGAIN) return undefined;
  return checked(result, { syscall: "accept4", path: `descriptor ${fd}`, wanted: "accept a connection" });
}

/**
 * Sends one message with at most 32 descriptors, which stay open here.
 *
 * @returns the number of bytes sent, or `-errno`: `-EAGAIN` means that the socket is full.
 * @throws RangeError if the message is empty, as an empty one would read as the end of the connection.
 */
export function sendMessage(fd: Descriptor, bytes: Uint8Array, descriptors: readonly Descriptor[]): number {
  return addon<Addon>().sendMessage(fd, bytes, descriptors);
}

/**
 * Takes one message, or `undefined` if none is waiting. Descriptors that come with a faulty message are closed.
 *
 * @throws IntercellError `EMSGSIZE` if the message is longer than `maxBytes`, `ETOOMANYREFS` if it brought more than 32
 * descriptors or more than this process may open.
 */
export function receiveMessage(fd: Descriptor, maxBytes: number): Message | undefined {
  return received(fd, addon<Addon>().receiveMessage(fd, maxBytes, 0));
}

/**
 * {@link receiveMessage} that blocks this thread for at most `timeoutMs`; `undefined` when the time has passed. Meant
 * for the handshake right after a connect only.
 */
export function receiveMessageBlocking(fd: Descriptor, maxBytes: number, timeoutMs: number): Message | undefined {
  return received(fd, addon<Addon>().receiveMessage(fd, maxBytes, timeoutMs));
}

function received(fd: Descriptor, result: Message | number): Message | undefined {
  if (result === -osConstants.errno.EAGAIN) return undefined;
  return checked(result, { syscall: "recvmsg", path: `descriptor ${fd}`, wanted: "receive a message" });
}

/** Who is at the other end of a Unix socket, as the kernel knows it. */
export function peerCredentials(fd: Descriptor): Credentials {
  const result = addon<Addon>().peerCredentials(fd);
  return checked(result, { syscall: "getsockopt", path: `descriptor ${fd}`, wanted: "read the peer's credentials" });
}
