import { requireWaitOptions } from "../../channel/wait.js";
import { ErrorCode, IntercellError, requireKnownKeys } from "../../errors.js";
import type { CanBus, CanSendOptions } from "../bus.js";
import { type CanClock, type ClockTimer, systemClock } from "../clock.js";
import { type CanFrame, dataFrame, fdFrame } from "../frame.js";
import { formatId } from "../id.js";
import { isSocketCan } from "../socket-can.js";
import { lacksBroadcasts, MappedCycle } from "./mapped-cycle.js";
import { type CheckedMessage, checkMessage, type MappedMessage } from "./message.js";

export interface MappedOptions {
  /** @defaultValue the clock of the machine */
  readonly clock?: CanClock;
}

/**
 * Who keeps the time of a cycle.
 *
 * - `kernel`: its broadcast manager (CAN_BCM), also while JavaScript is busy
 * - `process`: timers of this process
 */
export type CycleTiming = "kernel" | "process";

export interface MappedSenderOptions extends MappedOptions {
  /** @defaultValue the kernel for an interface of a kernel that can, unless there is a `clock`; this process otherwise */
  readonly timing?: CycleTiming;
}

/** Counters of a sender since it was opened; all u53. The kernel tells nothing of the frames of its cycles, sent or not. */
export interface MappedSenderStatistics {
  /** Frames that the bus took from this process. */
  readonly sentFrames: number;
  /** Cycles of this process whose frame the bus did not take, as it had no room or was down. */
  readonly missedCycles: number;
  /** Changes that were overtaken by a newer one before the bus had room. */
  readonly supersededChanges: number;
}

/**
 * Opens the sending side of a message that has a CAN id of its own.
 *
 * @throws TypeError or RangeError if the description is wrong; IntercellError `ERR_UNSUPPORTED` for CAN FD on a classic bus,
 * or if the kernel is to keep the cycle and cannot.
 */
export function openMappedSender<T>(
  bus: CanBus,
  message: MappedMessage<T>,
  options: MappedSenderOptions = {},
): MappedSender<T> {
  requireKnownKeys("openMappedSender", options, ["clock", "timing"]);
  const { clock, timing } = options;
  const checked = checkMessage("a mapped message", message);
  if (timing !== undefined && !TIMINGS.includes(timing)) {
    throw new TypeError(`The timing is one of ${TIMINGS.join(", ")}, not ${String(timing)}`);
  }
  if (timing === "kernel" && clock !== undefined) throw new TypeError("The kernel keeps its own time: give no clock");
  if (checked.fd && !bus.fd) {
    const found = `Cannot send the CAN FD message ${formatId(message.id)} on ${bus.name}, which takes classic frames only`;
    throw new IntercellError(ErrorCode.UNSUPPORTED, found);
  }
  return new MappedSender(bus, checked, clock ?? systemClock, timing ?? (clock && "process"));
}

const TIMINGS: readonly CycleTiming[] = ["kernel", "process"];

/** Sends one message as its mode says. */
export class MappedSender<T> {
  /** Shown in messages, such as `123 on can0`. */
  readonly name: string;
  readonly #bus: CanBus;
  readonly #message: CheckedMessage<T>;
  readonly #clock: CanClock;
  readonly #counters = { sentFrames: 0, missedCycles: 0, supersededChanges: 0 };
  /** The newest value, without counter and checksum. */
  #bytes: Uint8Array | undefined;
  /** A change that waits for room. */
  #changeDue = false;
  #counter = 0;
  #kernel: MappedCycle | undefined;
  #timer: ClockTimer | undefined;
  #dueNs = 0;
  #closed = false;
  readonly #onRoom = () => this.#sendChange();
  readonly #onClose = () => this.close();
  readonly #onKernelFailed = () => {
    this.#kernel = undefined;
    if (this.#bytes !== undefined) this.#startTimer();
  };

  /** @internal Use {@link openMappedSender}. */
  constructor(bus: CanBus, message: CheckedMessage<T>, clock: CanClock, timing: CycleTiming | undefined) {
    this.#bus = bus;
    this.#message = message;
    this.#clock = clock;
    this.name = `${formatId(message.id)} on ${bus.name}`;
    if (timing !== "process" && message.mode.startsWith("cyclic")) this.#kernel = this.#openKernel(timing);
    bus.events.on("room", this.#onRoom).on("status", this.#onRoom).on("close", this.#onClose);
  }

  /** Who keeps the time of the cycle, if there is one. */
  get timing(): CycleTiming {
    return this.#kernel === undefined ? "process" : "kernel";
  }

  get statistics(): MappedSenderStatistics {
    return { ...this.#counters };
  }

  /**
   * Gives the message a value. In mode `change` it is sent if that changes its bytes, in a cyclic one from now on at each cycle.
   *
   * @throws TypeError or RangeError if the value does not fit; IntercellError `ERR_CLOSED`, or the errno with which the kernel
   * refuses a cycle.
   */
  set(value: T): void {
    this.#requireOpen();
    const bytes = this.#message.layout.encode(value);
    const changed = this.#bytes === undefined || Buffer.compare(bytes, this.#bytes) !== 0;
    this.#bytes = bytes;
    const onChange = changed && this.#message.mode.endsWith("change");
    if (this.#kernel !== undefined) {
      if (changed || !this.#kernel.running) this.#kernel.set(this.#turn(bytes), onChange);
      return;
    }
    if (onChange) {
      if (this.#changeDue) this.#counters.supersededChanges += 1;
      this.#changeDue = true;
      this.#sendChange();
    }
    this.#startTimer();
  }

  /**
   * Sends the message once, now: with a value, or the one that it has. While the kernel sends it in a cycle, the kernel sends
   * this one too, so that the counter goes on.
   *
   * @throws as {@link set}; TypeError if it has none; what {@link CanBus.send} rejects with.
   */
  async send(value?: T, options: CanSendOptions = {}): Promise<void> {
    this.#requireOpen();
    if (value !== undefined) this.#bytes = this.#message.layout.encode(value);
    if (this.#bytes === undefined) throw new TypeError(`The message ${this.name} has no value yet: give it one`);
    if (this.#kernel?.running && this.#bus.status === "up") {
      requireWaitOptions("send", options);
      options.signal?.throwIfAborted();
      this.#kernel.set(this.#turn(this.#bytes), true);
      return;
    }
    await this.#bus.send(this.#nextFrame(this.#bytes), options);
    this.#counters.sentFrames += 1;
  }

  /** Stops. The bus stays open. Idempotent. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#timer?.cancel();
    this.#kernel?.close();
    this.#bus.events.off("room", this.#onRoom).off("status", this.#onRoom).off("close", this.#onClose);
  }

  [Symbol.dispose](): void {
    this.close();
  }

  #requireOpen(): void {
    if (this.#closed) throw new IntercellError(ErrorCode.CLOSED, `The message ${this.name} is closed; open it again`);
  }

  #openKernel(timing: CycleTiming | undefined): MappedCycle | undefined {
    const periodMs = (this.#message.cycleNs as number) / 1e6;
    if (!isSocketCan(this.#bus)) {
      if (timing === undefined) return undefined;
      const found = `The kernel cannot send ${this.name} in a cycle, as that bus is no interface of the kernel`;
      throw new IntercellError(ErrorCode.UNSUPPORTED, `${found}. Leave the timing to this process.`);
    }
    try {
      return new MappedCycle(this.#bus, periodMs, this.#onKernelFailed);
    } catch (error) {
      if (timing === undefined && lacksBroadcasts(error)) return undefined;
      throw error;
    }
  }

  /** The frames of the kernel's cycle: one for each value of the counter, or just one. */
  #turn(bytes: Uint8Array): CanFrame[] {
    const { protection } = this.#message;
    const count = Math.max(1, protection?.counterValues ?? 0);
    const first = this.#counter;
    const frames = Array.from({ length: count }, () => this.#nextFrame(bytes));
    // Of a message without counter as well as of one whose counter went round once.
    this.#counter = first;
    return frames;
  }

  #startTimer(): void {
    const { mode } = this.#message;
    if (!mode.startsWith("cyclic") || this.#timer !== undefined) return;
    this.#dueNs = this.#clock.elapsedNs();
    if (mode === "cyclic") this.#sendCycle();
    this.#schedule();
  }

  #sendChange(): void {
    if (this.#changeDue && this.#trySend()) this.#changeDue = false;
  }

  #sendCycle(): void {
    if (this.#trySend()) this.#changeDue = false;
    else this.#counters.missedCycles += 1;
  }

  /** Cycles that have passed while nobody looked are missed, so that the phase stays. */
  #schedule(): void {
    const cycleNs = this.#message.cycleNs as number;
    this.#dueNs += cycleNs;
    for (; this.#dueNs <= this.#clock.elapsedNs(); this.#dueNs += cycleNs) this.#counters.missedCycles += 1;
    this.#timer = this.#clock.schedule(this.#dueNs - this.#clock.elapsedNs(), () => {
      if (this.#closed) return;
      this.#sendCycle();
      this.#schedule();
    });
  }

  #trySend(): boolean {
    if (this.#bytes === undefined || this.#bus.status !== "up") return false;
    const counter = this.#counter;
    try {
      if (this.#bus.trySend(this.#nextFrame(this.#bytes))) {
        this.#counters.sentFrames += 1;
        return true;
      }
    } catch (error) {
      if (!(error instanceof IntercellError)) throw error;
    }
    // A frame that did not leave has used no counter, or the receiver would count it as lost.
    this.#counter = counter;
    return false;
  }

  #nextFrame(bytes: Uint8Array): CanFrame {
    const { id, protection, fd, bitRateSwitch } = this.#message;
    const data = bytes.slice();
    protection?.protect(data, this.#counter);
    if (protection !== undefined && protection.counterValues > 0) {
      this.#counter = (this.#counter + 1) % protection.counterValues;
    }
    return fd ? fdFrame(id, data, { bitRateSwitch }) : dataFrame(id, data);
  }
}
