export type { IvshmemDevice, IvshmemDeviceEvents, StateTable } from "./device.js";
export { MAX_PEERS, MAX_VECTORS } from "./device.js";
export { doorbellValue, Register } from "./registers.js";
export { OutputSection, ReadonlySection } from "./section.js";
