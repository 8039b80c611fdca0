export {
  applyBinding,
  BindingMethod,
  type BindingPlan,
  type BindingStep,
  type PlanBindingOptions,
  planBinding,
} from "./binding.js";
export { findMap, type SkippedUio, type UioDescription } from "./description.js";
export type { IvshmemDevice, IvshmemDeviceEvents, StateTable } from "./device.js";
export { MAX_PEERS, MAX_VECTORS } from "./device.js";
export { type DeviceHolder, findHolders, type HolderSearch } from "./holder.js";
export { InterruptEvidence, type UioInterrupt } from "./interrupt.js";
export { listUio, type UioListing } from "./list.js";
export { type OpenUioOptions, openUio } from "./open.js";
export { formatPciAddress, type PciAddress, parsePciAddress } from "./pci-address.js";
export { listIvshmemFunctions, type PciFunction } from "./pci-function.js";
export { doorbellValue, Register } from "./registers.js";
export { OutputSection, ReadonlySection } from "./section.js";
export { describeUio, type UioTarget } from "./select.js";
export type { UioRootOptions } from "./sysfs.js";
export { MapName, type UioMap } from "./uio-map.js";
