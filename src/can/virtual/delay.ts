import type { CanClock, ClockTimer } from "../clock.js";

/** Most deliveries that wait at a time; each takes memory. */
const MAX_WAITING = 100_000;

interface Delivery {
  readonly dueNs: number;
  readonly addedNs: number;
  readonly deliver: (lateNs: number) => void;
}

/** Holds deliveries back. None overtakes another, as frames of a bus never do. */
export class DelayLine {
  readonly #clock: CanClock;
  readonly #delivered: () => void;
  readonly #waiting: Delivery[] = [];
  #head = 0;
  #timer: ClockTimer | undefined;

  /** @param delivered called after some were delivered. */
  constructor(clock: CanClock, delivered: () => void) {
    this.#clock = clock;
    this.#delivered = delivered;
  }

  get waiting(): number {
    return this.#waiting.length - this.#head;
  }

  /** `deliver` is given how many nanoseconds it was held back. What does not fit any more ends the delay of the oldest. */
  add(delayNs: number, deliver: (lateNs: number) => void): void {
    const addedNs = this.#clock.elapsedNs();
    const dueNs = Math.max(addedNs + delayNs, this.#waiting.at(-1)?.dueNs ?? 0);
    this.#waiting.push({ dueNs, addedNs, deliver });
    if (this.waiting > MAX_WAITING) this.#deliverNext();
    this.#timer ??= this.#clock.schedule(dueNs - addedNs, () => this.#deliverDue());
  }

  close(): void {
    this.#timer?.cancel();
    this.#waiting.length = 0;
    this.#head = 0;
  }

  #deliverDue(): void {
    this.#timer = undefined;
    const nowNs = this.#clock.elapsedNs();
    while ((this.#waiting[this.#head]?.dueNs ?? Number.POSITIVE_INFINITY) <= nowNs) this.#deliverNext();
    const next = this.#waiting[this.#head];
    if (next !== undefined) this.#timer = this.#clock.schedule(next.dueNs - nowNs, () => this.#deliverDue());
    this.#delivered();
  }

  #deliverNext(): void {
    const next = this.#waiting[this.#head];
    if (next === undefined) return;
    this.#head += 1;
    if (this.#head === this.#waiting.length || this.#head >= 1024) {
      this.#waiting.splice(0, this.#head);
      this.#head = 0;
    }
    next.deliver(this.#clock.elapsedNs() - next.addedNs);
  }
}
