import type { Channel, ProtocolDefinition } from "../channel/index.js";
import type { IntercellError } from "../errors.js";
import type { Side } from "./rule.js";

export type RouteKind = "message" | "broadcast" | "request" | "topic";

/**
 * What became of the values of one kind on their way to one side; all u53. `received` is the sum of the others.
 */
export interface RouteStatistics {
  readonly kind: RouteKind;
  readonly name: string;
  /** The side that they go to. */
  readonly to: Side;
  /** Values that came, of a topic: that were published. */
  readonly received: number;
  /** Values that were handed to the link, and requests whose reply went back. */
  readonly forwarded: number;
  /**
   * Values that found the queue full, or were there when the bridge closed; requests that were over the rate; values of a topic
   * that were replaced between two looks.
   */
  readonly dropped: number;
  /** Values that the other link refused, such as for their size; requests that ended without a reply. */
  readonly failed: number;
  /** Values that wait on the bridge, and requests that are under way, at this moment. */
  readonly waiting: number;
}

/** A channel of which no name is known when it is compiled. */
export type AnyChannel = Channel<Required<ProtocolDefinition>>;

/** What a route needs of the bridge. */
export interface RouteEnds {
  readonly from: AnyChannel;
  readonly to: AnyChannel;
  /** The side of {@link to}. */
  readonly side: Side;
  report(error: IntercellError): void;
}

/** Carries values of one kind one way. */
export interface Route {
  readonly statistics: RouteStatistics;
  /** Takes nothing more. Idempotent. */
  close(): void;
}
