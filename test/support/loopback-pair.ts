import type { LoopbackOptions } from "./loopback-frame.js";
import { type Ends, LoopbackLink } from "./loopback-link.js";

/** Two links in one process that are each other's peers, with the mishaps of a real pair at call. */
export class LoopbackPair {
  readonly #options: LoopbackOptions;
  readonly #ends: Ends;
  #epochs = 0;

  constructor(options: Partial<LoopbackOptions> = {}) {
    this.#options = { capacityBytes: 4096, broadcastRecords: 8, ...options };
    this.#ends = [] as unknown as Ends;
    this.#ends[0] = this.#create(0);
    this.#ends[1] = this.#create(1);
  }

  get left(): LoopbackLink {
    return this.#ends[0];
  }

  get right(): LoopbackLink {
    return this.#ends[1];
  }

  /** Ends the right link without a word, as SIGKILL does, and starts another in its place. */
  restartRight(): void {
    this.right.kill();
    this.#ends[1] = this.#create(1);
    this.left.wake();
  }

  /** The right side's state word becomes 0, or its heartbeat stops; its session stands. */
  suspendRight(reason: "away" | "stalled" = "away"): void {
    this.right.suspended = reason;
    this.left.wake();
  }

  resumeRight(): void {
    this.right.suspended = undefined;
    this.left.wake();
  }

  /** The right side breaks the wire protocol. */
  breakRight(): void {
    this.right.broken = true;
    this.left.wake();
  }

  close(): void {
    this.left.close();
    this.right.close();
  }

  #create(side: 0 | 1): LoopbackLink {
    this.#epochs++;
    const link = new LoopbackLink(side, this.#ends, this.#epochs, this.#options);
    queueMicrotask(() => {
      for (const end of this.#ends) end.wake();
    });
    return link;
  }
}
