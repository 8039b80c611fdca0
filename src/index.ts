export {
  type Channel,
  type ChannelOptions,
  defineProtocol,
  type Link,
  openChannel,
  type Protocol,
} from "./channel/index.js";
export type { EventMap, TypedEmitter } from "./emitter.js";
export { ErrorCode, IntercellError, type IntercellErrorDetails, isIntercellError } from "./errors.js";
export { openShm, ShmNode, type ShmNodeOptions } from "./shm/index.js";
export type { IvshmemDevice } from "./uio/index.js";
