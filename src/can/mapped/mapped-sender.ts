import { requireWaitOptions } from "../../channel/wait.js";
import { ErrorCode, IntercellError, requireKnownKeys } from "../../errors.js";
import type { CanBus, CanSendOptions } from "../bus.js";
import { type CanClock, type ClockTimer, systemClock } from "../clock.js";
import type { CanFrame } from "../frame.js";
import { formatId } from "../id.js";
import type { BroadcastCycle } from "./broadcast-cycle.js";
import { type CheckedMessage, checkMessage, type MappedMessage, mappedFrame } from "./message.js";
import type { CycleTiming, MappedSenderOptions } from "./options.js";
import { chooseTiming, type TimingChoice } from "./timing.js";

/** Counters of a sender since it was opened; all u53. */
export interface MappedSenderStatistics {
  /**
   * Frames that the bus took. Of a cycle that the kernel keeps: frames that came back to the bus, which it hears if its filters
   * let the id pass; those of another socket of this machine that sends the same id are among them.
   */
  readonly sentFrames: number;
  /**
   * Cycles whose frame the bus did not take, as it had no room or was down. The kernel does not tell: of its cycles, those while
   * the bus was known to be down, and the frames that the counter of the message shows to be missing among those that came back.
   */
  readonly missedCycles: number;
  /** Changes that were overtaken by a newer one before the bus had room. */
  readonly supersededChanges: number;
}

/**
 * Opens the sending side of a message that has a CAN id of its own.
 *
 * @throws TypeError or RangeError if the description is wrong; IntercellError `ERR_UNSUPPORTED` for CAN FD on a classic bus. With
 * `timing: "kernel"` also `ERR_UNSUPPORTED` if the bus is no interface of the kernel, or the kernel cannot keep this cycle, and
 * what `openBroadcastManager` rejects with.
 */
export function openMappedSender<T>(
  bus: CanBus,
  message: MappedMessage<T>,
  options: MappedSenderOptions = {},
): MappedSender<T> {
  requireKnownKeys("openMappedSender", options, ["clock", "timing"]);
  const checked = checkMessage("a mapped message", message);
  if (checked.fd && !bus.fd) {
    const found = `Cannot send the CAN FD message ${formatId(message.id)} on ${bus.name}, which takes classic frames only`;
    throw new IntercellError(ErrorCode.UNSUPPORTED, found);
  }
  return new MappedSender(bus, checked, options.clock ?? systemClock, chooseTiming(bus, checked, options));
}

/** Sends one message as its mode says. */
export class MappedSender<T> {
  /** Shown in messages, such as `123 on can0`. */
  readonly name: string;
  /** Who keeps the cycle; undefined if the message is not cyclic. */
  readonly timing: CycleTiming | undefined;
  /** Why timers keep the cycle though the bus is an interface of the kernel; undefined if they do not, or were asked to. */
  readonly timingFault: IntercellError | undefined;
  readonly #bus: CanBus;
  readonly #message: CheckedMessage<T>;
  readonly #clock: CanClock;
  readonly #counters = { sentFrames: 0, missedCycles: 0, supersededChanges: 0 };
  /** The newest value, without counter and checksum. */
  #bytes: Uint8Array | undefined;
  /** The cycle, if the kernel keeps it. */
  readonly #cycle: BroadcastCycle<T> | undefined;
  /** Whether the frames have a counter, which the cycle of the kernel has in its hands. */
  readonly #counted: boolean;
  /** A change that waits for room. */
  #changeDue = false;
  #counter = 0;
  #timer: ClockTimer | undefined;
  #dueNs = 0;
  #closed = false;
  readonly #onRoom = () => this.#sendChange();
  readonly #onStatus = () => this.#follow();
  readonly #onClose = () => this.close();

  /** @internal Use {@link openMappedSender}. */
  constructor(bus: CanBus, message: CheckedMessage<T>, clock: CanClock, choice: TimingChoice<T>) {
    this.#bus = bus;
    this.#message = message;
    this.#clock = clock;
    this.#counted = (message.protection?.counterValues ?? 0) > 0;
    this.timing = choice.timing;
    this.timingFault = choice.fault;
    this.#cycle = choice.cycle;
    this.name = `${formatId(message.id)} on ${bus.name}`;
    bus.events.on("room", this.#onRoom).on("status", this.#onStatus).on("close", this.#onClose);
  }

  get statistics(): MappedSenderStatistics {
    const { sentFrames, missedCycles, supersededChanges } = this.#counters;
    const cycle = this.#cycle?.statistics ?? { sentFrames: 0, missedCycles: 0 };
    return {
      sentFrames: sentFrames + cycle.sentFrames,
      missedCycles: missedCycles + cycle.missedCycles,
      supersededChanges,
    };
  }

  /**
   * Gives the message a value. In mode `change` it is sent if that changes its bytes, in a cyclic one from now on at each cycle.
   *
   * @throws TypeError or RangeError if the value does not fit; IntercellError `ERR_CLOSED`.
   */
  set(value: T): void {
    this.#requireOpen();
    const bytes = this.#message.layout.encode(value);
    const changed = this.#bytes === undefined || Buffer.compare(bytes, this.#bytes) !== 0;
    this.#bytes = bytes;
    const { mode } = this.#message;
    const due = changed && mode.endsWith("change");
    const left = this.#cycle?.set(bytes, due && this.#counted) ?? false;
    if (left) this.#changeDue = false;
    else if (due) {
      if (this.#changeDue) this.#counters.supersededChanges += 1;
      this.#changeDue = true;
      this.#sendChange();
    }
    if (this.#cycle === undefined && mode.startsWith("cyclic") && this.#timer === undefined) {
      this.#dueNs = this.#clock.elapsedNs();
      if (mode === "cyclic") this.#sendCycle();
      this.#schedule();
    }
  }

  /**
   * Sends the message once, now: with a value, or the one that it has. If it has a counter and the kernel keeps its cycle, the kernel
   * sends it, which does not tell whether there was room.
   *
   * @throws as {@link set}; TypeError if it has none; what {@link CanBus.send} rejects with.
   */
  async send(value?: T, options: CanSendOptions = {}): Promise<void> {
    this.#requireOpen();
    if (value !== undefined) this.#bytes = this.#message.layout.encode(value);
    if (this.#bytes === undefined) throw new TypeError(`The message ${this.name} has no value yet: give it one`);
    if (this.#cycle?.begun) {
      requireWaitOptions("send", options);
      options.signal?.throwIfAborted();
      if (this.#cycle.set(this.#bytes, this.#counted)) return;
    }
    await this.#bus.send(this.#nextFrame(this.#bytes), options);
    this.#counters.sentFrames += 1;
  }

  /** Stops. The bus stays open. Idempotent. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#timer?.cancel();
    this.#cycle?.close();
    this.#bus.events.off("room", this.#onRoom).off("status", this.#onStatus).off("close", this.#onClose);
  }

  [Symbol.dispose](): void {
    this.close();
  }

  #requireOpen(): void {
    if (this.#closed) throw new IntercellError(ErrorCode.CLOSED, `The message ${this.name} is closed; open it again`);
  }

  /** The bus came up or went down. */
  #follow(): void {
    if (this.#bus.status !== "up") this.#cycle?.pause();
    else if (this.#cycle?.resume()) this.#changeDue = false;
    this.#sendChange();
  }

  #sendChange(): void {
    // A counter is the kernel's to give: what is due goes with the first frame of its cycle.
    if (this.#cycle !== undefined && this.#counted) return;
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
    if (!this.#counted) return mappedFrame(this.#message, bytes, 0);
    if (this.#cycle !== undefined) return mappedFrame(this.#message, bytes, this.#cycle.takeCounter());
    const counter = this.#counter;
    this.#counter = (counter + 1) % (this.#message.protection?.counterValues ?? 1);
    return mappedFrame(this.#message, bytes, counter);
  }
}
