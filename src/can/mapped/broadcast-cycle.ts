import { isIntercellError } from "../../errors.js";
import type { CyclicTransmission } from "../broadcast/broadcast.js";
import type { SharedBroadcasts } from "../broadcast/shared.js";
import type { CanBus, CanSubscription, ReceivedFrame } from "../bus.js";
import { type CanClock, type ClockTimer, systemClock } from "../clock.js";
import { exactFilter } from "../filter.js";
import type { CanFrame } from "../frame.js";
import { type CheckedMessage, mappedFrame } from "./message.js";

/**
 * The cycle of a message that a broadcast manager keeps: one frame, or one for each value of the counter in turn.
 *
 * An update has as many frames in the same order, after which the kernel goes on at the frame whose turn it was (bcm_tx_setup(),
 * net/can/bcm.c): the counter goes on. Which counter was on the wire last is known from the frames that come back to the bus, and
 * a new job begins behind it.
 */
export class BroadcastCycle<T> {
  readonly #bus: CanBus;
  readonly #message: CheckedMessage<T>;
  readonly #share: () => SharedBroadcasts;
  readonly #clock: CanClock = systemClock;
  readonly #counterValues: number;
  readonly #periodMs: number;
  readonly #subscription: CanSubscription;
  #shared: SharedBroadcasts | undefined;
  #job: CyclicTransmission | undefined;
  #bytes: Uint8Array | undefined;
  /** Counter of the first frame of the job. */
  #firstCounter = 0;
  /** The counter that was on the wire last. */
  #counter: number | undefined;
  /** Whether frames were heard without a gap since then, as far as the bus knows. */
  #unbroken = false;
  /** Since when there is a value and no job. */
  #idleNs: number | undefined;
  #retry: ClockTimer | undefined;
  #sentFrames = 0;
  #missedCycles = 0;
  #closed = false;
  readonly #onManagerClose = () => this.#lose();
  readonly #onDropped = () => {
    this.#unbroken = false;
  };

  /**
   * @param share gives what keeps the cycle.
   * @throws IntercellError if that cannot be opened, unless the interface is gone for now.
   */
  constructor(bus: CanBus, message: CheckedMessage<T>, share: () => SharedBroadcasts) {
    this.#bus = bus;
    this.#message = message;
    this.#share = share;
    this.#counterValues = message.protection?.counterValues ?? 0;
    this.#periodMs = (message.cycleNs as number) / 1e6;
    if (bus.status !== "removed") this.#take();
    this.#subscription = bus.listen((received) => this.#onFrame(received), { filters: [exactFilter(message.id)] });
    bus.events.on("dropped", this.#onDropped);
  }

  /** Frames that came back; cycles that the counter shows to have got lost, or that passed while the bus was down. */
  get statistics(): { readonly sentFrames: number; readonly missedCycles: number } {
    return { sentFrames: this.#sentFrames, missedCycles: this.#missedCycles + this.#idleCycles() };
  }

  /** Whether it has had a value. */
  get begun(): boolean {
    return this.#bytes !== undefined;
  }

  /**
   * Changes what is sent, beginning the cycle if need be.
   *
   * @param now whether a frame is sent at once and the period begins anew with it.
   * @returns whether one was, as is the case when the cycle begins.
   */
  set(bytes: Uint8Array, now: boolean): boolean {
    const before = this.#bytes;
    this.#bytes = bytes;
    if (this.#job === undefined) return this.resume();
    if (!now && before !== undefined && Buffer.compare(before, bytes) === 0) return false;
    try {
      this.#job.update(this.#frames(bytes), { restart: now });
      return now;
    } catch (error) {
      if (!isIntercellError(error)) throw error;
      this.#lose();
      return false;
    }
  }

  /** A counter for a frame that is sent while no cycle runs. */
  takeCounter(): number {
    this.#counter = this.#nextCounter();
    return this.#counter;
  }

  /** Begins again after a pause, if there is a value and the bus can take it; true if it did, with a frame at once. */
  resume(): boolean {
    const bytes = this.#bytes;
    if (this.#closed || this.#job !== undefined || bytes === undefined) return false;
    this.#idleNs ??= this.#clock.elapsedNs();
    if (this.#bus.status !== "up" || (this.#message.fd && !this.#bus.fd)) return false;
    try {
      const { manager } = this.#take();
      this.#firstCounter = this.#nextCounter();
      this.#job = manager.transmit(this.#frames(bytes), { periodMs: this.#periodMs });
    } catch (error) {
      if (!isIntercellError(error)) throw error;
      this.#lose();
      return false;
    }
    this.#missedCycles += this.#idleCycles();
    this.#idleNs = undefined;
    return true;
  }

  /** Ends the job while the bus is not up, as the kernel would go on counting. */
  pause(): void {
    this.#endJob();
    if (this.#bus.status === "removed") this.#letGo();
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#retry?.cancel();
    this.#missedCycles += this.#idleCycles();
    this.#endJob();
    this.#idleNs = undefined;
    this.#letGo();
    this.#subscription.close();
    this.#bus.events.off("dropped", this.#onDropped);
  }

  #frames(bytes: Uint8Array): CanFrame[] {
    const count = Math.max(1, this.#counterValues);
    return Array.from({ length: count }, (_, index) =>
      mappedFrame(this.#message, bytes, (this.#firstCounter + index) % count),
    );
  }

  #nextCounter(): number {
    return this.#counter === undefined ? 0 : (this.#counter + 1) % Math.max(1, this.#counterValues);
  }

  /** The kernel's own frames come to the bus as those of another socket of the machine. */
  #onFrame({ frame, origin }: ReceivedFrame): void {
    const { fd, layout, protection } = this.#message;
    if (origin !== "local" || frame.kind !== (fd ? "fd" : "data")) return;
    this.#sentFrames += 1;
    if (protection === undefined || this.#counterValues === 0 || frame.data.length < layout.lengthBytes) return;
    const counter = protection.check(frame.data.subarray(0, layout.lengthBytes));
    if (counter === undefined) return;
    const step = (counter - this.#nextCounter() + this.#counterValues) % this.#counterValues;
    // One that comes again is of another sender.
    if (this.#unbroken && counter !== this.#counter) this.#missedCycles += step;
    this.#unbroken = true;
    this.#counter = counter;
  }

  #take(): SharedBroadcasts {
    if (this.#shared === undefined) {
      this.#shared = this.#share();
      this.#shared.manager.events.on("close", this.#onManagerClose);
    }
    return this.#shared;
  }

  #letGo(): void {
    const shared = this.#shared;
    this.#shared = undefined;
    shared?.manager.events.off("close", this.#onManagerClose);
    shared?.close();
  }

  /** The manager is of no use any more. While the bus is up, another one is tried at each cycle. */
  #lose(): void {
    this.#endJob();
    this.#letGo();
    this.#retry?.cancel();
    if (this.#closed) return;
    this.#retry = this.#clock.schedule(this.#message.cycleNs as number, () => this.resume());
  }

  #endJob(): void {
    const job = this.#job;
    if (job === undefined) return;
    this.#job = undefined;
    this.#idleNs = this.#clock.elapsedNs();
    try {
      job.close();
    } catch (error) {
      if (!isIntercellError(error)) throw error;
      // What the kernel does not take back ends with its socket.
      this.#shared?.manager.close();
    }
  }

  #idleCycles(): number {
    if (this.#idleNs === undefined) return 0;
    return Math.floor((this.#clock.elapsedNs() - this.#idleNs) / (this.#message.cycleNs as number));
  }
}
