export { Bridge, type BridgeEvents, type BridgeOptions, type BridgeStatistics, createBridge } from "./bridge.js";
export type { RouteKind, RouteStatistics } from "./route.js";
export type { BridgeRules, Direction, RequestRule, Side, StreamRule, TopicRule } from "./rule.js";
