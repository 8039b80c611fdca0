import { constants } from "node:os";
import { createEmitter } from "../../channel/emitter.js";
import type { TypedEmitter } from "../../emitter.js";
import { ErrorCode, IntercellError, isIntercellError, systemError } from "../../errors.js";
import {
  type CanReceiver,
  CanSlot,
  closeCanReceiver,
  closeDescriptor,
  createCanReceiver,
  type Descriptor,
  SEND_RESULT_BASE,
  sendCanFrames,
} from "../../native.js";
import type { CanInterface } from "../can-descriptor.js";
import type { CanFrame } from "../frame.js";
import { FrameBatch } from "../frame-batch.js";
import type { CanId } from "../id.js";
import { readDrops } from "../socket-options.js";
import type {
  BroadcastManager,
  BroadcastManagerEvents,
  BroadcastStatistics,
  ContentWatch,
  CyclicTransmission,
  TransmitOptions,
  WatchOptions,
} from "./broadcast.js";
import { KernelCycle, KernelWatch } from "./kernel-jobs.js";
import {
  BroadcastFlag,
  type BroadcastMessage,
  BroadcastOpcode,
  decodeBroadcast,
  encodeBroadcast,
  type LongBits,
  MAX_EVENT_BYTES,
} from "./message.js";
import { alreadyWatched, checkCycle, checkCycleFrames, checkWatch } from "./options.js";

/** Has the kernel keep cycles and watches, by a CAN_BCM socket that it closes with itself. */
export class KernelBroadcastManager implements BroadcastManager {
  readonly name: string;
  readonly timing = "kernel";
  readonly events: TypedEmitter<BroadcastManagerEvents>;
  readonly #fd: Descriptor;
  readonly #fdFrames: boolean;
  readonly #bits: LongBits;
  readonly #batch = new FrameBatch(MAX_EVENT_BYTES);
  readonly #receiver: CanReceiver;
  readonly #cycles = new Map<number, KernelCycle>();
  readonly #watches = new Map<string, KernelWatch>();
  #nextKey = 1;
  #closed = false;

  constructor(fd: Descriptor, { name, fd: fdFrames }: CanInterface, bits: LongBits) {
    this.name = name;
    this.#fd = fd;
    this.#fdFrames = fdFrames;
    this.#bits = bits;
    this.events = createEmitter<BroadcastManagerEvents>(`the broadcast manager of ${name}`, ["error", "close"]);
    const { bytes, slotBytes } = this.#batch;
    this.#receiver = createCanReceiver(fd, bytes, slotBytes, (count) => this.#take(count));
  }

  get statistics(): BroadcastStatistics {
    return { skippedFrames: 0, droppedEvents: this.#closed ? 0 : (readDrops(this.#fd) ?? 0) };
  }

  transmit(frames: CanFrame | readonly CanFrame[], options: TransmitOptions): CyclicTransmission {
    this.#requireOpen();
    const checked = checkCycle(options);
    const list = checkCycleFrames(this.name, this.#fdFrames, frames);
    // The kernel knows a cycle by this number alone, unless TX_CP_CAN_ID makes it the id of its frames.
    const key = this.#nextKey++;
    const cycle = new KernelCycle(this.name, key, list, {
      fd: this.#fdFrames,
      send: (message) => this.#send(message),
      ended: () => this.#cycles.delete(key),
    });
    cycle.start(checked);
    this.#cycles.set(key, cycle);
    return cycle;
  }

  watch(id: CanId, options: WatchOptions = {}): ContentWatch {
    this.#requireOpen();
    const checked = checkWatch(id, options);
    const key = watchKey(id, checked.fd);
    if (this.#watches.has(key)) throw alreadyWatched(this.name, id);
    const watch = new KernelWatch(id, checked, {
      send: (message) => this.#send(message),
      ended: () => this.#watches.delete(key),
    });
    watch.start();
    this.#watches.set(key, watch);
    return watch;
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    // The kernel removes all jobs with the socket.
    closeCanReceiver(this.#receiver);
    closeDescriptor(this.#fd);
    for (const cycle of [...this.#cycles.values()]) cycle.end();
    for (const watch of [...this.#watches.values()]) watch.end();
    this.events.emit("close");
  }

  [Symbol.dispose](): void {
    this.close();
  }

  /** Has the kernel do something. @throws IntercellError with the errno of its refusal. */
  #send(message: BroadcastMessage): void {
    if (this.#closed) return;
    const errno = sendBroadcast(this.#fd, message, this.#bits);
    if (errno === 0) return;
    throw systemError({
      errno,
      syscall: "sendmsg",
      path: this.name,
      wanted: "give the kernel's broadcast manager a job",
    });
  }

  #take(count: number): void {
    if (count < 0) this.#fault(-count);
    for (let slot = 0; slot < count && !this.#closed; slot++) this.#event(slot);
  }

  #event(slot: number): void {
    const message = this.#read(slot);
    if (message === undefined) return;
    const { opcode, canId, frames } = message;
    if (opcode === BroadcastOpcode.TX_EXPIRED) this.#cycles.get(canId)?.done();
    const watch = this.#watches.get(watchKey(canId as CanId, (message.flags & BroadcastFlag.CAN_FD_FRAME) !== 0));
    if (opcode === BroadcastOpcode.RX_TIMEOUT) watch?.events.emit("timeout");
    const [frame] = frames;
    if (opcode !== BroadcastOpcode.RX_CHANGED || frame === undefined) return;
    const timestamp = this.#batch.timestamp(slot);
    const origin = this.#batch.origin(slot);
    watch?.events.emit("changed", { frame, timestamp, origin, interfaceName: this.name });
  }

  #read(slot: number): BroadcastMessage | undefined {
    const { bytes, slotBytes } = this.#batch;
    const start = slot * slotBytes + CanSlot.BYTES;
    try {
      return decodeBroadcast(bytes.subarray(start, start + this.#batch.length(slot)), this.#bits);
    } catch (error) {
      if (!isIntercellError(error)) throw error;
      this.events.emit("error", error);
      return undefined;
    }
  }

  #fault(errno: number): void {
    const wanted = "keep cycles and watches";
    this.events.emit("error", systemError({ errno, syscall: "recvmsg", path: this.name, wanted }));
    if (errno !== constants.errno.ENETDOWN) this.close();
  }

  #requireOpen(): void {
    if (this.#closed) throw new IntercellError(ErrorCode.CLOSED, `The broadcast manager of ${this.name} is closed`);
  }
}

function watchKey(id: CanId, fd: boolean): string {
  return `${id}/${fd}`;
}

/** Gives a message to the kernel: 0, or the errno of its refusal. */
export function sendBroadcast(fd: Descriptor, message: BroadcastMessage, bits: LongBits): number {
  const bytes = encodeBroadcast(message, bits);
  return sendCanFrames(fd, bytes, bytes.length, Uint32Array.of(bytes.length), 1) % SEND_RESULT_BASE;
}
