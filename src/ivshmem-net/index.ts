export {
  type IvshmemNet,
  type IvshmemNetEvents,
  type IvshmemNetOptions,
  type NetDownReason,
  openIvshmemNet,
} from "./endpoint.js";
export type { FrameBatch } from "./frame-batch.js";
export type { FrameReader, FramesOptions } from "./frame-reader.js";
export { type NetGeometry, netGeometry } from "./geometry.js";
export type { FrameListener } from "./inbox.js";
export type { FrameObserver } from "./observers.js";
export { NET_PROTOCOL } from "./rings.js";
export { NetState, netStateName } from "./state.js";
export type { IvshmemNetStatistics } from "./statistics.js";
