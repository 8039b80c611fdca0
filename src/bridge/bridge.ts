import { createEmitter } from "../channel/emitter.js";
import {
  type Channel,
  type ChannelStatistics,
  type Link,
  type LinkDown,
  openChannel,
  type Protocol,
  type ProtocolDefinition,
} from "../channel/index.js";
import type { TypedEmitter } from "../emitter.js";
import { type IntercellError, requireKnownKeys } from "../errors.js";
import { RequestRoute } from "./request-route.js";
import type { AnyChannel, Route, RouteEnds, RouteStatistics } from "./route.js";
import { type BridgeRules, checkBridgeRules, type Direction, ruleParts, type Side } from "./rule.js";
import { StreamRoute } from "./stream-route.js";
import { TopicRoute } from "./topic-route.js";

export interface BridgeOptions<D extends ProtocolDefinition = ProtocolDefinition> extends BridgeRules<D> {
  readonly left: Link;
  readonly right: Link;
  /** Name of the channel on both links. @defaultValue name of the protocol */
  readonly name?: string | undefined;
}

export type BridgeEvents = {
  /** The channel to this side is open. */
  open: (side: Side) => void;
  /** The channel to this side is not open any more; `open` follows if the peer comes back. */
  lost: (side: Side, down: LinkDown) => void;
  /** The peer of a side has another protocol or sent what cannot be used, or a link refused a value. The bridge goes on. */
  error: (error: IntercellError, side: Side) => void;
  /** The bridge or one of its links was closed. */
  close: () => void;
};

/** A snapshot of the counters of a bridge. */
export interface BridgeStatistics {
  /** In the order of the protocol; what goes both ways has two. */
  readonly routes: readonly RouteStatistics[];
  /** Of the channel to each side. `unheard` are those that no rule carries. */
  readonly left: ChannelStatistics;
  readonly right: ChannelStatistics;
}

const optionKeys = ["left", "right", "name", ...ruleParts];
const eventNames: readonly (keyof BridgeEvents)[] = ["open", "lost", "error", "close"];

/**
 * Connects the channels of one protocol on two links: what one peer sends by a rule, the other one gets, as if they had one link.
 * The links stay open when the bridge closes.
 *
 * @throws TypeError or RangeError if a rule or option is wrong, or there is no rule; IntercellError as of `openChannel()`.
 */
export function createBridge<const D extends ProtocolDefinition>(
  protocol: Protocol<D>,
  options: BridgeOptions<D>,
): Bridge {
  return new Bridge(protocol as Protocol, options as BridgeOptions);
}

/** Channels of one protocol on two links that are connected. Made by {@link createBridge}. */
export class Bridge {
  readonly protocol: Protocol;
  readonly left: Channel;
  readonly right: Channel;
  /** An `error` that nobody listens to is no throw. */
  readonly events: TypedEmitter<BridgeEvents>;
  readonly #routes: readonly Route[];
  #closed = false;

  /** @internal */
  constructor(protocol: Protocol, options: BridgeOptions) {
    requireKnownKeys("createBridge", options, optionKeys);
    const { left, right, name } = options;
    if (left === right) throw new TypeError("The two links of a bridge are one and the same");
    const plans = planRoutes(protocol, options);
    this.protocol = protocol;
    this.events = createEmitter<BridgeEvents>(`the bridge of ${protocol.name}`, eventNames);
    // What no rule carries must not keep the rest waiting.
    const channelOptions = { name, holdUntilListened: false };
    this.left = openChannel(left, protocol, channelOptions);
    try {
      this.right = openChannel(right, protocol, channelOptions);
    } catch (error) {
      this.left.close();
      throw error;
    }
    this.#routes = plans.map(({ side, create }) => create(this.#ends(side)));
    this.#follow("left", this.left);
    this.#follow("right", this.right);
  }

  get closed(): boolean {
    return this.#closed;
  }

  get statistics(): BridgeStatistics {
    const routes = this.#routes.map(({ statistics }) => statistics);
    return { routes, left: this.left.statistics, right: this.right.statistics };
  }

  /** Closes its two channels. What waits on the bridge is dropped and counted. Idempotent. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#stop();
    this.left.close();
    this.right.close();
    this.events.emit("close");
  }

  [Symbol.dispose](): void {
    this.close();
  }

  /** Waits up to a second for the peers to take what was sent, then closes. What waits on the bridge is dropped and counted. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop();
    await Promise.all([this.left, this.right].map((channel) => channel[Symbol.asyncDispose]()));
    this.close();
  }

  #stop(): void {
    for (const route of this.#routes) route.close();
  }

  #ends(side: Side): RouteEnds {
    const [from, to] = side === "right" ? [this.left, this.right] : [this.right, this.left];
    return {
      from: from as AnyChannel,
      to: to as AnyChannel,
      side,
      report: (error) => this.events.emit("error", error, side),
    };
  }

  #follow(side: Side, channel: Channel): void {
    channel.events
      .on("open", () => this.events.emit("open", side))
      .on("lost", (down) => this.events.emit("lost", side, down))
      .on("mismatch", (error) => this.events.emit("error", error, side))
      .on("error", (error) => this.events.emit("error", error, side))
      .on("close", () => this.close());
  }
}

interface Plan {
  readonly side: Side;
  readonly create: (ends: RouteEnds) => Route;
}

function planRoutes(protocol: Protocol, options: BridgeOptions): readonly Plan[] {
  const { messages, broadcasts, requests, topics } = checkBridgeRules(protocol, options);
  const plans: Plan[] = [];
  const plan = (to: Direction, create: Plan["create"]): void => {
    for (const side of to === "both" ? (["left", "right"] as const) : [to]) plans.push({ side, create });
  };
  for (const { name, rule } of messages) plan(rule.to, (ends) => new StreamRoute("message", name, rule, ends));
  for (const { name, rule } of broadcasts) plan(rule.to, (ends) => new StreamRoute("broadcast", name, rule, ends));
  for (const { name, rule } of requests) plan(rule.to, (ends) => new RequestRoute(name, rule, ends));
  for (const { name, rule } of topics) plan(rule.to, (ends) => new TopicRoute(name, rule, ends));
  return plans;
}
