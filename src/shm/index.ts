export { FaultCode } from "./fault.js";
export type { Geometry, PartitionOptions, RingPlace } from "./geometry.js";
export { partitionSection } from "./geometry.js";
export { ShmLink } from "./link.js";
export type { ShmNodeEvents, ShmNodeOptions } from "./node.js";
export { openShm, ShmNode } from "./node.js";
export type { WaitStrategy } from "./waiting.js";
