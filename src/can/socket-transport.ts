import { constants } from "node:os";
import { ErrorCode, IntercellError, isIntercellError, systemError } from "../errors.js";
import {
  bindCanSocket,
  type CanReceiver,
  closeCanReceiver,
  closeDescriptor,
  createCanReceiver,
  type Descriptor,
  interfaceName,
  SEND_RESULT_BASE,
  sendCanFrames,
  watchCanReceiver,
} from "../native.js";
import type { ReceivedFrame } from "./bus.js";
import type { BusHandle, BusTransport } from "./bus-handle.js";
import type { CanInterface } from "./can-descriptor.js";
import type { CanFrame } from "./frame.js";
import { FrameBatch } from "./frame-batch.js";
import { InterfaceWatch } from "./interface/watch.js";
import { FrameBytesOf, MAX_FRAME_BYTES, writeFrame } from "./layout.js";
import { SEND_BATCH_FRAMES } from "./send-line.js";
import { applyFilters, type CheckedSocketOptions, readDrops } from "./socket-options.js";

const { EAGAIN, ENETDOWN, ENOBUFS, ENODEV, ENXIO } = constants.errno;

/** Errors that tell of the interface rather than of a frame. */
const interfaceErrors: readonly number[] = [ENETDOWN, ENODEV, ENXIO];

/** Pause before a device whose queue was full is tried again, in milliseconds: doubled each time, from the first to the last. */
const FIRST_RETRY_MS = 1;
const LAST_RETRY_MS = 16;

/** Carries frames by a CAN_RAW socket, which it closes with itself. */
export class SocketTransport implements BusTransport {
  /** What the socket carries now; what the interface carries may change while it is down. */
  readonly carriage: { readonly name: string; fd: boolean; xl: boolean };
  readonly #fd: Descriptor;
  readonly #options: CheckedSocketOptions;
  readonly #batch: FrameBatch;
  readonly #outgoing: Uint8Array;
  readonly #stride: number;
  readonly #sizes = new Uint32Array(SEND_BATCH_FRAMES);
  readonly #names = new Map<number, string>();
  #interface: CanInterface;
  #handle: BusHandle | undefined;
  #receiver: CanReceiver | undefined;
  #watch: InterfaceWatch | undefined;
  #dropped = 0;
  #wasFull = false;
  #retry: NodeJS.Timeout | undefined;
  #retryMs = FIRST_RETRY_MS;

  constructor(fd: Descriptor, found: CanInterface, options: CheckedSocketOptions) {
    this.#fd = fd;
    this.#options = options;
    this.#interface = found;
    this.carriage = { name: found.name, fd: false, xl: false };
    this.#adopt(found);
    this.#stride = options.xl ? MAX_FRAME_BYTES : FrameBytesOf.FD;
    this.#batch = new FrameBatch(this.#stride);
    this.#outgoing = new Uint8Array(SEND_BATCH_FRAMES * this.#stride);
  }

  get interfaceIndex(): number {
    return this.#interface.index;
  }

  /** Drops that the kernel has counted and that were not noted yet. */
  get pendingDrops(): number {
    const total = this.#receiver === undefined ? undefined : readDrops(this.#fd);
    return total === undefined ? 0 : (total - this.#dropped) >>> 0;
  }

  /** Begins to receive. */
  start(handle: BusHandle): void {
    this.#handle = handle;
    const { bytes, slotBytes } = this.#batch;
    const take = (count: number, writable: boolean) => this.#take(count, writable);
    this.#receiver = createCanReceiver(this.#fd, bytes, slotBytes, take, this.#options.gatherMs);
    if (this.#interface.index === 0) return;
    this.#watch = new InterfaceWatch(this.#interface, {
      reopen: this.#options.reopen,
      changed: (status, found) => {
        if (found !== undefined) this.#adopt(found);
        handle.setStatus(status);
      },
      returned: (found) => this.#rebind(found),
    });
  }

  transmit(frames: readonly CanFrame[]): number {
    if (this.#interface.index === 0) throw sendsNothing();
    let offset = 0;
    for (let index = 0; index < frames.length; index++) {
      this.#sizes[index] = writeFrame(this.#outgoing, offset, frames[index] as CanFrame);
      offset += this.#stride;
    }
    const result = sendCanFrames(this.#fd, this.#outgoing, this.#stride, this.#sizes, frames.length);
    const taken = Math.floor(result / SEND_RESULT_BASE);
    const errno = result - taken * SEND_RESULT_BASE;
    if (taken > 0) this.#retryMs = FIRST_RETRY_MS;
    if (errno === EAGAIN) this.#setWritable(true);
    else if (errno === ENOBUFS) this.#retryLater();
    else if (errno !== 0 && taken === 0) throw this.#refusal(errno);
    // The one after those that were taken is told its fault when it is tried again, as the first.
    else if (errno !== 0) queueMicrotask(() => this.#handle?.resume());
    return taken;
  }

  close(): void {
    this.#watch?.close();
    clearTimeout(this.#retry);
    if (this.#receiver !== undefined) closeCanReceiver(this.#receiver);
    this.#receiver = undefined;
    closeDescriptor(this.#fd);
  }

  /** Handles what native code received into the batch, or the fault that the socket has. */
  #take(count: number, writable: boolean): void {
    const handle = this.#handle as BusHandle;
    if (count < 0) this.#fault(-count);
    for (let slot = 0; slot < count && this.#receiver !== undefined; slot++) this.#deliver(handle, slot);
    if (count === this.#batch.slots) this.#wasFull = true;
    else if (this.#wasFull) {
      // Frames that were dropped behind the last that was queued are told by no frame.
      this.#wasFull = false;
      this.#noteDrops(handle, this.#dropped + this.pendingDrops);
    }
    if (!writable || this.#receiver === undefined) return;
    this.#setWritable(false);
    handle.resume();
  }

  #deliver(handle: BusHandle, slot: number): void {
    this.#noteDrops(handle, this.#batch.dropped(slot));
    const received = this.#read(slot);
    if (received === undefined) handle.noteUndecodable();
    else handle.deliver(received);
  }

  #read(slot: number): ReceivedFrame | undefined {
    const batch = this.#batch;
    try {
      const frame = batch.frame(slot);
      const timestamp = batch.timestamp(slot);
      const origin = batch.origin(slot);
      const interfaceName = this.#nameOf(batch.interface(slot));
      if (!this.#options.hardwareTimestamps) return { frame, timestamp, origin, interfaceName };
      const hardwareTimestamp = batch.hardwareTimestamp(slot);
      return { frame, timestamp, ...(hardwareTimestamp && { hardwareTimestamp }), origin, interfaceName };
    } catch (error) {
      if (!isIntercellError(error)) throw error;
      return undefined;
    }
  }

  /** @param total the kernel's count, which lags behind what was noted if it is that of a frame. */
  #noteDrops(handle: BusHandle, total: number): void {
    const count = (total - this.#dropped) | 0;
    if (count <= 0) return;
    this.#dropped = total >>> 0;
    handle.noteDropped(count);
  }

  #nameOf(index: number): string {
    if (index === this.#interface.index) return this.#interface.name;
    const known = this.#names.get(index);
    if (known !== undefined) return known;
    const name = interfaceName(index);
    // Removed since the frame came.
    if (typeof name === "number") return `interface ${index}`;
    this.#names.set(index, name);
    return name;
  }

  #setWritable(writable: boolean): void {
    if (this.#receiver !== undefined) watchCanReceiver(this.#receiver, true, writable);
  }

  /** The socket takes more, but the device does not, and nothing tells when it does. */
  #retryLater(): void {
    clearTimeout(this.#retry);
    this.#retry = setTimeout(() => this.#handle?.resume(), this.#retryMs);
    this.#retryMs = Math.min(2 * this.#retryMs, LAST_RETRY_MS);
  }

  /** What a send is refused with; the interface is looked at if that is why. */
  #refusal(errno: number): IntercellError {
    const { name } = this.#interface;
    if (interfaceErrors.includes(errno)) queueMicrotask(() => this.#watch?.look());
    return systemError({ errno, syscall: "sendmmsg", path: name, wanted: "send a frame" });
  }

  #fault(errno: number): void {
    if (interfaceErrors.includes(errno)) {
      this.#watch?.look();
      return;
    }
    const { name } = this.#interface;
    this.#handle?.fail(systemError({ errno, syscall: "recvmmsg", path: name, wanted: "receive frames" }));
  }

  /** Notes what the interface carries. */
  #adopt(found: CanInterface): void {
    this.#interface = found;
    this.carriage.fd = (this.#options.fd ?? true) && found.fd;
    this.carriage.xl = this.#options.xl && found.xl;
  }

  /** Another interface has the name of the one that was removed, from which the kernel has unbound the socket. */
  #rebind(found: CanInterface): void {
    applyFilters(this.#fd, this.#options, found);
    const errno = bindCanSocket(this.#fd, found.index);
    if (errno === 0) return;
    // Removed again already.
    if (interfaceErrors.includes(-errno)) return;
    this.#handle?.fail(systemError({ errno, syscall: "bind", path: found.name, wanted: "open the interface again" }));
  }
}

function sendsNothing(): IntercellError {
  const message = "Cannot send on all CAN interfaces at once. Open the one to send on by its name.";
  return new IntercellError(ErrorCode.UNSUPPORTED, message);
}
