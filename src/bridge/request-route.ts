import { ErrorCode, isIntercellError } from "../errors.js";
import { RateLimit } from "./rate-limit.js";
import type { Route, RouteEnds, RouteStatistics } from "./route.js";
import type { RequestRule } from "./rule.js";

/** Requests of one kind, and their replies the other way. The channel bounds how many are under way. */
export class RequestRoute implements Route {
  readonly #name: string;
  readonly #ends: RouteEnds;
  readonly #timeoutMs: number;
  readonly #maxPerSecond: number;
  readonly #limit: RateLimit;
  readonly #unhandle: () => void;
  #forwarded = 0;
  #refused = 0;
  #failed = 0;
  #waiting = 0;

  constructor(name: string, rule: RequestRule, ends: RouteEnds) {
    this.#name = name;
    this.#ends = ends;
    this.#timeoutMs = rule.timeoutMs ?? 4000;
    this.#maxPerSecond = rule.maxPerSecond ?? Number.POSITIVE_INFINITY;
    this.#limit = new RateLimit(this.#maxPerSecond);
    this.#unhandle = ends.from.handle(name, (request, { signal }) => this.#pass(request, signal));
  }

  get statistics(): RouteStatistics {
    const [forwarded, dropped, failed, waiting] = [this.#forwarded, this.#refused, this.#failed, this.#waiting];
    const received = forwarded + dropped + failed + waiting;
    return { kind: "request", name: this.#name, to: this.#ends.side, received, forwarded, dropped, failed, waiting };
  }

  close(): void {
    this.#unhandle();
  }

  async #pass(request: unknown, signal: AbortSignal): Promise<unknown> {
    if (!this.#limit.tryPass()) {
      this.#refused += 1;
      throw new Error(`the bridge lets ${this.#maxPerSecond} of these pass in a second`);
    }
    this.#waiting += 1;
    try {
      const reply = await this.#ends.to.request(this.#name, request as never, { signal, timeoutMs: this.#timeoutMs });
      this.#forwarded += 1;
      return reply;
    } catch (error) {
      this.#failed += 1;
      throw remoteFault(error);
    } finally {
      this.#waiting -= 1;
    }
  }
}

/** What the answering side said, in its own words: the bridge has nothing to add. */
function remoteFault(error: unknown): unknown {
  if (!isIntercellError(error, ErrorCode.REMOTE)) return error;
  const { text } = error.cause as { readonly text: string };
  return text === "" ? error : new Error(text);
}
