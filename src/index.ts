export type { EventMap, TypedEmitter } from "./emitter.js";
export { ErrorCode, IntercellError, type IntercellErrorDetails, isIntercellError } from "./errors.js";
