import type * as typedEmitter from "typed-emitter";

/** Maps the name of each event to its listener. */
export type EventMap = typedEmitter.EventMap;

/** An event emitter of `node:events` whose events are those of the map. */
export type TypedEmitter<Events extends EventMap> = typedEmitter.default<Events>;
