import { existsSync, constants as fsConstants } from "node:fs";
import { createRequire } from "node:module";
import { constants as osConstants } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { ErrorCode, IntercellError, requireKnownKeys, type SystemFault, systemError } from "./errors.js";
import {
  type Credentials,
  type Descriptor,
  type MapMemoryOptions,
  type MapRegistersOptions,
  type Message,
  PollEvent,
  type Poller,
  type PollerCallback,
  type PollerOptions,
  type Registers,
  type SimDescriptors,
  type SimGeometry,
  type SimHypervisor,
  type SimPeerReport,
  type SimRegistersOptions,
} from "./native/types.js";

export {
  type Credentials,
  type Descriptor,
  type MapMemoryOptions,
  type MapRegistersOptions,
  type Message,
  PollEvent,
  type Poller,
  type PollerCallback,
  type PollerOptions,
  type Rearm,
  type Registers,
  type SimDescriptors,
  type SimGeometry,
  type SimHypervisor,
  type SimPeerReport,
  type SimRegistersOptions,
} from "./native/types.js";

/** The addon's own face: a fault of the world comes back as `-errno`. */
interface Addon {
  openDescriptor(path: string, flags: number): number;
  closeDescriptor(fd: Descriptor): number;
  createMemfd(name: string, sizeBytes: number): number;
  createEventfd(): number;
  writeEventfd(fd: Descriptor): number;
  mapMemory(fd: Descriptor, sizeBytes: number, offsetBytes: number, writable: boolean): ArrayBuffer | number;
  unmapMemory(buffer: ArrayBuffer): number;
  mapRegisters(fd: Descriptor, sizeBytes: number, offsetBytes: number): Registers | number;
  readRegister(registers: Registers, offsetBytes: number): number;
  writeRegister(registers: Registers, offsetBytes: number, value: number): number;
  unmapRegisters(registers: Registers): void;
  listenUnix(name: string): number;
  connectUnix(name: string): number;
  acceptUnix(fd: Descriptor): number;
  sendMessage(fd: Descriptor, bytes: Uint8Array, descriptors: readonly Descriptor[]): number;
  receiveMessage(fd: Descriptor, maxBytes: number, timeoutMs: number): Message | number;
  peerCredentials(fd: Descriptor): Credentials | number;
  createPoller(
    fd: Descriptor,
    countBytes: number,
    events: number,
    callback: PollerCallback,
    registers: Registers | undefined,
    offsetBytes: number,
    value: number,
  ): Poller | number;
  setPollerEvents(poller: Poller, events: number): number;
  pollerRef(poller: Poller): void;
  pollerUnref(poller: Poller): void;
  closePoller(poller: Poller): void;
  createSimRegisters(
    hypervisor: Descriptor,
    stateTable: Descriptor,
    eventfds: readonly Descriptor[],
    peer: number,
  ): Registers | number;
  simInitialise(hypervisor: Descriptor, maxPeers: number, vectors: number, protocol: number): number;
  simOpen(hypervisor: Descriptor, stateTable: Descriptor, eventfds: readonly Descriptor[]): SimHypervisor | number;
  simAttach(handle: SimHypervisor, peer: number): number;
  simDetach(handle: SimHypervisor, peer: number, keepState: boolean): number;
  simInspect(handle: SimHypervisor): SimPeerReport[] | number;
  simClose(handle: SimHypervisor): void;
}

let loaded: Addon | undefined;

/** Loads the addon at its first use, so that the parts of the package that need no device run anywhere. */
function addon(): Addon {
  loaded ??= loadAddon();
  return loaded;
}

function loadAddon(): Addon {
  const require = createRequire(import.meta.url);
  const root = packageRoot(dirname(fileURLToPath(import.meta.url)));
  try {
    return require("node-gyp-build")(root) as Addon;
  } catch (cause) {
    const machine = `${process.platform}-${process.arch}`;
    throw new IntercellError(
      ErrorCode.ADDON,
      `Cannot load the native addon for ${machine} with Node ${process.versions.node}: ${root}. ` +
        "Devices and the simulator need Linux; on Linux run: npm rebuild intercell",
      { path: root, cause },
    );
  }
}

/** The source and the bundle lie at different depths, so the root is the first folder upwards with a package.json. */
function packageRoot(folder: string): string {
  if (existsSync(join(folder, "package.json"))) return folder;
  const parent = dirname(folder);
  return parent === folder ? folder : packageRoot(parent);
}

type Fault = Omit<SystemFault, "errno">;

/** The result of a native call, or an {@link IntercellError} thrown if it is `-errno`. */
export function checked(result: number, fault: Fault): number;
export function checked<T extends object>(result: T | number, fault: Fault): T;
export function checked<T extends object>(result: T | number, fault: Fault): T | number {
  if (typeof result === "number" && result < 0) throw systemError({ ...fault, errno: result });
  return result;
}

/**
 * Opens a file or device, always with `O_CLOEXEC`.
 *
 * @param flags - `O_*` of open(2), as in `fs.constants`.
 * @throws IntercellError with the errno's name as code.
 */
export function openDescriptor(path: string, flags: number): Descriptor {
  return checked(addon().openDescriptor(path, flags), { syscall: "open", path, wanted: "open the file" });
}

/**
 * Closes a descriptor.
 *
 * @throws IntercellError `EBADF` if it is not open, `EBUSY` while a {@link Poller} of this thread watches it.
 */
export function closeDescriptor(fd: Descriptor): void {
  checked(addon().closeDescriptor(fd), { syscall: "close", wanted: `close descriptor ${fd}` });
}

/**
 * Opens the file behind a descriptor once more, read-only, through `/proc/self/fd`: a writable mapping of the result
 * fails with `EACCES`.
 */
export function reopenReadOnly(fd: Descriptor): Descriptor {
  const path = `/proc/self/fd/${fd}`;
  const result = addon().openDescriptor(path, fsConstants.O_RDONLY);
  return checked(result, { syscall: "open", path, wanted: "reopen the descriptor for reading only" });
}

/** Makes zeroed shared memory of a fixed size: sealed against shrinking and growing, so that no store to it can SIGBUS. */
export function createMemfd(name: string, sizeBytes: number): Descriptor {
  const result = addon().createMemfd(name, sizeBytes);
  return checked(result, { syscall: "memfd_create", path: name, wanted: `make ${sizeBytes} bytes of shared memory` });
}

/** Makes an eventfd that does not block. */
export function createEventfd(): Descriptor {
  return checked(addon().createEventfd(), { syscall: "eventfd", wanted: "make an eventfd" });
}

/** Adds 1 to an eventfd. Returns 0 or `-errno`: `-EAGAIN` means that the count is full, so a wake-up is pending. */
export function writeEventfd(fd: Descriptor): number {
  return addon().writeEventfd(fd);
}

/**
 * Maps shared memory. The mapping goes with {@link unmapMemory}, with the thread, or, if forgotten, with the garbage
 * collector.
 *
 * A store through a mapping that is not writable kills the process with SIGSEGV: do not hand it out.
 *
 * @throws IntercellError such as `EACCES` for a writable mapping of a read-only descriptor, or `ENXIO` for a range
 * beyond the end of a file.
 */
export function mapMemory(fd: Descriptor, options: MapMemoryOptions): ArrayBuffer {
  requireKnownKeys("mapMemory", options, ["sizeBytes", "offsetBytes", "writable"]);
  const { sizeBytes, offsetBytes = 0, writable = false } = options;
  const result = addon().mapMemory(fd, sizeBytes, offsetBytes, writable);
  const wanted = `map ${sizeBytes} bytes at offset ${offsetBytes} ${writable ? "for writing" : "for reading"}`;
  return checked(result, { syscall: "mmap", path: `descriptor ${fd}`, wanted });
}

/**
 * Detaches the buffer, whose `byteLength` and that of its views becomes 0, and then unmaps the memory. Does nothing if
 * the buffer is already detached.
 *
 * @throws TypeError if the buffer does not come from {@link mapMemory} of this thread.
 */
export function unmapMemory(buffer: ArrayBuffer): void {
  checked(addon().unmapMemory(buffer), { syscall: "munmap", wanted: "unmap memory" });
}

/** Maps a device's register page for {@link readRegister} and {@link writeRegister}. */
export function mapRegisters(fd: Descriptor, options: MapRegistersOptions): Registers {
  requireKnownKeys("mapRegisters", options, ["sizeBytes", "offsetBytes"]);
  const { sizeBytes, offsetBytes = 0 } = options;
  const result = addon().mapRegisters(fd, sizeBytes, offsetBytes);
  return checked(result, { syscall: "mmap", path: `descriptor ${fd}`, wanted: "map the register page" });
}

/**
 * One aligned 32-bit load from the register page. On a device that has gone (Jailhouse disabled) this is SIGBUS.
 *
 * @throws RangeError if the offset is not a multiple of 4 inside the page; IntercellError `ERR_CLOSED` after
 * {@link unmapRegisters}.
 */
export function readRegister(registers: Registers, offsetBytes: number): number {
  const value = addon().readRegister(registers, offsetBytes);
  if (value < 0) throw closedRegisters("read", offsetBytes);
  return value;
}

/** One aligned 32-bit store to the register page; errors as {@link readRegister}, and RangeError if `value` is not a u32. */
export function writeRegister(registers: Registers, offsetBytes: number, value: number): void {
  if (addon().writeRegister(registers, offsetBytes, value) < 0) throw closedRegisters("write", offsetBytes);
}

function closedRegisters(verb: string, offsetBytes: number): IntercellError {
  return new IntercellError(
    ErrorCode.CLOSED,
    `Cannot ${verb} register 0x${offsetBytes.toString(16)} as the register page is unmapped. Open the device again.`,
  );
}

/** Unmaps a register page, real or simulated. A poller that re-arms through it keeps polling without the write. */
export function unmapRegisters(registers: Registers): void {
  addon().unmapRegisters(registers);
}

/** Listens on a sequenced-packet Unix socket in the abstract namespace: nothing is left on disk. Never blocks. */
export function listenUnix(name: string): Descriptor {
  return checked(addon().listenUnix(name), {
    syscall: "bind",
    path: `@${name}`,
    wanted: "listen on the Unix socket",
    advice: "Another process may own this name: stop it, or choose another name.",
  });
}

/** Connects to {@link listenUnix} of the same name. Never blocks. */
export function connectUnix(name: string): Descriptor {
  return checked(addon().connectUnix(name), {
    syscall: "connect",
    path: `@${name}`,
    wanted: "connect to the Unix socket",
    advice: "Start the process that listens there.",
  });
}

/** Takes one connection, or `undefined` if none is waiting. */
export function acceptUnix(fd: Descriptor): Descriptor | undefined {
  const result = addon().acceptUnix(fd);
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
  return addon().sendMessage(fd, bytes, descriptors);
}

/**
 * Takes one message, or `undefined` if none is waiting. Descriptors that come with a faulty message are closed.
 *
 * @throws IntercellError `EMSGSIZE` if the message is longer than `maxBytes`, `ETOOMANYREFS` if it brought more than 32
 * descriptors or more than this process may open.
 */
export function receiveMessage(fd: Descriptor, maxBytes: number): Message | undefined {
  return received(fd, addon().receiveMessage(fd, maxBytes, 0));
}

/**
 * {@link receiveMessage} that blocks this thread for at most `timeoutMs`; `undefined` when the time has passed. Meant
 * for the handshake right after a connect only.
 */
export function receiveMessageBlocking(fd: Descriptor, maxBytes: number, timeoutMs: number): Message | undefined {
  return received(fd, addon().receiveMessage(fd, maxBytes, timeoutMs));
}

function received(fd: Descriptor, result: Message | number): Message | undefined {
  if (result === -osConstants.errno.EAGAIN) return undefined;
  return checked(result, { syscall: "recvmsg", path: `descriptor ${fd}`, wanted: "receive a message" });
}

/** Who is at the other end of a Unix socket, as the kernel knows it. */
export function peerCredentials(fd: Descriptor): Credentials {
  const result = addon().peerCredentials(fd);
  return checked(result, { syscall: "getsockopt", path: `descriptor ${fd}`, wanted: "read the peer's credentials" });
}

/**
 * Watches a descriptor in the event loop of the calling thread. The descriptor becomes non-blocking. On a readable
 * counter native code reads it, writes the `rearm` register, and only then calls back. Without a counter the callback
 * must read until nothing is left. What the callback throws is an uncaught exception.
 *
 * The poller keeps the event loop alive (see {@link pollerUnref}) and must be closed before its descriptor.
 *
 * @throws IntercellError `EEXIST` if this thread already watches the descriptor, `EPERM` if it cannot be polled.
 */
export function createPoller(fd: Descriptor, options: PollerOptions, callback: PollerCallback): Poller {
  requireKnownKeys("createPoller", options, ["countBytes", "events", "rearm"]);
  const { countBytes, events = PollEvent.READABLE, rearm } = options;
  if (rearm !== undefined) requireKnownKeys("createPoller rearm", rearm, ["registers", "offsetBytes", "value"]);
  const { registers, offsetBytes = 0, value = 0 } = rearm ?? {};
  const result = addon().createPoller(fd, countBytes, events, callback, registers, offsetBytes, value);
  return checked(result, { syscall: "epoll_ctl", path: `descriptor ${fd}`, wanted: "watch the descriptor" });
}

/** Changes what is watched, such as `WRITABLE` only while output waits. */
export function setPollerEvents(poller: Poller, events: number): void {
  const result = addon().setPollerEvents(poller, events);
  checked(result, { syscall: "epoll_ctl", wanted: "change what the poller watches", advice: "Make another poller." });
}

/** Lets the poller keep the event loop alive, as it does from the start. Does nothing once closed. */
export function pollerRef(poller: Poller): void {
  addon().pollerRef(poller);
}

/** Lets the event loop end though the poller is open. Does nothing once closed. */
export function pollerUnref(poller: Poller): void {
  addon().pollerUnref(poller);
}

/** Stops polling; no callback runs afterwards. Idempotent. */
export function closePoller(poller: Poller): void {
  addon().closePoller(poller);
}

/** The register page of a simulated device: what a store to it does is executed here, as a hypervisor's trap would. */
export function createSimRegisters(options: SimRegistersOptions): Registers {
  requireKnownKeys("createSimRegisters", options, ["hypervisor", "stateTable", "eventfds", "peer"]);
  const { hypervisor, stateTable, eventfds, peer } = options;
  const result = addon().createSimRegisters(hypervisor, stateTable, eventfds, peer);
  return checked(result, { syscall: "mmap", wanted: `make the simulated register page of peer ${peer}` });
}

/** Prepares the hypervisor page of one simulated device. Resets every peer. */
export function simInitialise(hypervisor: Descriptor, geometry: SimGeometry): void {
  requireKnownKeys("simInitialise", geometry, ["maxPeers", "vectors", "protocol"]);
  const result = addon().simInitialise(hypervisor, geometry.maxPeers, geometry.vectors, geometry.protocol);
  checked(result, { syscall: "mmap", wanted: "prepare the simulated hypervisor page" });
}

/** Opens a prepared device as its hypervisor. */
export function simOpen(options: SimDescriptors): SimHypervisor {
  requireKnownKeys("simOpen", options, ["hypervisor", "stateTable", "eventfds"]);
  const result = addon().simOpen(options.hypervisor, options.stateTable, options.eventfds);
  return checked(result, { syscall: "mmap", wanted: "open the simulated device" });
}

/**
 * Plugs a cell in: masked, with no interrupt pending. Its state word is left as it stands.
 *
 * @throws IntercellError `EBUSY` if the peer is attached.
 */
export function simAttach(handle: SimHypervisor, peer: number): void {
  checked(addon().simAttach(handle, peer), { syscall: "attach", wanted: `attach peer ${peer}` });
}

/**
 * Unplugs a cell: finishes a delivery it was killed in and, unless `keepState` (a crash that no one has cleaned up),
 * zeroes its state, which interrupts the others if it was not 0. Idempotent.
 */
export function simDetach(handle: SimHypervisor, peer: number, keepState: boolean): void {
  checked(addon().simDetach(handle, peer, keepState), { syscall: "detach", wanted: `detach peer ${peer}` });
}

/** What the hypervisor knows of each peer, by id. Racy while cells run. */
export function simInspect(handle: SimHypervisor): SimPeerReport[] {
  return checked(addon().simInspect(handle), { syscall: "inspect", wanted: "inspect the simulated device" });
}

/** Unmaps the hypervisor's side. Idempotent; using the handle afterwards is `EBADF`. */
export function simClose(handle: SimHypervisor): void {
  addon().simClose(handle);
}
