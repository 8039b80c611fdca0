/**
 * How a node learns that a peer did something:
 * - `doorbell`: sleeps until the peer rings. No cost while idle; a wake-up takes as long as the kernel takes.
 * - `adaptive`: keeps looking for a while after the last record, then sleeps. Fast in bursts, idle else.
 * - `spin`: looks in every turn of the event loop and never sleeps. One core is busy.
 * - `manual`: looks when the application calls `poll()`, and at interrupts. For loops of one's own that never return to the event loop.
 */
export type WaitStrategy = "doorbell" | "adaptive" | "spin" | "manual";

export const WAIT_STRATEGIES: readonly WaitStrategy[] = ["doorbell", "adaptive", "spin", "manual"];

/** Looks in one turn of the event loop, for the strategies that do not sleep at once. */
const LOOKS_PER_TURN = 64;

export interface WaiterTarget {
  /** Handles what is there; returns how many records. */
  poll(): number;
  /** Asks the peers to ring. Returns false if there is something to do already. */
  arm(): boolean;
  disarm(): void;
}

/** Runs the polls of one node by its strategy. */
export class Waiter {
  readonly #strategy: WaitStrategy;
  readonly #adaptiveMs: number;
  readonly #target: WaiterTarget;
  #turn: NodeJS.Immediate | undefined;
  #armed = false;
  #activeAtMs = 0;
  #stopped = false;
  readonly #onTurn = () => {
    this.#turn = undefined;
    this.#look();
  };

  /** @param adaptiveMs how long `adaptive` keeps looking after the last record. */
  constructor(strategy: WaitStrategy, adaptiveMs: number, target: WaiterTarget) {
    this.#strategy = strategy;
    this.#adaptiveMs = adaptiveMs;
    this.#target = target;
  }

  /** True while the peers are asked to ring. */
  get armed(): boolean {
    return this.#armed;
  }

  /** An interrupt came: looks at once. */
  wake(): void {
    if (this.#turn === undefined) {
      this.#look();
    }
  }

  /** Looks in the next turn of the event loop. */
  attend(): void {
    if (this.#turn === undefined && !this.#stopped) {
      this.#turn = setImmediate(this.#onTurn);
    }
  }

  stop(): void {
    this.#stopped = true;
    clearImmediate(this.#turn);
    this.#turn = undefined;
  }

  #look(): void {
    if (this.#stopped) {
      return;
    }
    const handled = this.#poll();
    if (this.#stopped || this.#strategy === "manual") {
      return;
    }
    if (this.#strategy === "spin" || (this.#strategy === "adaptive" && this.#recentlyActive(handled))) {
      this.#stayAwake();
    } else {
      this.#sleep();
    }
  }

  #poll(): number {
    let handled = this.#target.poll();
    if (this.#strategy === "spin" || this.#strategy === "adaptive") {
      for (let look = 1; look < LOOKS_PER_TURN && handled === 0 && !this.#stopped; look += 1) {
        handled = this.#target.poll();
      }
    }
    return handled;
  }

  #recentlyActive(handled: number): boolean {
    const nowMs = performance.now();
    if (handled > 0) {
      this.#activeAtMs = nowMs;
    }
    return nowMs - this.#activeAtMs < this.#adaptiveMs;
  }

  #stayAwake(): void {
    if (this.#armed) {
      this.#armed = false;
      this.#target.disarm();
    }
    this.attend();
  }

  #sleep(): void {
    this.#armed = true;
    if (!this.#target.arm()) {
      this.attend();
    }
  }
}
