import { createEmitter } from "../../channel/emitter.js";
import type { TypedEmitter } from "../../emitter.js";
import { isIntercellError, requireKnownKeys } from "../../errors.js";
import type { CanBus, CanSubscription, ReceivedFrame, Timestamp } from "../bus.js";
import { type CanClock, type ClockTimer, systemClock } from "../clock.js";
import { exactFilter } from "../filter.js";
import { formatId } from "../id.js";
import { type CheckedMessage, checkMessage, type MappedMessage } from "./message.js";
import type { MappedOptions } from "./options.js";

/**
 * Why a frame was withheld:
 * - `length`: it is shorter than the message
 * - `decode`: its bytes are no value of the layout
 * - `checksum`: the checksum is wrong
 * - `repeated`: its counter is that of the frame before
 * - `sequence`: its counter went on by more than `maxCounterStep`
 */
export type WithheldReason = "length" | "decode" | "checksum" | "repeated" | "sequence";

/** - `waiting`: nothing good has come yet. - `alive`: the last good frame is not too old. - `missing`: it is. */
export type MappedStatus = "waiting" | "alive" | "missing";

export type MappedReceiverEvents<T> = {
  message: (value: T, timestamp: Timestamp) => void;
  /** A frame was withheld; how many so far for this reason. */
  withheld: (reason: WithheldReason, total: number) => void;
  /** {@link MappedReceiver.status} changed. */
  status: (status: MappedStatus) => void;
};

/** Counters of a receiver since it was opened; all u53. */
export interface MappedReceiverStatistics {
  /** Good messages. */
  readonly received: number;
  readonly withheld: Readonly<Record<WithheldReason, number>>;
  /** Frames that the counter shows to have got lost. */
  readonly lost: number;
  /** Times that the message was found missing. */
  readonly timeouts: number;
}

/**
 * Opens the receiving side of a message that has a CAN id of its own. With `cycleMs` it is missed after `timeoutCycles` of them
 * without a good frame, from the opening on.
 *
 * @throws TypeError or RangeError if the description is wrong; IntercellError `ERR_CLOSED` if the bus is closed.
 */
export function openMappedReceiver<T>(
  bus: CanBus,
  message: MappedMessage<T>,
  options: MappedOptions = {},
): MappedReceiver<T> {
  requireKnownKeys("openMappedReceiver", options, ["clock"]);
  return new MappedReceiver(bus, checkMessage("a mapped message", message), options.clock ?? systemClock);
}

/** Takes one message, and watches that it comes. */
export class MappedReceiver<T> {
  /** Shown in messages, such as `123 on can0`. */
  readonly name: string;
  readonly events: TypedEmitter<MappedReceiverEvents<T>>;
  readonly #message: CheckedMessage<T>;
  readonly #clock: CanClock;
  readonly #subscription: CanSubscription;
  readonly #withheld = { length: 0, decode: 0, checksum: 0, repeated: 0, sequence: 0 };
  readonly #counters = { received: 0, lost: 0, timeouts: 0 };
  #latest: { readonly value: T; readonly timestamp: Timestamp } | undefined;
  #status: MappedStatus = "waiting";
  /** Counter of the last frame whose checksum was right; undefined after a pause. */
  #counter: number | undefined;
  #goodNs: number;
  #timer: ClockTimer | undefined;
  #closed = false;

  /** @internal Use {@link openMappedReceiver}. */
  constructor(bus: CanBus, message: CheckedMessage<T>, clock: CanClock) {
    this.#message = message;
    this.#clock = clock;
    this.name = `${formatId(message.id)} on ${bus.name}`;
    this.events = createEmitter(`the message ${this.name}`, ["message", "withheld", "status"]);
    this.#subscription = bus.listen((received) => this.#onFrame(received), { filters: [exactFilter(message.id)] });
    this.#goodNs = clock.elapsedNs();
    this.#watch();
  }

  get status(): MappedStatus {
    return this.#status;
  }

  /** The last good value and when it came. It stays when the message is missing: look at {@link status}. */
  get latest(): { readonly value: T; readonly timestamp: Timestamp } | undefined {
    return this.#latest;
  }

  get statistics(): MappedReceiverStatistics {
    return { ...this.#counters, withheld: { ...this.#withheld } };
  }

  /** Stops. The bus stays open. Idempotent. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#timer?.cancel();
    this.#subscription.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  #onFrame({ frame, timestamp }: ReceivedFrame): void {
    if (frame.kind !== "data" && frame.kind !== "fd") return;
    const { layout } = this.#message;
    if (frame.data.length < layout.lengthBytes) {
      this.#withhold("length");
      return;
    }
    // What a CAN FD frame has beyond the message is padding.
    const data = frame.data.subarray(0, layout.lengthBytes);
    const bad = this.#check(data);
    if (bad !== undefined) {
      this.#withhold(bad);
      return;
    }
    let value: T;
    try {
      value = layout.decode(data);
    } catch (error) {
      if (!isIntercellError(error)) throw error;
      this.#withhold("decode");
      return;
    }
    this.#counters.received += 1;
    this.#latest = { value, timestamp };
    this.#goodNs = this.#clock.elapsedNs();
    this.#become("alive");
    this.events.emit("message", value, timestamp);
  }

  #check(data: Uint8Array): WithheldReason | undefined {
    const { protection, maxCounterStep } = this.#message;
    if (protection === undefined) return undefined;
    const counter = protection.check(data);
    if (counter === undefined) return "checksum";
    if (protection.counterValues === 0) return undefined;
    const before = this.#counter;
    this.#counter = counter;
    if (before === undefined) return undefined;
    const step = (counter - before + protection.counterValues) % protection.counterValues;
    if (step === 0) return "repeated";
    if (step > maxCounterStep) return "sequence";
    this.#counters.lost += step - 1;
    return undefined;
  }

  #withhold(reason: WithheldReason): void {
    this.#withheld[reason] += 1;
    this.events.emit("withheld", reason, this.#withheld[reason]);
  }

  #become(status: MappedStatus): void {
    if (this.#status === status) return;
    this.#status = status;
    this.events.emit("status", status);
  }

  #watch(): void {
    const { cycleNs, timeoutCycles } = this.#message;
    if (cycleNs === undefined) return;
    const limitNs = cycleNs * timeoutCycles;
    const restNs = this.#goodNs + limitNs - this.#clock.elapsedNs();
    this.#timer = this.#clock.schedule(restNs > 0 ? restNs : limitNs, () => {
      if (this.#closed) return;
      if (this.#clock.elapsedNs() - this.#goodNs >= limitNs && this.#status !== "missing") {
        this.#counters.timeouts += 1;
        // Whoever sends may have started again, from any counter.
        this.#counter = undefined;
        this.#become("missing");
      }
      this.#watch();
    });
  }
}
