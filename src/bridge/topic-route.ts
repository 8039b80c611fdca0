import { ErrorCode, IntercellError, isIntercellError } from "../errors.js";
import type { Route, RouteEnds, RouteStatistics } from "./route.js";
import type { TopicRule } from "./rule.js";

/** The newest value of a topic, looked at now and then. */
export class TopicRoute implements Route {
  readonly #name: string;
  readonly #ends: RouteEnds;
  readonly #timer: NodeJS.Timeout;
  /** How many values the peer had published when it was looked at last. */
  #count = 0;
  #forwarded = 0;
  #replaced = 0;
  #failed = 0;
  readonly #restarted = (): void => {
    this.#count = 0;
  };

  constructor(name: string, rule: TopicRule, ends: RouteEnds) {
    this.#name = name;
    this.#ends = ends;
    this.#timer = setInterval(() => this.#look(), rule.everyMs ?? 100);
    ends.from.events.on("lost", ({ resumable }) => {
      if (!resumable) this.#restarted();
    });
  }

  get statistics(): RouteStatistics {
    const [forwarded, dropped, failed] = [this.#forwarded, this.#replaced, this.#failed];
    const received = forwarded + dropped + failed;
    return { kind: "topic", name: this.#name, to: this.#ends.side, received, forwarded, dropped, failed, waiting: 0 };
  }

  close(): void {
    clearInterval(this.#timer);
  }

  #look(): void {
    const { from, to } = this.#ends;
    const latest = from.latest(this.#name);
    if (latest === undefined || latest.count === this.#count) return;
    // A count that goes back is that of a peer whose restart was not told apart.
    const since = latest.count > this.#count ? latest.count - this.#count : latest.count;
    this.#count = latest.count;
    this.#replaced += since - 1;
    try {
      to.publish(this.#name, latest.value as never);
      this.#forwarded += 1;
    } catch (cause) {
      this.#failed += 1;
      const found = cause instanceof Error ? cause.message : String(cause);
      const code = isIntercellError(cause) ? cause.code : ErrorCode.UNSUPPORTED;
      const message = `Cannot carry topic "${this.#name}" to ${to.link.name}: ${found}`;
      this.#ends.report(new IntercellError(code, message, { cause }));
    }
  }
}
