const NS_PER_MS = 1_000_000;

/** Node's timers count whole milliseconds and may end one early: within this time of the deadline the loop spins. */
const SPIN_NS = 2 * NS_PER_MS;

/**
 * Fires once a period and measures how late. Like the timer of Jailhouse's demo inmate it is programmed anew at each
 * firing, a period on from then, so that lateness does not add up.
 */
export class PeriodicTimer {
  readonly #periodNs: number;
  readonly #onFire: (jitterNs: number) => void;
  #deadlineNs = 0n;
  #timeout: NodeJS.Timeout | undefined;
  #immediate: NodeJS.Immediate | undefined;
  #running = false;

  /** @param onFire is given the nanoseconds that passed since the deadline, 0 or more. */
  constructor(periodMs: number, onFire: (jitterNs: number) => void) {
    this.#periodNs = periodMs * NS_PER_MS;
    this.#onFire = onFire;
  }

  /** Begins a period. Does nothing while it runs. */
  start(): void {
    if (this.#running) return;
    this.#running = true;
    this.#program();
  }

  /** Idempotent. */
  stop(): void {
    this.#running = false;
    clearTimeout(this.#timeout);
    clearImmediate(this.#immediate);
  }

  #program(): void {
    this.#deadlineNs = process.hrtime.bigint() + BigInt(this.#periodNs);
    this.#wait();
  }

  #wait(): void {
    const leftNs = Number(this.#deadlineNs - process.hrtime.bigint());
    if (leftNs > SPIN_NS) this.#timeout = setTimeout(() => this.#wait(), (leftNs - SPIN_NS) / NS_PER_MS);
    else if (leftNs > 0) this.#immediate = setImmediate(() => this.#wait());
    else this.#fire(-leftNs);
  }

  #fire(jitterNs: number): void {
    this.#onFire(jitterNs);
    if (this.#running) this.#program();
  }
}
