import { setTimeout as delay } from "node:timers/promises";
import type { Receiver } from "../channel/index.js";
import { ErrorCode, IntercellError, isIntercellError } from "../errors.js";
import { RateLimit } from "./rate-limit.js";
import type { Route, RouteEnds, RouteStatistics } from "./route.js";
import type { StreamRule } from "./rule.js";

/** Messages or broadcasts of one kind: a bounded queue, and one value at a time from it into the other link. */
export class StreamRoute implements Route {
  readonly #kind: "message" | "broadcast";
  readonly #name: string;
  readonly #ends: RouteEnds;
  readonly #rule: StreamRule;
  readonly #limit: RateLimit;
  readonly #closing = new AbortController();
  #receiver: Receiver<unknown>;
  /** Of the receivers of before. */
  #droppedBefore = 0;
  #forwarded = 0;
  #failed = 0;
  /** One value is out of the queue and not yet on the link. */
  #inHand = 0;

  constructor(kind: "message" | "broadcast", name: string, rule: StreamRule, ends: RouteEnds) {
    this.#kind = kind;
    this.#name = name;
    this.#ends = ends;
    this.#rule = rule;
    this.#limit = new RateLimit(rule.maxPerSecond ?? Number.POSITIVE_INFINITY);
    this.#receiver = this.#receive();
    void this.#run();
  }

  get statistics(): RouteStatistics {
    const dropped = this.#droppedBefore + this.#receiver.dropped;
    const waiting = this.#receiver.length + this.#inHand;
    const [forwarded, failed] = [this.#forwarded, this.#failed];
    const received = forwarded + dropped + failed + waiting;
    return { kind: this.#kind, name: this.#name, to: this.#ends.side, received, forwarded, dropped, failed, waiting };
  }

  close(): void {
    if (this.#closing.signal.aborted) return;
    this.#droppedBefore += this.#receiver.length;
    this.#closing.abort();
    void this.#receiver.return();
  }

  #receive(): Receiver<unknown> {
    const { queue, overflow } = this.#rule;
    return this.#ends.from.receive(this.#name, { capacity: queue, overflow });
  }

  async #run(): Promise<void> {
    const { signal } = this.#closing;
    while (!signal.aborted) {
      // The turn comes before the value, so that what is sent is not what waited for the turn while newer ones came.
      await this.#turn(signal);
      if (signal.aborted) return;
      const value = await this.#next();
      if (value === undefined) continue;
      await this.#deliver(value, signal);
    }
  }

  /** Resolves when the rate allows one more and the other side is there, or when the bridge closes. */
  async #turn(signal: AbortSignal): Promise<void> {
    // A timer of Node may be up to a millisecond early.
    while (!signal.aborted && this.#limit.delayMs > 0) {
      await delay(Math.ceil(this.#limit.delayMs), undefined, { signal }).catch(() => {});
    }
    while (!signal.aborted && this.#ends.to.status !== "open") await this.#opened(signal);
  }

  async #opened(signal: AbortSignal): Promise<void> {
    const { events } = this.#ends.to;
    await new Promise<void>((resolve) => {
      const end = (): void => {
        events.off("open", end);
        signal.removeEventListener("abort", end);
        resolve();
      };
      events.on("open", end);
      signal.addEventListener("abort", end);
    });
  }

  /** Undefined if the reader ended: by a fault of the peer, which the channel tells, or as all is closing. */
  async #next(): Promise<object | undefined> {
    try {
      const { value, done } = await this.#receiver.next();
      if (done !== true) return value as object;
      this.close();
    } catch {
      // Whoever heard of the fault may have closed the bridge.
      if (this.#closing.signal.aborted) return undefined;
      this.#droppedBefore += this.#receiver.dropped;
      this.#receiver = this.#receive();
    }
    return undefined;
  }

  async #deliver(value: object, signal: AbortSignal): Promise<void> {
    this.#inHand = 1;
    try {
      while (!(await this.#hand(value, signal))) await this.#turn(signal);
      this.#forwarded += 1;
      this.#limit.passed();
    } catch (error) {
      if (signal.aborted) this.#droppedBefore += 1;
      else this.#refused(error);
    } finally {
      this.#inHand = 0;
    }
  }

  /** False if it is to be tried again, as the peer has another protocol for now. */
  async #hand(value: object, signal: AbortSignal): Promise<boolean> {
    signal.throwIfAborted();
    const { to } = this.#ends;
    try {
      if (this.#kind === "broadcast") to.broadcast(this.#name, value as never);
      else if (!to.trySend(this.#name, value as never)) await to.send(this.#name, value as never, { signal });
      return true;
    } catch (error) {
      if (isIntercellError(error, ErrorCode.TYPE_MISMATCH)) return false;
      throw error;
    }
  }

  #refused(cause: unknown): void {
    this.#failed += 1;
    const found = cause instanceof Error ? cause.message : String(cause);
    const code = isIntercellError(cause) ? cause.code : ErrorCode.UNSUPPORTED;
    const what = `Cannot carry ${this.#kind} "${this.#name}" to ${this.#ends.to.link.name}`;
    this.#ends.report(new IntercellError(code, `${what}: ${found}`, { cause }));
  }
}
