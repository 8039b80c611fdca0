import type { Overflow, Protocol, ProtocolDefinition } from "../channel/index.js";
import { requireKnownKeys } from "../errors.js";

/** One of the two links of a bridge. */
export type Side = "left" | "right";

/** Where something goes to. */
export type Direction = Side | "both";

/** How messages or broadcasts of one kind cross the bridge. */
export interface StreamRule {
  /** The side that gets them; `"both"` for either way. */
  readonly to: Direction;
  /**
   * Most that pass in a second, each at least its part of the second after the one before: more than 0.
   * @defaultValue no limit
   */
  readonly maxPerSecond?: number | undefined;
  /** Values that may wait on the bridge, 1 to 2^20. With 1 and `drop-oldest` the latest wins. @defaultValue 256 */
  readonly queue?: number | undefined;
  /**
   * What happens to a value that finds the queue full; `wait` makes the whole link it came by wait, and in the end its sender.
   * @defaultValue `"wait"`; `"drop-oldest"` for a broadcast, which cannot wait
   */
  readonly overflow?: Overflow | undefined;
}

/** How requests of one kind cross the bridge, and their replies come back. */
export interface RequestRule {
  /** The side that answers; `"both"` for either way. */
  readonly to: Direction;
  /** Most that pass in a second; what is too much is answered with an error. @defaultValue no limit */
  readonly maxPerSecond?: number | undefined;
  /** How long the answering side may take, in milliseconds. @defaultValue 4000: less than a requester waits by default */
  readonly timeoutMs?: number | undefined;
}

/** How the value of a topic crosses the bridge. */
export interface TopicRule {
  /** The side that gets it; `"both"` for either way. */
  readonly to: Direction;
  /** How often it is looked at, in milliseconds, 1 to 3,600,000. @defaultValue 100 */
  readonly everyMs?: number | undefined;
}

type Names<D, K extends keyof ProtocolDefinition> = D extends { readonly [P in K]: infer E } ? keyof E & string : never;

/** What crosses a bridge: only what has a rule. */
export interface BridgeRules<D extends ProtocolDefinition = ProtocolDefinition> {
  readonly messages?: { readonly [N in Names<D, "messages">]?: StreamRule } | undefined;
  readonly broadcasts?: { readonly [N in Names<D, "broadcasts">]?: StreamRule } | undefined;
  readonly requests?: { readonly [N in Names<D, "requests">]?: RequestRule } | undefined;
  readonly topics?: { readonly [N in Names<D, "topics">]?: TopicRule } | undefined;
}

/** The parts of {@link BridgeRules}. */
export const ruleParts = ["messages", "broadcasts", "requests", "topics"] as const;
export type RulePart = (typeof ruleParts)[number];

/** The keys of a rule of each part. */
export const ruleKeys: Readonly<Record<RulePart, readonly string[]>> = {
  messages: ["to", "maxPerSecond", "queue", "overflow"],
  broadcasts: ["to", "maxPerSecond", "queue", "overflow"],
  requests: ["to", "maxPerSecond", "timeoutMs"],
  topics: ["to", "everyMs"],
};

const MAX_EVERY_MS = 3_600_000;
const MAX_TIMEOUT_MS = 0x7fff_ffff;
const MAX_QUEUE = 2 ** 20;

/** The rules of one part, checked, in the order of the protocol. */
export type CheckedRules<R> = readonly { readonly name: string; readonly rule: R }[];

/**
 * @throws TypeError for what is no rule, or a name that the protocol does not have; RangeError for a number out of range.
 */
function checkRules<R extends object>(protocol: Protocol, part: RulePart, rules: unknown): CheckedRules<R> {
  if (rules === undefined) return [];
  if (typeof rules !== "object" || rules === null)
    throw new TypeError(`${part} of a bridge must be an object of rules`);
  const entries: readonly { readonly name: string }[] = protocol[part];
  const names = entries.map(({ name }) => name);
  const given = Object.entries(rules).filter(([, rule]) => rule !== undefined);
  for (const [name, rule] of given) {
    if (!names.includes(name)) {
      const known = names.length === 0 ? "it has none" : `they are ${names.join(", ")}`;
      throw new TypeError(
        `There is no ${JSON.stringify(name)} among the ${part} of protocol ${protocol.name}: ${known}`,
      );
    }
    checkRule(part, `the rule for ${part}.${name}`, rule);
  }
  return names.flatMap((name) => given.filter(([key]) => key === name).map(([, rule]) => ({ name, rule: rule as R })));
}

/** All rules of a bridge, checked. */
export interface CheckedBridgeRules {
  readonly messages: CheckedRules<StreamRule>;
  readonly broadcasts: CheckedRules<StreamRule>;
  readonly requests: CheckedRules<RequestRule>;
  readonly topics: CheckedRules<TopicRule>;
}

/** @throws TypeError or RangeError if a rule is wrong or there is none. */
export function checkBridgeRules(protocol: Protocol, rules: BridgeRules): CheckedBridgeRules {
  const checked = {
    messages: checkRules<StreamRule>(protocol, "messages", rules.messages),
    broadcasts: checkRules<StreamRule>(protocol, "broadcasts", rules.broadcasts),
    requests: checkRules<RequestRule>(protocol, "requests", rules.requests),
    topics: checkRules<TopicRule>(protocol, "topics", rules.topics),
  };
  if (ruleParts.some((part) => checked[part].length > 0)) return checked;
  const advice = "name what is to cross it in messages, broadcasts, requests or topics";
  throw new TypeError(`A bridge of protocol ${protocol.name} without a rule carries nothing: ${advice}`);
}

function checkRule(part: RulePart, what: string, rule: unknown): void {
  if (typeof rule !== "object" || rule === null) throw new TypeError(`${capitalised(what)} must be an object`);
  requireKnownKeys(what, rule, ruleKeys[part]);
  const { to, maxPerSecond, queue, overflow, timeoutMs, everyMs } = rule as Record<string, unknown>;
  if (to !== "left" && to !== "right" && to !== "both") {
    throw new TypeError(`to of ${what} must be "left", "right" or "both", not ${JSON.stringify(to)}`);
  }
  if (maxPerSecond !== undefined && !(typeof maxPerSecond === "number" && maxPerSecond > 0)) {
    throw new RangeError(`maxPerSecond of ${what} must be a number above 0, not ${JSON.stringify(maxPerSecond)}`);
  }
  requireWhole(`queue of ${what}`, queue, MAX_QUEUE);
  requireWhole(`timeoutMs of ${what}`, timeoutMs, MAX_TIMEOUT_MS);
  requireWhole(`everyMs of ${what}`, everyMs, MAX_EVERY_MS);
  const overflows = part === "broadcasts" ? ["drop-oldest", "drop-newest"] : ["wait", "drop-oldest", "drop-newest"];
  if (overflow !== undefined && !overflows.includes(overflow as string)) {
    throw new TypeError(`overflow of ${what} must be one of ${overflows.join(", ")}, not ${JSON.stringify(overflow)}`);
  }
}

function requireWhole(what: string, value: unknown, most: number): void {
  if (value === undefined) return;
  if (typeof value === "number" && Number.isInteger(value) && value >= 1 && value <= most) return;
  throw new RangeError(`${what} must be an integer from 1 to ${most}, not ${JSON.stringify(value)}`);
}

function capitalised(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
